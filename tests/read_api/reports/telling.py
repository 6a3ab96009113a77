"""A tenant with a bit of everything in its books, and the same books made from its events by hand."""

import json
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, NamedTuple, get_args
from urllib.parse import quote
from uuid import NAMESPACE_OID, uuid5

from commands.approve_adjustment import ApproveAdjustment
from commands.propose_adjustment import ProposeAdjustment
from domain.accounts import CHART
from domain.events.recon import BillDayBegun, LinesPending
from domain.ledger import Posted, postings
from domain.ledger_entry import Entry
from domain.ledger_refunds import RefundPosted
from domain.ledger_trade import TradePosted
from tests.architecture.books import samples
from tests.builders import DAY, NOON, ann
from tests.delivery.history import Fact, History, cell_of, facts_of, world
from tests.read_api.conftest import Readers, deliver
from tests.servers import Database
from tests.settlement import CHECKER, MAKER, Finance
from tests.shop import Shop

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
    kinds |= {BillDayBegun, LinesPending}
    return [
        Fact("given", uuid5(NAMESPACE_OID, f"{kind.__name__} {turn}"), event)
        for kind in sorted(kinds, key=lambda kind: kind.__name__)
        for turn, event in samples(kind)
    ]


async def tell_books(database: Database, history: History) -> list[Posting]:
    """Let it all happen; returns every line of the books, in order."""
    facts = shuffled(world(5, groups=4, tenant="books"), given(), settled())
    last = history.append(facts, tenant="books")
    await deliver(database, history)
    return list(posted(facts, last - len(facts) + 1))


def settled() -> list[Fact]:
    """Another merchant of theirs, paid for some days, with refunds and what people adjusted."""
    cell = cell_of("paid")
    shop = Shop(cell, per_user_limit=100, max_quantity=3, ends_at=NOON + 99 * DAY)
    finance = Finance(cell, shop)
    finance.signs()
    finance.collects()
    orders = []
    for _ in range(5):
        placed = shop.buys_alone(ann)
        shop.pays(placed.order_id)
        finance.earns(placed.order_id)
        orders.append(placed.order_id)
        finance.waits(1)
    finance.refunds(orders[0], 1290)
    wish = cell.ask(ProposeAdjustment(orders[1], 120, "赔付"), by=MAKER)
    cell.ask(ApproveAdjustment(orders[1], wish.proposal_id, wish.shown), by=CHECKER)
    finance.waits(3)
    return facts_of(cell)


def shuffled(*all: Sequence[Fact]) -> list[Fact]:
    """Each in its own order, and all over the others."""
    places = [(n / len(facts), it) for facts in all for n, it in enumerate(facts)]
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
