"""When a group is decided, each paid member's order follows: readied for fulfilment, or its money owed back.

The group decides in one event, whatever its size; its members follow one by one, each in a commit of its
own, so one order that cannot follow holds up no other.
"""

from collections.abc import Sequence
from typing import TypeAlias, assert_never

from commands.owe_refund import OweRefund
from commands.processes.todo import Change, Done, Open, Point, Process, Tools, Wait, settled_or_wait
from commands.ready_order import ReadyOrder
from domain.events.group import GroupFailed, GroupSucceeded
from domain.events.order import OrderReadied, RefundOwed
from domain.ids import GroupId, OrderId

ReadyInterest: TypeAlias = GroupSucceeded | OrderReadied | RefundOwed
FailInterest: TypeAlias = GroupFailed | RefundOwed


def to_ready(event: ReadyInterest) -> Sequence[Change]:
    match event:
        case GroupSucceeded():
            return [Open(order, event.group_id) for order in event.orders]
        case OrderReadied():
            return [Done(event.order_id)]
        case RefundOwed():
            return settled_by(event)
        case _:
            assert_never(event)


def to_refund(event: FailInterest) -> Sequence[Change]:
    match event:
        case GroupFailed():
            return [Open(order, event.group_id) for order in event.orders]
        case RefundOwed():
            return settled_by(event)
        case _:
            assert_never(event)


def settled_by(debt: RefundOwed) -> Sequence[Change]:
    """A debt beside the order, which goes on, settles nothing."""
    return [Done(debt.order_id)] if debt.ends else []


async def ready(point: Point, tools: Tools) -> Wait | None:
    command = ReadyOrder(OrderId(point.subject), GroupId(point.detail))
    return settled_or_wait(await tools.ask(point, command))


async def refund(point: Point, tools: Tools) -> Wait | None:
    command = OweRefund(OrderId(point.subject), GroupId(point.detail))
    return settled_or_wait(await tools.ask(point, command))


READY_MEMBERS = Process("ready_members", ReadyInterest, to_ready, ready)
REFUND_MEMBERS = Process("refund_members", FailInterest, to_refund, refund)
