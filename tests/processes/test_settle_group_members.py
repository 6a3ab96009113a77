"""Each member of a decided group is asked for until a fact shows that its order followed."""

import msgspec

from commands.processes.settle_group_members import READY_MEMBERS, REFUND_MEMBERS
from commands.processes.todo import Done, Open, Point, Wait
from commands.ready_order import ReadyOrder
from domain.events.group import GroupFailed, GroupSucceeded
from domain.events.order import OrderReadied, RefundOwed
from domain.ids import PaymentId, RefundId
from domain.money import Money
from tests.builders import NOON, SUMMER, G, order
from tests.processes.tools import FakeTools

SUCCEEDED = GroupSucceeded(G, SUMMER, (order(1), order(2)), NOON)
FAILED = GroupFailed(G, SUMMER, (order(1), order(2)), "deadline", NOON)
OWED = RefundOwed(
    order_id=order(1),
    refund_id=RefundId(order(8)),
    payment_id=PaymentId(order(9)),
    transaction_id="4200",
    amount=Money(800),
    why="group_failed",
    ends=True,
    held_as="escrow",
    at=NOON,
)


def test_a_success_opens_a_point_for_every_member() -> None:
    assert READY_MEMBERS.changes(SUCCEEDED) == [Open(order(1), G), Open(order(2), G)]


def test_a_readied_or_refunded_order_is_settled() -> None:
    assert READY_MEMBERS.changes(OrderReadied(order(1), Money(990), NOON)) == [Done(order(1))]
    assert READY_MEMBERS.changes(OWED) == [Done(order(1))]


def test_a_failure_opens_a_debt_for_every_paid_member_until_it_is_owed() -> None:
    assert REFUND_MEMBERS.changes(FAILED) == [Open(order(1), G), Open(order(2), G)]
    assert REFUND_MEMBERS.changes(OWED) == [Done(order(1))]


async def test_the_worker_asks_for_the_member_of_its_group() -> None:
    tools = FakeTools()
    point = Point("ready_members", "demo", order(1), G, 0)
    assert await READY_MEMBERS.work(point, tools) is None
    assert tools.asked == [ReadyOrder(order(1), G)]


async def test_a_refusal_is_not_the_end() -> None:
    tools = FakeTools(outcome="group_not_decided")
    point = Point("refund_members", "demo", order(1), G, 0)
    assert await REFUND_MEMBERS.work(point, tools) == Wait("group_not_decided")


def test_a_second_payment_owed_back_settles_nothing() -> None:
    """The order goes on: its own outcome is still owed, whichever of the two facts comes first."""
    twice = msgspec.structs.replace(OWED, why="paid_twice", ends=False)
    assert READY_MEMBERS.changes(twice) == []
    assert REFUND_MEMBERS.changes(twice) == []
