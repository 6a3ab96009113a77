"""GET /v1/freshness: how far behind is each read model of the caller's cell?"""

from datetime import datetime
from typing import Annotated, Any, LiteralString

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from projections import refusals
from read_api.access import ADMIN, ALL
from read_api.asked import Strict
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/freshness", tags=["freshness"])

READING = Reading(needs=frozenset({ALL, ADMIN}))

LAG: LiteralString = """
select c.handler, c.position, c.parked, c.halted is not null as halted, w.head, w.since
from read.checkpoints c, lateral read.waiting_since(
  c.cell, case when c.handler = %(refusals)s then 'commands' else 'events' end, c.position) w
where c.cell = %(cell)s order by c.handler"""


class Model(BaseModel):
    """One read model. Positions of `refusals` count commands, those of the others events."""

    name: str
    position: int
    head: int
    lag_positions: int
    lag_seconds: float
    parked: int
    halted: bool


class Freshness(BaseModel):
    """Every follower of the cell's log."""

    cell: str
    models: list[Model]


def model_of(row: dict[str, Any], now: datetime) -> Model:
    return Model(
        name=row["handler"],
        position=row["position"],
        head=row["head"],
        lag_positions=max(row["head"] - row["position"], 0),
        lag_seconds=max((now - row["since"]).total_seconds(), 0) if row["since"] else 0,
        parked=row["parked"],
        halted=row["halted"],
    )


@router.get("")
async def freshness(
    request: Request, snapshot: Annotated[Snapshot, Depends(READING)], _: Annotated[Strict, Query()]
) -> Freshness:
    """Positions and seconds that each read model is behind, by the one clock."""
    now = request.app.state.clock.now()
    rows = await snapshot.rows(LAG, cell=snapshot.token.cell, refusals=refusals.NAME)
    return Freshness(cell=snapshot.token.cell, models=[model_of(row, now) for row in rows])
