"""Owe back the payment of an order whose group failed. Asked by: the process that follows group outcomes."""

from collections.abc import Iterator

from commands.refunding import begin_refunds
from commands.replies import OrderState, order_state
from commands.settle import order_of_group, return_quota
from commands.use_case import Command, Lane, Stream, Tx, UseCase
from domain import debts
from domain.display import GroupStatus
from domain.group import GROUP
from domain.ids import GroupId, OrderId
from domain.order import ORDER
from domain.payment import PAYMENT


class OweRefund(Command, frozen=True):
    """The group failed, so this order's buyer gets the money back. Repeat it freely: it is one debt."""

    order_id: OrderId
    group_id: GroupId


def handle(cmd: OweRefund, tx: Tx) -> OrderState:
    order = order_of_group(tx, cmd.order_id, cmd.group_id, GroupStatus.FAILED)
    owed = debts.owe(order, why="group_failed", at=tx.at)
    if owed and order.payment_id is not None:
        return_quota(tx, order)
        begin_refunds(tx, order, tx.read(PAYMENT, order.payment_id), owed)
    tx.append(ORDER, cmd.order_id, owed)
    return order_state(order, owed)


def streams(cmd: OweRefund, tx: Tx) -> Iterator[Stream]:
    """The order and its group, and the payment that is to go back."""
    yield Stream(ORDER, cmd.order_id)
    yield Stream(GROUP, cmd.group_id)
    order = tx.read(ORDER, cmd.order_id)
    if order.payment_id is not None:
        yield Stream(PAYMENT, order.payment_id)


USE_CASE = UseCase(
    "owe_refund",
    OweRefund,
    OrderState,
    handle,
    scope="process:act",
    streams=streams,
    lane=Lane.MONEY,
)
