"""GET /v1/ledger: the trial balance, what an account is made of, and every entry behind it."""

import re
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Query

from domain.accounts import CHART
from domain.problem import NOT_FOUND
from projections import ledger
from read_api import ledger_queries as queries
from read_api.access import ALL, FINANCE
from read_api.ledger_asked import AccountCode, Parts, Wanted, Whole
from read_api.ledger_entries import Entries, entries
from read_api.ledger_view import (
    AccountBalances,
    SubKeySums,
    TrialBalance,
    trial_balance,
)
from read_api.pages import Paged, next_key, read_key
from read_api.problems import CURSOR_INVALID, Refused
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/ledger", tags=["ledger"])

READING = Reading(ledger.NAME, needs=frozenset({FINANCE, ALL}))
ENTRIES: Final = "ledger-entries"
PLACE: Final = re.compile(r"([0-9]{1,18})\.([0-9]{1,4})")


async def degraded(snapshot: Snapshot) -> bool:
    """Does an event that could not be posted wait for people?"""
    rows = await snapshot.rows(queries.PARKED, tenant=snapshot.tenant, handler=ledger.NAME)
    return bool(rows)


@router.get("/trial-balance")
async def get_trial_balance(
    snapshot: Annotated[Snapshot, Depends(READING)], asked: Annotated[Whole, Query()]
) -> TrialBalance:
    """Debits and credits of every account; together they are always equal."""
    query = queries.ACCOUNTS_NOW if asked.latest else queries.ACCOUNTS_AS_OF
    rows = await snapshot.rows(query, tenant=snapshot.tenant, **asked.books())
    return trial_balance(rows, degraded=await degraded(snapshot))


@router.get("/accounts/{code}")
async def get_account(
    code: AccountCode,
    snapshot: Annotated[Snapshot, Depends(READING)],
    asked: Annotated[Parts, Query()],
) -> AccountBalances:
    """What one account is made of, by sub-key in the order of their text."""
    account = CHART.get(code)
    if account is None:
        raise Refused(NOT_FOUND)
    of = f"ledger-{code}"
    whole = asked.latest and asked.through is None
    parts = queries.SUB_KEYS_NOW if whole else queries.SUB_KEYS_AS_OF
    rows = await snapshot.rows(
        queries.PAGE_OF + parts + queries.SUB_KEY_PAGE,
        tenant=snapshot.tenant,
        account=code,
        after=read_key(asked.cursor, of, str),
        limit=asked.limit + 1,
        **asked.books(),
        **asked.model_dump(include={"sub_key", "zero"}),
    )
    items = [
        SubKeySums(**row, balance_fen=account.balance(row["debit_fen"], row["credit_fen"]))
        for row in rows
    ]
    return AccountBalances(
        account=code,
        zh=account.zh,
        en=account.en,
        kind=account.kind,
        sub_key_is=account.sub_key,
        items=items[: asked.limit],
        next=next_key(of, [it.sub_key for it in items], asked.limit),
        degraded=await degraded(snapshot),
    )


@router.get("/entries")
async def list_entries(
    snapshot: Annotated[Snapshot, Depends(READING)], asked: Annotated[Wanted, Query()]
) -> Entries:
    """Entries with their lines, the latest first."""
    before, before_nth = place(read_key(asked.cursor, ENTRIES, str))
    rows = await snapshot.rows(
        queries.ENTRY_PAGE,
        tenant=snapshot.tenant,
        before=before,
        before_nth=before_nth,
        limit=asked.limit + 1,
        **asked.model_dump(exclude=set(Paged.model_fields)),
    )
    found = entries(rows)
    return Entries(
        items=found[: asked.limit],
        next=next_key(ENTRIES, [f"{it.position}.{it.nth}" for it in found], asked.limit),
        degraded=await degraded(snapshot),
    )


def place(key: str | None) -> tuple[int | None, int | None]:
    """Where a page ended: a position, and the entry of its event. Raises: Refused when it says neither."""
    if key is None:
        return None, None
    found = PLACE.fullmatch(key)
    if found is None:
        raise Refused(CURSOR_INVALID)
    position, nth = map(int, found.groups())
    return position, nth
