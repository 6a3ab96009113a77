"""Adding up one batch of sales: which event counts where, and how much. The tables are in `sales_dashboard.py`."""

from datetime import datetime
from typing import Final, TypeAlias, assert_never
from uuid import UUID

import msgspec

from domain.events.group import GroupFailed, GroupSucceeded
from domain.events.order import OrderClosed, OrderPaid, OrderPlaced, RefundOwed
from projections.recorded import Recorded

NEVER_COUNTED: Final = ("late_payment", "paid_twice")  # owed back, but not out of paid GMV

OrderFact: TypeAlias = OrderPlaced | OrderPaid | OrderClosed | RefundOwed
GroupFact: TypeAlias = GroupSucceeded | GroupFailed


class Order(msgspec.Struct):
    """The columns, in order."""

    order_id: UUID
    tenant: str
    campaign_id: UUID | None = None
    province: str | None = None
    amount_fen: int | None = None
    formed_at: datetime | None = None
    formed_position: int = 0


class Minute(msgspec.Struct):
    """What happened in one minute to one campaign in one province. The columns, in order."""

    tenant: str
    minute: datetime
    campaign_id: UUID
    province: str
    placed_fen: int = 0
    paid_fen: int = 0
    formed_fen: int = 0
    owed_fen: int = 0
    orders_placed: int = 0
    orders_paid: int = 0
    orders_closed: int = 0
    position: int = 0


class Groups(msgspec.Struct):
    """How many groups were decided in one minute. The columns, in order."""

    tenant: str
    minute: datetime
    campaign_id: UUID
    succeeded: int = 0
    failed: int = 0
    position: int = 0


class Book:
    """What one batch adds, and the orders it meets."""

    def __init__(self, orders: dict[UUID, Order]) -> None:
        self.orders = orders
        self.changed: dict[UUID, Order] = {}
        self.minutes: dict[tuple[str, datetime, UUID, str], Minute] = {}
        self.groups: dict[tuple[str, datetime, UUID], Groups] = {}

    def minute(self, order: Order, at: datetime, position: int) -> Minute:
        """The row that counts for this order at this time."""
        assert order.campaign_id is not None
        assert order.province is not None
        minute = at.replace(second=0, microsecond=0)
        key = order.tenant, minute, order.campaign_id, order.province
        row = self.minutes.setdefault(key, Minute(*key))
        row.position = max(row.position, position)
        return row

    def add_order(self, one: Recorded, event: OrderFact) -> None:
        order = self.orders.setdefault(one.stream, Order(one.stream, one.tenant))
        match event:
            case OrderPlaced():
                order.campaign_id, order.province = event.campaign_id, event.province
                order.amount_fen = event.amount.fen
                self.changed[order.order_id] = order
                row = self.minute(order, event.at, one.position)
                row.placed_fen += event.amount.fen
                row.orders_placed += 1
                self.form(order)
            case OrderPaid():
                row = self.minute(order, event.paid_at, one.position)
                row.paid_fen += event.amount.fen
                row.orders_paid += 1
            case OrderClosed():
                self.minute(order, event.at, one.position).orders_closed += 1
            case RefundOwed():
                if event.why not in NEVER_COUNTED:
                    self.minute(order, event.at, one.position).owed_fen += event.amount.fen
            case _:
                assert_never(event)

    def form(self, order: Order) -> None:
        """Count the order as formed once both halves are known: what it costs, and when it was."""
        if order.amount_fen is not None and order.formed_at is not None:
            row = self.minute(order, order.formed_at, order.formed_position)
            row.formed_fen += order.amount_fen

    def add_group(self, one: Recorded, event: GroupFact) -> None:
        key = one.tenant, event.at.replace(second=0, microsecond=0), event.campaign_id
        row = self.groups.setdefault(key, Groups(*key))
        row.position = max(row.position, one.position)
        match event:
            case GroupSucceeded():
                row.succeeded += 1
                for order_id in event.orders:
                    order = self.orders.setdefault(order_id, Order(order_id, one.tenant))
                    order.formed_at, order.formed_position = event.at, one.position
                    self.changed[order_id] = order
                    self.form(order)
            case GroupFailed():
                row.failed += 1
            case _:
                assert_never(event)
