"""Decide a group at its deadline, or ten minutes later at most. Issued by: its timer."""

from commands.settle import record_group
from commands.timers import ExpireGroup
from commands.use_case import Lane, Reply, Stream, Tx, UseCase
from domain import group as groups
from domain.events.group import GroupFailed
from domain.group import GROUP
from domain.ids import GroupId


class ExpiredGroup(Reply, frozen=True):
    """How many paid orders get their money back now."""

    group_id: GroupId
    refunds: int


def handle(cmd: ExpireGroup, tx: Tx) -> ExpiredGroup:
    group = tx.read(GROUP, cmd.group_id)
    events = groups.expire(group, at=tx.at)
    record_group(tx, group, events)
    if not events:
        rearm(cmd, tx, group)
    refunds = sum(len(event.orders) for event in events if isinstance(event, GroupFailed))
    return ExpiredGroup(cmd.group_id, refunds)


def rearm(cmd: ExpireGroup, tx: Tx, group: groups.Group) -> None:
    """Early: ask again when there is something to decide. Moot: never again."""
    due_at = groups.next_look(group, tx.at)
    if due_at is not None:
        tx.set_timer(due_at, cmd, of=cmd.group_id)
    else:
        tx.drop_timer(ExpireGroup, of=cmd.group_id)


USE_CASE = UseCase(
    "expire_group",
    ExpireGroup,
    ExpiredGroup,
    handle,
    scope="",
    streams=lambda cmd, tx: (Stream(GROUP, cmd.group_id),),
    lane=Lane.TIMER,
)
