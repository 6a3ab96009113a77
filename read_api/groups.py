"""GET /v1/groups: the board a shopper browses and an operator watches."""

from datetime import datetime
from typing import Annotated, Any, Final, LiteralString
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from domain.display import GroupStatus
from domain.problem import NOT_FOUND
from projections import group_board
from read_api.access import ALL, BOARD
from read_api.asked import Asked
from read_api.pages import Page, Paged, page, read
from read_api.problems import Refused
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/groups", tags=["groups"])

READING = Reading(group_board.NAME, needs=frozenset({BOARD, ALL}))
LIST: Final = "groups"
HIDDEN: Final = frozenset({GroupStatus.NEW, GroupStatus.PENDING_LEADER, GroupStatus.VOID})

# Groups that nobody saw have no deadline; they come in the order they were asked for.
SELECT: LiteralString = """
select * from (
  select g.*, g.seats - g.held - g.filled as free, coalesce(g.closes_at, g.opened_at) as sorted_by,
    exists (select from read.parked p where p.handler = %(handler)s and p.stream_id = g.group_id) as degraded
  from read.group_board_v1 g where g.tenant = %(tenant)s
) g where """
ONE: LiteralString = SELECT + "group_id = %(id)s"
PAGE: LiteralString = (
    SELECT
    + """status = %(status)s and (%(campaign)s::uuid is null or campaign_id = %(campaign)s)
  and (%(after)s::timestamptz is null or (sorted_by, group_id) > (%(after)s, %(after_id)s))
order by sorted_by, group_id limit %(limit)s"""
)


class GroupView(BaseModel):
    """One group. Prices are fen a unit; seats are people. Its leader is shown to operators only."""

    group_id: UUID
    campaign_id: UUID
    sku_id: UUID
    leader: UUID | None
    status: GroupStatus
    seats: int
    held: int
    filled: int
    free: int
    group_price_fen: int
    single_price_fen: int
    opened_at: datetime
    closes_at: datetime | None
    decided_at: datetime | None
    failure: str | None
    position: int
    degraded: bool


class Groups(Paged):
    """Filters; all of them apply."""

    status: GroupStatus = GroupStatus.OPEN
    campaign: UUID | None = None


def shown(row: dict[str, Any], *, everything: bool) -> GroupView:
    return GroupView(**row if everything else row | {"leader": None})


def sees_all(snapshot: Snapshot) -> bool:
    return ALL in snapshot.principal.scopes


@router.get("")
async def list_groups(
    snapshot: Annotated[Snapshot, Depends(READING)], asked: Annotated[Groups, Query()]
) -> Page[GroupView]:
    """Groups of one status, nearest their deadline first."""
    everything = sees_all(snapshot)
    if asked.status in HIDDEN and not everything:
        return Page(items=[], next=None)
    after = read(asked.cursor, LIST)
    rows = await snapshot.rows(
        PAGE,
        tenant=snapshot.tenant,
        handler=group_board.NAME,
        status=asked.status,
        campaign=asked.campaign,
        after=after and after.at,
        after_id=after and after.id,
        limit=asked.limit + 1,
    )
    items = [shown(row, everything=everything) for row in rows]
    return page(items, rows, asked.limit, of=LIST, at="sorted_by", id="group_id")


@router.get("/{group_id}")
async def get_group(
    group_id: UUID, snapshot: Annotated[Snapshot, Depends(READING)], _: Annotated[Asked, Query()]
) -> GroupView:
    """One group; to shoppers, one whose leader never paid does not exist."""
    rows = await snapshot.rows(ONE, tenant=snapshot.tenant, handler=group_board.NAME, id=group_id)
    if not rows:
        raise await snapshot.absent(group_board.NAME, group_id)
    everything = sees_all(snapshot)
    if rows[0]["status"] in HIDDEN and not everything:
        raise Refused(NOT_FOUND)
    return shown(rows[0], everything=everything)
