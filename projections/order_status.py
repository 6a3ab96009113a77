"""Where is my order, what does it cost, and what is owed back? One row per order.

Rows follow the order's own stream; that its group succeeded stands in the group's row, read with it as GROUPED.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, LiteralString, TypeAlias, assert_never
from uuid import UUID

import msgspec

from domain.display import OrderStatus
from domain.events.order import (
    OrderClosed,
    OrderClosing,
    OrderEvent,
    OrderLatePaid,
    OrderPaid,
    OrderPaymentStarted,
    OrderPlaced,
    OrderReadied,
    OrderRefunded,
    OrderRefundEscalated,
    RefundOwed,
)
from projections.recorded import Projection, Recorded, Tx, load, save

NAME: Final = "order_status_v2"

TABLE: LiteralString = """
create table order_status_v2 (
  order_id        uuid        primary key,
  tenant          text        not null,
  kind            text        not null,            -- leader, member, single
  buyer           uuid        not null,
  campaign_id     uuid        not null,
  sku_id          uuid        not null,
  group_id        uuid,
  fulfilment      text        not null,            -- physical, voucher
  quantity        integer     not null,
  unit_price_fen  bigint      not null,
  amount_fen      bigint      not null,            -- to pay
  province        text        not null,
  placed_at       timestamptz not null,
  pay_deadline    timestamptz not null,
  status          text        not null,            -- domain.display.OrderStatus
  payment_id      uuid,
  paid_fen        bigint      not null,            -- bought the order
  paid_at         timestamptz,                     -- by the channel's clock
  late_fen        bigint      not null,            -- arrived and could not buy it
  refund_owed_fen bigint      not null,
  refunded_fen    bigint      not null,            -- has arrived with the buyer
  refund_reason   text,                            -- the latest
  close_reason    text,
  position        bigint      not null
) with (fillfactor = 80);
create index on order_status_v2 (tenant, placed_at desc, order_id desc);
create index on order_status_v2 (tenant, buyer, placed_at desc, order_id desc);
create index on order_status_v2 (group_id) where group_id is not null;
select read.tenants_apart('order_status_v2')"""

LOAD: LiteralString = "select * from order_status_v2 where order_id = any(%s)"
SAVE: LiteralString = """
insert into order_status_v2
select * from json_populate_recordset(null::order_status_v2, %s::json)
on conflict (order_id) do update set
  status = excluded.status, payment_id = excluded.payment_id, paid_fen = excluded.paid_fen,
  paid_at = excluded.paid_at, late_fen = excluded.late_fen, refund_owed_fen = excluded.refund_owed_fen,
  refunded_fen = excluded.refunded_fen, refund_reason = excluded.refund_reason, close_reason = excluded.close_reason,
  position = excluded.position"""
Interest: TypeAlias = OrderEvent
BEING_REFUNDED: Final = frozenset({OrderStatus.REFUNDING, OrderStatus.REFUND_ATTENTION})


class Order(msgspec.Struct):
    """The columns, in order."""

    order_id: UUID
    tenant: str
    kind: str
    buyer: UUID
    campaign_id: UUID
    sku_id: UUID
    group_id: UUID | None
    fulfilment: str
    quantity: int
    unit_price_fen: int
    amount_fen: int
    province: str
    placed_at: datetime
    pay_deadline: datetime
    status: str = OrderStatus.PENDING_PAYMENT
    payment_id: UUID | None = None
    paid_fen: int = 0
    paid_at: datetime | None = None
    late_fen: int = 0
    refund_owed_fen: int = 0
    refunded_fen: int = 0
    refund_reason: str | None = None
    close_reason: str | None = None
    position: int = 0


async def project(batch: Sequence[Recorded], tx: Tx) -> None:
    """Load the orders these events are about, fold, write them back."""
    fresh = {one.stream for one in batch if isinstance(one.event, OrderPlaced)}
    orders = await load(tx, LOAD, Order, {one.stream for one in batch} - fresh)
    for one in batch:
        if isinstance(one.event, OrderPlaced):
            orders[one.stream] = placed(one.event, one.tenant)
        fold(orders[one.stream], one.event)
        orders[one.stream].position = one.position
    await save(tx, SAVE, orders.values())


def placed(event: OrderPlaced, tenant: str) -> Order:
    return Order(
        event.order_id, tenant, event.kind, event.buyer, event.campaign_id, event.sku_id, event.group_id,
        event.fulfilment, event.quantity, event.unit_price.fen, event.amount.fen, event.province,
        event.at, event.pay_deadline,
    )  # fmt: skip


def fold(order: Order, event: OrderEvent) -> None:
    match event:
        case OrderPlaced():
            pass  # made by `placed`
        case OrderPaymentStarted():
            order.payment_id = event.payment_id
        case OrderPaid():
            order.status = OrderStatus.GROUPING
            order.paid_fen, order.paid_at = event.amount.fen, event.paid_at
        case OrderReadied():
            order.status = OrderStatus.READY
        case OrderClosing():
            order.status, order.close_reason = OrderStatus.CLOSING, event.why
        case OrderClosed():
            order.status, order.close_reason = OrderStatus.CLOSED, event.why
        case OrderLatePaid():
            order.late_fen += event.amount.fen
            if event.why != "paid_twice":
                order.status = OrderStatus.LATE_PAID
        case RefundOwed():
            order.refund_owed_fen += event.amount.fen
            order.refund_reason = event.why
            if event.ends:
                order.status = OrderStatus.REFUNDING
        case OrderRefunded():
            order.refunded_fen += event.amount.fen
            if order.status in BEING_REFUNDED and order.refunded_fen == order.refund_owed_fen:
                order.status = OrderStatus.REFUNDED
        case OrderRefundEscalated():
            if order.status == OrderStatus.REFUNDING:
                order.status = OrderStatus.REFUND_ATTENTION
        case _:
            assert_never(event)


PROJECTION = Projection(NAME, ("order_status_v2",), TABLE, Interest, project, parks=True)
