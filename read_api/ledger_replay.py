"""GET /v1/ledger/replay: a month told again under another policy or agreement, and what would put it right.

What an agreement means is a rule, and no rule runs here: whoever wires this API brings what tells it again.
"""

from datetime import date
from typing import Annotated, Any, Final, Protocol
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field

from domain.accounts import CHART
from projections import ledger
from read_api.access import ALL, FINANCE
from read_api.ledger_replay_asked import Wanted
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/ledger", tags=["ledger"])

READING = Reading(ledger.NAME, needs=frozenset({FINANCE, ALL}))
AT_ONCE: Final = 200  # corrections: as many as one command takes


class Replays(Protocol):
    """Tells a month again, out of the log of the write side."""

    async def replay(
        self, cell: str, tenant: str, first: date, after: date, change: dict[str, Any],
        merchant: UUID | None,
    ) -> dict[str, Any]:  # fmt: skip
        """The fields of `Retold`, with all corrections and adjustments."""


class Difference(BaseModel):
    """One account of one merchant: debits less credits of the month, as booked and as told again."""

    merchant_id: UUID | None
    account: str
    zh: str
    en: str
    booked_fen: int
    told_fen: int
    difference_fen: int


class Adjustment(BaseModel):
    """What the merchant would have got more of an order, or less: body of propose_adjustment, but for its note."""

    merchant_id: UUID
    order_id: UUID
    amount_fen: int


class Retold(BaseModel):
    """A month told again. Propose `corrections` with propose_correction and `adjustments` with
    propose_adjustment: both together make the books what was told, once another person approves.
    """

    month: str
    entries: Annotated[
        int, Field(description="Of the month, that a policy or an agreement decides.")
    ]
    moved: Annotated[int, Field(description="Entries that would count to another day.")]
    unearned: Annotated[
        int, Field(description="Orders of the month that earned nothing so far, and are not told.")
    ]
    differences: list[Difference]
    corrections: list[dict[str, Any]]
    corrections_in_all: int
    adjustments: list[Adjustment]
    adjustments_in_all: int


@router.get("/replay")
async def get_replay(
    request: Request,
    snapshot: Annotated[Snapshot, Depends(READING)],
    asked: Annotated[Wanted, Query()],
) -> Retold:
    """Nothing is changed by asking."""
    replays: Replays = request.app.state.replays
    told = await replays.replay(
        snapshot.token.cell, snapshot.tenant, *asked.span(), asked.change(), asked.merchant
    )
    page = slice(asked.skip, asked.skip + AT_ONCE)
    return Retold(
        month=asked.month,
        entries=told["entries"],
        moved=told["moved"],
        unearned=told["unearned"],
        differences=[differs(it) for it in told["differences"]],
        corrections=told["corrections"][page],
        corrections_in_all=len(told["corrections"]),
        adjustments=told["adjustments"][page],
        adjustments_in_all=len(told["adjustments"]),
    )


def differs(it: dict[str, Any]) -> Difference:
    account = CHART[it["account"]]
    fen = it["told_fen"] - it["booked_fen"]
    return Difference(**it, zh=account.zh, en=account.en, difference_fen=fen)
