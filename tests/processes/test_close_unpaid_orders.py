"""Only the channel's word closes an order that it may still be paid for: query, close, query again."""

from commands.close_order import CloseOrder
from commands.ports import ChannelInDoubt, ChannelPayment, ChannelRefused
from commands.processes.close_unpaid_orders import CLOSE_UNPAID_ORDERS, FIRST_LOOK
from commands.processes.todo import Done, Open, Point, Wait
from commands.record_capture import RecordCapture
from domain.events.order import OrderClosed, OrderClosing, OrderLatePaid, OrderPaid
from domain.ids import PaymentId
from domain.money import Money
from tests.builders import NOON, order
from tests.processes.tools import FakeTools, ScriptedChannel

PAYMENT = PaymentId(order(9))
NOT_PAID = ChannelPayment(PAYMENT.hex, "not_paid")
CLOSED = ChannelPayment(PAYMENT.hex, "closed")
UNHEARD = ChannelPayment(PAYMENT.hex, "not_found")
PAID = ChannelPayment(PAYMENT.hex, "paid", "4200", Money(800), NOON)
CLOSE = CloseOrder(order(1), PAYMENT)
CAPTURE = RecordCapture(PAYMENT, "4200", 800, NOON)


def point(tries: int = 0) -> Point:
    return Point("close_unpaid_orders", "demo", order(1), PAYMENT, tries)


async def outcome(channel: ScriptedChannel, tries: int = 0) -> tuple[object, list[object]]:
    tools = FakeTools(channel)
    return await CLOSE_UNPAID_ORDERS.work(point(tries), tools), list(tools.asked)


def test_a_closing_order_opens_a_point_and_any_outcome_settles_it() -> None:
    closing = OrderClosing(order(1), PAYMENT, "deadline", NOON)
    assert CLOSE_UNPAID_ORDERS.changes(closing) == [Open(order(1), PAYMENT, FIRST_LOOK)]
    for fact in (
        OrderClosed(order(1), "deadline", NOON),
        OrderPaid(order(1), PAYMENT, "4200", Money(800), NOON, NOON),
        OrderLatePaid(order(1), PAYMENT, "4200", Money(800), "order_closed", NOON, NOON),
    ):
        assert CLOSE_UNPAID_ORDERS.changes(fact) == [Done(order(1))]


async def test_an_unpaid_payment_is_closed_and_asked_about_again_before_the_order_closes() -> None:
    channel = ScriptedChannel(NOT_PAID, CLOSED)
    assert await outcome(channel) == (None, [CLOSE])
    assert channel.calls == ["query", "close", "query"]


async def test_a_paid_payment_is_recorded_and_never_closed() -> None:
    channel = ScriptedChannel(PAID)
    assert await outcome(channel) == (None, [CAPTURE])
    assert channel.calls == ["query"]


async def test_money_that_arrives_between_query_and_close_is_recorded() -> None:
    channel = ScriptedChannel(NOT_PAID, PAID)
    assert await outcome(channel) == (None, [CAPTURE])


async def test_a_close_that_the_channel_refuses_because_it_was_paid_changes_nothing_yet() -> None:
    channel = ScriptedChannel(NOT_PAID, closing=ChannelRefused("ORDERPAID", "paid"))
    wait, asked = await outcome(channel)
    assert (type(wait), asked) == (Wait, [])


async def test_a_channel_in_doubt_closes_nothing() -> None:
    for channel in (
        ScriptedChannel(ChannelInDoubt("timeout")),
        ScriptedChannel(NOT_PAID, closing=ChannelInDoubt("timeout")),
        ScriptedChannel(NOT_PAID, ChannelInDoubt("timeout")),
        ScriptedChannel(NOT_PAID, NOT_PAID),
    ):
        wait, asked = await outcome(channel)
        assert (type(wait), asked) == (Wait, [])


async def test_never_heard_of_is_believed_only_when_repeated_and_then_shut() -> None:
    for tries in (0, 1):
        wait, asked = await outcome(ScriptedChannel(UNHEARD), tries)
        assert (type(wait), asked) == (Wait, [])
    channel = ScriptedChannel(UNHEARD, UNHEARD)
    assert await outcome(channel, tries=2) == (None, [CLOSE])
    assert channel.calls == ["query", "close", "query"]


async def test_a_tenant_without_a_channel_waits() -> None:
    wait = await CLOSE_UNPAID_ORDERS.work(point(), FakeTools(None))
    assert isinstance(wait, Wait)
