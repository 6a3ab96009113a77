"""How full is every group, and how long has it got? One row per group; shoppers see those that are open."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, LiteralString, TypeAlias, assert_never
from uuid import UUID

import msgspec

from domain.display import GroupStatus
from domain.events.group import (
    GroupDeciding,
    GroupEvent,
    GroupFailed,
    GroupOpened,
    GroupStarted,
    GroupSucceeded,
    GroupVoided,
    LeadershipPassed,
    SeatFilled,
    SeatHeld,
    SeatReleased,
)
from projections.recorded import Projection, Recorded, Tx, load, save

NAME: Final = "group_board_v1"

TABLE: LiteralString = """
create table group_board_v1 (
  group_id         uuid        primary key,
  tenant           text        not null,
  campaign_id      uuid        not null,
  sku_id           uuid        not null,
  leader           uuid        not null,
  status           text        not null,           -- domain.display.GroupStatus
  seats            integer     not null,           -- paid members that make it succeed
  held             integer     not null,           -- by orders that are not paid yet
  filled           integer     not null,           -- paid
  group_price_fen  bigint      not null,           -- per unit
  single_price_fen bigint      not null,
  opened_at        timestamptz not null,
  closes_at        timestamptz,                    -- set when the leader has paid
  decided_at       timestamptz,
  failure          text,                           -- deadline, withdrawn
  position         bigint      not null
) with (fillfactor = 80);
create index on group_board_v1 (tenant, status, closes_at, group_id);
create index on group_board_v1 (tenant, campaign_id, status, closes_at, group_id);
select read.tenants_apart('group_board_v1')"""

LOAD: LiteralString = "select * from group_board_v1 where group_id = any(%s)"
SAVE: LiteralString = """
insert into group_board_v1
select * from json_populate_recordset(null::group_board_v1, %s::json)
on conflict (group_id) do update set
  leader = excluded.leader, status = excluded.status, held = excluded.held, filled = excluded.filled,
  closes_at = excluded.closes_at, decided_at = excluded.decided_at, failure = excluded.failure,
  position = excluded.position"""

Interest: TypeAlias = GroupEvent


class Group(msgspec.Struct):
    """The columns, in order."""

    group_id: UUID
    tenant: str
    campaign_id: UUID
    sku_id: UUID
    leader: UUID
    status: str
    seats: int
    held: int
    filled: int
    group_price_fen: int
    single_price_fen: int
    opened_at: datetime
    closes_at: datetime | None = None
    decided_at: datetime | None = None
    failure: str | None = None
    position: int = 0


async def project(batch: Sequence[Recorded], tx: Tx) -> None:
    """Load the groups these events are about, fold, write them back."""
    fresh = {one.stream for one in batch if isinstance(one.event, GroupOpened)}
    groups = await load(tx, LOAD, Group, {one.stream for one in batch} - fresh)
    for one in batch:
        if isinstance(one.event, GroupOpened):
            groups[one.stream] = opened(one.event, one.tenant)
        fold(groups[one.stream], one.event)
        groups[one.stream].position = one.position
    await save(tx, SAVE, groups.values())


def opened(event: GroupOpened, tenant: str) -> Group:
    return Group(
        group_id=event.group_id,
        tenant=tenant,
        campaign_id=event.campaign_id,
        sku_id=event.sku_id,
        leader=event.leader,
        status=GroupStatus.PENDING_LEADER,
        seats=event.terms.seats,
        held=1,  # the leader's
        filled=0,
        group_price_fen=event.terms.group_price.fen,
        single_price_fen=event.terms.single_price.fen,
        opened_at=event.at,
    )


def fold(group: Group, event: GroupEvent) -> None:
    match event:
        case SeatHeld():
            group.held += 1
        case SeatFilled():
            group.held -= 1
            group.filled += 1
        case SeatReleased():
            if event.why == "withdrawn":  # only a paid member withdraws
                group.filled -= 1
            else:
                group.held -= 1
        case GroupOpened():
            pass  # made by `opened`
        case GroupStarted():
            group.status, group.closes_at = GroupStatus.OPEN, event.closes_at
        case GroupSucceeded():
            group.status, group.decided_at = GroupStatus.SUCCEEDED, event.at
        case GroupFailed():
            group.status, group.decided_at = GroupStatus.FAILED, event.at
            group.failure = event.why
        case GroupDeciding():
            group.status = GroupStatus.DECIDING
        case LeadershipPassed():
            group.leader = event.leader
        case GroupVoided():
            group.status, group.decided_at = GroupStatus.VOID, event.at
        case _:
            assert_never(event)


PROJECTION = Projection(NAME, ("group_board_v1",), TABLE, Interest, project, parks=True)
