"""Retry a split that people looked after. Asked by: finance, once what was wrong is mended."""

from commands.splitting import SplitState, known_split, record_split, the_split
from commands.use_case import Command, Lane, Tx, UseCase
from domain import split_calls as calls
from domain.ids import OrderId, split_id


class RetrySplit(Command, frozen=True):
    """The same number again: it can never move money twice, so that one person may ask for it."""

    order_id: OrderId


def handle(cmd: RetrySplit, tx: Tx) -> SplitState:
    split = known_split(tx, split_id(cmd.order_id))
    return record_split(tx, split.id, split, calls.retry(split, at=tx.at))


USE_CASE = UseCase(
    "retry_split",
    RetrySplit,
    SplitState,
    handle,
    scope="split:request",
    streams=lambda cmd, tx: the_split(split_id(cmd.order_id)),
    lane=Lane.MONEY,
)
