"""One order as the API shows it."""

from datetime import datetime
from typing import Any
from uuid import UUID

from pydantic import BaseModel

from domain.display import OrderStatus, display_status


class OrderView(BaseModel):
    """One order. Amounts are fen."""

    order_id: UUID
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
    status: OrderStatus
    display_status: str
    payment_id: UUID | None
    paid_fen: int
    paid_at: datetime | None
    late_fen: int
    refund_owed_fen: int
    refunded_fen: int
    refund_reason: str | None
    close_reason: str | None
    position: int
    degraded: bool


def shown(row: dict[str, Any]) -> OrderView:
    status = OrderStatus(row.pop("state"))
    return OrderView(
        **row | {"status": status, "display_status": display_status(status, row["fulfilment"])}
    )
