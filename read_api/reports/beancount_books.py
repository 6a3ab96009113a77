"""The journal as Beancount text, streamed: accounts, opening balances, entries, and what each day must end with."""

from collections.abc import AsyncGenerator
from contextlib import aclosing
from datetime import date
from itertools import groupby
from typing import Any, Final, LiteralString

from read_api.reports import beancount
from read_api.reports.beancount import APART, Origin, account
from read_api.reports.books import BEFORE, CHOSEN, KNOWN, LINES, NET, UNTIL, WITHIN, View
from read_api.reports.lines import JOURNAL
from read_api.reports.produce import BATCH, about
from read_api.snapshot import Snapshot

PART: Final = "case when account = any(%(apart)s) then sub_key else '' end"
SEEN: Final = f"from {LINES} where {KNOWN} and {UNTIL} and {CHOSEN}"
ACCOUNTS: LiteralString = f"""
select account, {PART} as part, min(value_date) as first,
  coalesce(sum({NET}) filter (where {BEFORE}), 0)::bigint as opening_fen
{SEEN} group by 1, 2 order by 1, 2"""

# A day's end is told for what moved on it; what did not move is what it was.
ENDS: LiteralString = f"""
select account, part, value_date, fen from (
  select account, {PART} as part, value_date, (sum(sum({NET})) over
    (partition by account, {PART} order by value_date))::bigint as fen
  {SEEN} group by 1, 2, 3) days
where {WITHIN} order by value_date, account, part"""
ORIGINS: LiteralString = """
select place, epoch, category, stream_id, version, hash from read.origins(%(cell)s, %(places)s)"""


async def produce(snapshot: Snapshot, view: View) -> AsyncGenerator[bytes, None]:
    """The file, piece by piece."""
    values = view.values(snapshot.tenant) | {"apart": APART}
    accounts = await snapshot.rows(ACCOUNTS, **values)
    named = {(it["account"], it["part"]): account(it["account"], it["part"]) for it in accounts}
    text = beancount.heading(JOURNAL.title, about(snapshot, JOURNAL, view))
    if accounts:
        first: date = view.since or min(it["first"] for it in accounts)
        text += beancount.opened(first, sorted(set(named.values())))
        before = [(named[it["account"], it["part"]], it["opening_fen"]) for it in accounts]
        text += beancount.opening(first, before)
    yield text.encode()
    async for piece in entries(snapshot, values):
        yield piece.encode()
    async with snapshot.cursor("ends") as cursor:
        await cursor.execute(ENDS, values, binary=True)
        while found := await cursor.fetchmany(BATCH):
            yield "".join(
                beancount.asserted(it["value_date"], named[it["account"], it["part"]], it["fen"])
                for it in found
            ).encode()


async def entries(snapshot: Snapshot, values: dict[str, Any]) -> AsyncGenerator[str, None]:
    """Whole entries, a few hundred lines at a time."""
    waiting: list[dict[str, Any]] = []
    async with aclosing(batches(snapshot, values)) as found:
        async for lines in found:
            waiting += lines
            last = place(waiting[-1])
            done = [line for line in waiting if place(line) != last]
            waiting = [line for line in waiting if place(line) == last]
            if done:
                yield await told(snapshot, done)
    if waiting:
        yield await told(snapshot, waiting)


async def batches(
    snapshot: Snapshot, values: dict[str, Any]
) -> AsyncGenerator[list[dict[str, Any]], None]:
    async with snapshot.cursor("entries") as cursor:
        await cursor.execute(JOURNAL.rows(), values, binary=True)
        while lines := await cursor.fetchmany(BATCH):
            yield lines


def place(line: dict[str, Any]) -> tuple[int, int]:
    return line["position"], line["nth"]


async def told(snapshot: Snapshot, lines: list[dict[str, Any]]) -> str:
    """These entries, with the events that they came from."""
    cell = snapshot.token.cell
    places = sorted({line["position"] for line in lines})
    found = await snapshot.rows(ORIGINS, cell=cell, places=places)
    origins = {
        it["place"]: Origin(
            f"{cell}.{it['epoch']}.{it['place']}",
            f"{it['category']} {it['stream_id']} v{it['version']}",
            it["hash"],
        )
        for it in found
    }
    text = ""
    for (position, _), of_one in groupby(lines, key=place):
        text += beancount.entry(list(of_one), origins[position])
    return text
