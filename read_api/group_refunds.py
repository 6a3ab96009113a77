"""GET /v1/groups/{id}/refunds: of a group that failed, whose money has arrived, and whose has not."""

from typing import Annotated, LiteralString
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel

from domain.display import GroupStatus
from projections import group_board, order_status, refund_desk
from read_api.access import ALL
from read_api.asked import Asked
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/groups", tags=["groups", "refunds"])

READING = Reading(group_board.NAME, order_status.NAME, refund_desk.NAME, needs=frozenset({ALL}))

# What is owed stands in the orders; what became of it in the refunds. Both follow one by one.
COUNTS: LiteralString = """
select g.status, g.filled as members,
  coalesce(r.owed, 0) as owed, coalesce(r.done, 0) as done, coalesce(r.with_people, 0) as with_people,
  coalesce(r.owed_fen, 0) as owed_fen, coalesce(r.done_fen, 0) as done_fen,
  coalesce(r.with_people_fen, 0) as with_people_fen
from read.group_board_v1 g left join lateral (
  select count(*) as owed, sum(f.amount_fen)::bigint as owed_fen,
    count(*) filter (where f.ended_at is not null) as done,
    coalesce(sum(f.amount_fen) filter (where f.ended_at is not null), 0)::bigint as done_fen,
    count(*) filter (where f.escalated_at is not null) as with_people,
    coalesce(sum(f.amount_fen) filter (where f.escalated_at is not null), 0)::bigint as with_people_fen
  from read.order_status_v2 o join read.refund_desk_v1 f on f.order_id = o.order_id
  where o.group_id = g.group_id and f.status not in ('PROPOSED', 'DECLINED')
) r on true
where g.tenant = %(tenant)s and g.group_id = %(id)s"""


class GroupRefunds(BaseModel):
    """Counts of refunds, and fen. `under_way` go on by themselves; `with_people` do not."""

    group_id: UUID
    status: GroupStatus
    members: int
    owed: int
    done: int
    under_way: int
    with_people: int
    owed_fen: int
    done_fen: int
    under_way_fen: int
    with_people_fen: int


@router.get("/{group_id}/refunds")
async def get_group_refunds(
    group_id: UUID, snapshot: Annotated[Snapshot, Depends(READING)], _: Annotated[Asked, Query()]
) -> GroupRefunds:
    """How far the refunds of a group's members are, whatever they are owed for."""
    rows = await snapshot.rows(COUNTS, tenant=snapshot.tenant, id=group_id)
    if not rows:
        raise await snapshot.absent(group_board.NAME, group_id)
    row = rows[0]
    return GroupRefunds(
        group_id=group_id,
        under_way=row["owed"] - row["done"] - row["with_people"],
        under_way_fen=row["owed_fen"] - row["done_fen"] - row["with_people_fen"],
        **row,
    )
