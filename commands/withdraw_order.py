"""Withdraw a paid order from an open group: the money is owed back. Asked by: its buyer."""

from collections.abc import Iterator

from commands.refunding import begin_refunds
from commands.replies import OrderState, order_state
from commands.settle import own_order, record_group, return_quota, whole_order
from commands.use_case import Command, Lane, Stream, Tx, UseCase
from domain import debts
from domain import group as groups
from domain.group import GROUP
from domain.ids import OrderId
from domain.order import ORDER
from domain.payment import PAYMENT


class WithdrawOrder(Command, frozen=True):
    """Leave a group while it is still open; leadership passes to the earliest paid member."""

    order_id: OrderId


def handle(cmd: WithdrawOrder, tx: Tx) -> OrderState:
    order = own_order(tx, cmd.order_id)
    owed = debts.withdraw(order, at=tx.at)
    if not owed or order.group_id is None or order.payment_id is None:
        return order_state(order)
    group = tx.read(GROUP, order.group_id)
    left = groups.withdraw(group, order_id=order.id, at=tx.at)
    return_quota(tx, order)
    record_group(tx, group, left)
    begin_refunds(tx, order, tx.read(PAYMENT, order.payment_id), owed)
    tx.append(ORDER, order.id, owed)
    return order_state(order, owed)


def streams(cmd: WithdrawOrder, tx: Tx) -> Iterator[Stream]:
    """The whole order, and the payment that is to go back."""
    yield from whole_order(tx, cmd.order_id)
    order = tx.read(ORDER, cmd.order_id)
    if order.payment_id is not None:
        yield Stream(PAYMENT, order.payment_id)


USE_CASE = UseCase(
    "withdraw_order",
    WithdrawOrder,
    OrderState,
    handle,
    scope="shop",
    streams=streams,
    lane=Lane.MONEY,
)
