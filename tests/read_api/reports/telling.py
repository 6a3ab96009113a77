"""A tenant with a bit of everything in its books, and the same books made from its events by hand."""

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, get_args
from urllib.parse import quote
from uuid import NAMESPACE_OID, uuid5

from domain.accounts import CHART
from domain.ledger import Posted, postings
from domain.ledger_entry import Entry
from domain.ledger_refunds import RefundPosted
from domain.ledger_trade import TradePosted
from tests.architecture.books import samples
from tests.delivery.history import Fact, History, world
from tests.read_api.conftest import Readers, deliver
from tests.servers import Database

BOSS = "books/boss/finance:read"
REPORTS = "/v1/reports"


class Posting(NamedTuple):
    """One line as it must be in the books."""

    position: int
    nth: int
    line: int
    entry: Entry
    account: str
    sub_key: str
    debit: int
    credit: int
    recorded_at: datetime

    @property
    def on(self) -> date:
        return self.entry.value_date

    @property
    def growth(self) -> int:
        return CHART[self.account].balance(self.debit, self.credit)


def given() -> list[Fact]:
    """What merchants, bills and breaks do to the books, in each way that it can be posted."""
    kinds = set(get_args(Posted)) - set(get_args(TradePosted)) - set(get_args(RefundPosted))
    return [
        Fact("given", uuid5(NAMESPACE_OID, f"{kind.__name__} {turn}"), event)
        for kind in sorted(kinds, key=lambda kind: kind.__name__)
        for turn, event in samples(kind)
    ]


async def tell_books(database: Database, history: History) -> list[Posting]:
    """Let it all happen; returns every line of the books, in order."""
    facts = shuffled(world(5, groups=4, tenant="books"), given())
    last = history.append(facts, tenant="books")
    await deliver(database, history)
    return list(posted(facts, last - len(facts) + 1))


def shuffled(first: Sequence[Fact], second: Sequence[Fact]) -> list[Fact]:
    """Both in their own order, and each all over the other."""
    places = [(n / len(facts), it) for facts in (first, second) for n, it in enumerate(facts)]
    return [it for _, it in sorted(places, key=lambda one: one[0])]


def posted(facts: Sequence[Fact], first: int) -> Iterable[Posting]:
    """The lines of these events, by the rules alone."""
    for position, fact in enumerate(facts, first):
        for nth, entry in enumerate(postings(fact.event)):
            for number, it in enumerate(entry.lines, 1):
                yield Posting(
                    *(position, nth, number, entry, it.account, it.sub_key),
                    *(it.debit_fen, it.credit_fen, fact.event.at),
                )


async def rows(readers: Readers, name: str, query: str = "", who: str = BOSS) -> list[Any]:
    """A report as a machine reads it."""
    answer = await readers.get(f"{REPORTS}/{name}?format=jsonl&{query}", who)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


async def explained(readers: Readers, row: dict[str, Any], cell: str, who: str = BOSS) -> list[Any]:
    """Every entry behind a cell; they were promised to add up to what the answer says they do."""
    path = f"{row['explain']}&cell={cell}"
    whole = await readers.json(f"{path}&limit=200", who)
    found = whole["items"]
    if whole["next"] is not None:
        found = await readers.pages(path, who)
    assert sum(it["fen"] for it in found) == whole["fen"]
    assert len(found) == whole["entries"]
    return list(found)


def total_of(name: str, query: str) -> dict[str, Any]:
    """The row under a report, as far as its explanation goes: no key."""
    return {"explain": f"{REPORTS}/{name}/explain?{quote(query, safe='=&')}"}
