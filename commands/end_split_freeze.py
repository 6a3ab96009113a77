"""Take note that money unfroze by itself. Asked by: the engine's timer."""

from datetime import timedelta

from commands.splitting import SplitState, record_split, the_split
from commands.use_case import Command, Lane, Tx, UseCase
from domain import split_plans as plans
from domain.ids import SplitId
from domain.split import SPLIT

LOOK_AGAIN = timedelta(hours=1)  # while a call of ours is under way over the end of the freeze


class EndSplitFreeze(Command, frozen=True):
    """The freeze is over."""

    split_id: SplitId


def handle(cmd: EndSplitFreeze, tx: Tx) -> SplitState:
    split = tx.read(SPLIT, cmd.split_id)
    state = record_split(tx, cmd.split_id, split, plans.end_freeze(split, at=tx.at))
    if split.version == 0 or state.frozen_fen == 0:
        tx.drop_timer(EndSplitFreeze, of=cmd.split_id)
    else:
        tx.set_timer(tx.at + LOOK_AGAIN, cmd, of=cmd.split_id)
    return state


USE_CASE = UseCase(
    "end_split_freeze",
    EndSplitFreeze,
    SplitState,
    handle,
    scope="",
    streams=lambda cmd, tx: the_split(cmd.split_id),
    lane=Lane.TIMER,
)
