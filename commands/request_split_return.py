"""Request what a refund needs back of the shares of its order. Asked by: finance, before the refund is paid."""

from commands.fields import Fen
from commands.splitting import SplitState, record_split, the_split
from commands.use_case import Command, Lane, Tx, UseCase
from domain import split_plans as plans
from domain.ids import OrderId, RefundId, split_id
from domain.money import Money
from domain.split import SPLIT


class RequestSplitReturn(Command, frozen=True):
    """Each receiver bears its part of the refund. Asking again for the same refund changes nothing."""

    order_id: OrderId
    refund_id: RefundId
    amount_fen: Fen  # of the whole refund


def handle(cmd: RequestSplitReturn, tx: Tx) -> SplitState:
    id = split_id(cmd.order_id)
    split = tx.read(SPLIT, id)
    back = plans.ask_back(split, refund_id=cmd.refund_id, amount=Money(cmd.amount_fen), at=tx.at)
    return record_split(tx, id, split, back)


USE_CASE = UseCase(
    "request_split_return",
    RequestSplitReturn,
    SplitState,
    handle,
    scope="split:request",
    streams=lambda cmd, tx: the_split(split_id(cmd.order_id)),
    lane=Lane.MONEY,
)
