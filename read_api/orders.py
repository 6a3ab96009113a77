"""GET /v1/orders: what a buyer has, and what an operator looks up."""

from typing import Annotated, Any, Final, LiteralString
from uuid import UUID

from fastapi import APIRouter, Depends, Query

from domain.display import OrderStatus
from domain.problem import NOT_FOUND
from projections import group_board, order_status
from read_api.access import ALL, OWN
from read_api.asked import Asked
from read_api.order_view import OrderView, shown
from read_api.pages import Page, Paged, page, read
from read_api.problems import Refused
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/orders", tags=["orders"])

READING = Reading(order_status.NAME, group_board.NAME, needs=frozenset({OWN, ALL}))
LIST: Final = "orders"

# An order whose group has succeeded is GROUPED until it is readied: two rows of the same instant say so.
SELECT: LiteralString = """
select * from (
  select o.*, case when o.status = 'GROUPING' and g.status = 'SUCCEEDED' then 'GROUPED' else o.status end as state,
    exists (select from read.parked p where p.handler = %(handler)s and p.stream_id = o.order_id) as degraded
  from read.order_status_v2 o left join read.group_board_v1 g on g.group_id = o.group_id
  where o.tenant = %(tenant)s and (%(buyer)s::uuid is null or o.buyer = %(buyer)s)
) o where """
ONE: LiteralString = SELECT + "order_id = %(id)s"
PAGE: LiteralString = (
    SELECT
    + """(%(status)s::text is null or state = %(status)s)
  and (%(campaign)s::uuid is null or campaign_id = %(campaign)s)
  and (%(group)s::uuid is null or group_id = %(group)s)
  and (%(before)s::timestamptz is null or (placed_at, order_id) < (%(before)s, %(before_id)s))
order by placed_at desc, order_id desc limit %(limit)s"""
)


class Orders(Paged):
    """Filters; all of them apply."""

    status: OrderStatus | None = None
    campaign: UUID | None = None
    group: UUID | None = None


def whose(snapshot: Snapshot) -> dict[str, Any]:
    """An operator sees the tenant's orders, a buyer only his own."""
    principal = snapshot.principal
    buyer = None if ALL in principal.scopes else as_uuid(principal.subject)
    return {"tenant": principal.tenant, "buyer": buyer, "handler": order_status.NAME}


def as_uuid(subject: str) -> UUID:
    try:
        return UUID(subject)
    except ValueError:
        raise Refused(NOT_FOUND) from None


@router.get("")
async def list_orders(
    snapshot: Annotated[Snapshot, Depends(READING)], asked: Annotated[Orders, Query()]
) -> Page[OrderView]:
    """Orders, newest first."""
    after = read(asked.cursor, LIST)
    rows = await snapshot.rows(
        PAGE,
        **whose(snapshot),
        status=asked.status,
        campaign=asked.campaign,
        group=asked.group,
        before=after and after.at,
        before_id=after and after.id,
        limit=asked.limit + 1,
    )
    return page(
        [shown(dict(row)) for row in rows],
        rows,
        asked.limit,
        of=LIST,
        at="placed_at",
        id="order_id",
    )


@router.get("/{order_id}")
async def get_order(
    order_id: UUID,
    snapshot: Annotated[Snapshot, Depends(READING)],
    _: Annotated[Asked, Query()],
) -> OrderView:
    """One order, if it is the caller's to see."""
    rows = await snapshot.rows(ONE, **whose(snapshot), id=order_id)
    if not rows:
        raise await snapshot.absent(order_status.NAME, order_id)
    return shown(rows[0])
