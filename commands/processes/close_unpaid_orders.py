"""An order that ran out of time with a payment at the channel: only the channel's word closes it.

Query, close, query again; seat, stock and quota stay held until the answer is *closed* or *paid*.
"""

from collections.abc import Sequence
from datetime import timedelta
from typing import TypeAlias, assert_never

from commands.close_order import CloseOrder
from commands.ports import ChannelInDoubt, ChannelPayment, ChannelRefused, PaymentChannel
from commands.processes.todo import Change, Done, Open, Point, Process, Tools, Wait, settled_or_wait
from commands.record_capture import RecordCapture
from domain.events.order import OrderClosed, OrderClosing, OrderLatePaid, OrderPaid
from domain.ids import OrderId, PaymentId
from domain.payment import out_trade_no

Interest: TypeAlias = OrderClosing | OrderClosed | OrderPaid | OrderLatePaid

UNSEEN_TRIES = (
    2  # "never heard of it" is believed the second time: the announcement may still be under way
)
FIRST_LOOK = timedelta(seconds=1)  # a payment made at the last moment is usually notified by then


def changes(event: Interest) -> Sequence[Change]:
    match event:
        case OrderClosing():
            return [Open(event.order_id, event.payment_id, FIRST_LOOK)]
        case OrderClosed() | OrderPaid() | OrderLatePaid():
            return [Done(event.order_id)]
        case _:
            assert_never(event)


async def work(point: Point, tools: Tools) -> Wait | None:
    channel = tools.channel(point.tenant)
    if channel is None:
        return Wait("no payment channel is set up for this tenant")
    number = out_trade_no(PaymentId(point.detail))
    try:
        seen = await _final_word(channel, number, point.tries)
    except (ChannelInDoubt, ChannelRefused) as unclear:
        return Wait(f"{type(unclear).__name__}: {unclear}")
    if seen is None:
        return Wait("the channel has not heard of the payment yet")
    return settled_or_wait(await tools.ask(point, _verdict(point, seen)))


async def _final_word(channel: PaymentChannel, number: str, tries: int) -> ChannelPayment | None:
    """Paid or closed, as the channel says; None while it may still be either."""
    seen = await channel.query(number)
    if seen.state == "not_found" and tries < UNSEEN_TRIES:
        return None
    if seen.state in ("not_paid", "not_found"):
        await channel.close(number)  # a late announcement of this number is refused from now on
        again = await channel.query(number)
        if again.state == "not_found":
            return again._replace(state="closed")
        return again if again.state != "not_paid" else None
    return seen


def _verdict(point: Point, seen: ChannelPayment) -> CloseOrder | RecordCapture:
    payment_id = PaymentId(point.detail)
    if seen.state == "closed":
        return CloseOrder(OrderId(point.subject), payment_id)
    assert seen.amount is not None
    assert seen.paid_at is not None
    return RecordCapture(payment_id, seen.transaction_id, seen.amount.fen, seen.paid_at)


CLOSE_UNPAID_ORDERS = Process("close_unpaid_orders", Interest, changes, work)
