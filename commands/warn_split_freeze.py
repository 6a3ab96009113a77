"""Warn that frozen money is about to unfreeze unshared. Asked by: the engine's timer."""

from commands.splitting import SplitState, record_split, the_split
from commands.use_case import Command, Lane, Tx, UseCase
from domain import split_plans as plans
from domain.ids import SplitId
from domain.split import SPLIT


class WarnSplitFreeze(Command, frozen=True):
    """Four fifths of the freeze are over."""

    split_id: SplitId


def handle(cmd: WarnSplitFreeze, tx: Tx) -> SplitState:
    split = tx.read(SPLIT, cmd.split_id)
    tx.drop_timer(WarnSplitFreeze, of=cmd.split_id)
    return record_split(tx, cmd.split_id, split, plans.warn(split, at=tx.at))


USE_CASE = UseCase(
    "warn_split_freeze",
    WarnSplitFreeze,
    SplitState,
    handle,
    scope="",
    streams=lambda cmd, tx: the_split(cmd.split_id),
    lane=Lane.TIMER,
)
