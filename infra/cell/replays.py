"""`read_api.ledger_replay.Replays`: a month of one tenant told again, out of the log and the ledger's own lines.

The lines say which events count to the month; from there each order's whole earning is read, as units that were
given back earlier decide what is left. Orders go through in parts, so a long month needs no more memory.
"""

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from itertools import groupby
from typing import Any, Final, LiteralString, NamedTuple, TypeAlias, get_args
from uuid import UUID

import msgspec
import psycopg
from psycopg import sql

from domain.agreement import Period
from domain.events import Event
from domain.events.earning import EarningMatured, EarningRecognised, EarningReversed
from domain.events.order import OrderPlaced, OrderReadied
from domain.events.points import PointsExpired, PointsGranted
from domain.events.split import SplitSubsidised
from domain.events.statement import StatementLineAdded
from domain.ids import EarningId, OrderId, StatementId, earning_id, statement_id
from domain.ledger import day
from domain.money import ZERO, Money
from domain.period import span
from domain.replay import Change, Fact, Replay, Sale

PART: Final = 500  # orders read at once
ByOrder: TypeAlias = EarningRecognised | EarningReversed | EarningMatured
BY_ORDER: Final = [kind.__struct_config__.tag for kind in get_args(ByOrder)]
ALONE: Final = [
    kind.__struct_config__.tag for kind in (PointsGranted, PointsExpired, SplitSubsidised)
]
READIED: Final = OrderReadied.__struct_config__.tag

POSITIONS: LiteralString = """
select distinct event = any(%(alone)s), position, order_id from read.ledger_lines_v2
where tenant = %(tenant)s and value_date >= %(first)s and value_date < %(after)s
  and (event = any(%(alone)s || %(by_order)s) and (%(merchant)s::uuid is null or merchant_id = %(merchant)s)
       or event = %(readied)s)
order by order_id, position"""
AT: LiteralString = """
select stream_id, position, data from {}.events where tenant = %s and position = any(%s) order by position"""
STREAMS: LiteralString = """
select stream_id, position, data from {}.events where tenant = %s and stream_id = any(%s)
order by stream_id, version"""

decode = msgspec.json.Decoder(Event).decode


class Told(NamedTuple):
    """A month told again, and how many orders of it are not earned at all yet."""

    replay: Replay
    unearned: int


class LedgerReplays:
    """Each question has a session and a thread of its own: they are asked before a decision, not all day."""

    def __init__(self, dsn: str) -> None:
        self._dsn = dsn

    async def replay(
        self, cell: str, tenant: str, first: date, after: date, change: dict[str, Any],
        merchant: UUID | None,
    ) -> dict[str, Any]:  # fmt: skip
        other = msgspec.convert(change, Change)
        told = await asyncio.to_thread(
            tell_again, self._dsn, cell, tenant, first, after, other, merchant
        )
        return as_shown(told)


def tell_again(
    dsn: str, cell: str, tenant: str, first: date, after: date, change: Change,
    merchant: UUID | None = None,
) -> Told:  # fmt: skip
    """Read it all at one instant, and tell it."""
    with psycopg.connect(dsn) as session:
        session.read_only = True
        session.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        log = Log(session, cell, tenant)
        replay = Replay(first, after, change, Volumes(log).of)
        return Told(replay, log.feed(replay, first, after, change, merchant))


class Log:
    """The events of one tenant."""

    def __init__(self, session: psycopg.Connection[Any], cell: str, tenant: str) -> None:
        self._session = session
        self._cell = sql.Identifier(cell)
        self._tenant = tenant

    def feed(
        self, replay: Replay, first: date, after: date, change: Change, merchant: UUID | None
    ) -> int:
        """Tell it everything that counts to the month; returns how many of its orders have earned nothing."""
        values = {
            "tenant": self._tenant, "first": first, "after": after, "merchant": merchant,
            "alone": ALONE, "by_order": BY_ORDER,
            "readied": READIED if change.recognise_at == "sale" else "",
        }  # fmt: skip
        rows = self._session.execute(POSITIONS, values, binary=True).fetchall()
        for part in parts([position for alone, position, _ in rows if alone]):
            for fact in self._facts(AT, part):
                replay.tell([fact], Sale("", None))
        orders = dict.fromkeys(order for alone, _, order in rows if not alone)
        return sum(self._orders(replay, part, merchant) for part in parts(list(orders)))

    def _orders(self, replay: Replay, orders: Sequence[OrderId], merchant: UUID | None) -> int:
        """Tell what these earned; returns how many earned nothing."""
        of = {earning_id(order): order for order in orders}
        sales = {order: sale_of(facts) for order, facts in self.by_stream(orders)}
        earned = 0
        for id, facts in self.by_stream(list(of)):
            earned += 1
            told = [fact for fact in facts if isinstance(fact.event, ByOrder)]
            whose = {fact.event.merchant_id for fact in told if isinstance(fact.event, ByOrder)}
            if merchant is None or merchant in whose:
                replay.tell(told, sales[of[EarningId(id)]])
        return len(orders) - earned

    def by_stream(self, ids: Sequence[UUID]) -> Iterator[tuple[Any, list[Fact]]]:
        for id, facts in groupby(self._facts(STREAMS, list(ids)), key=lambda fact: fact.stream):
            yield id, list(facts)

    def _facts(self, query: LiteralString, which: list[Any]) -> list[Fact]:
        found = self._session.execute(
            sql.SQL(query).format(self._cell), (self._tenant, which), binary=True
        )
        return [Fact(stream, position, decode(data)) for stream, position, data in found]


class Volumes:
    """What stood on a merchant's statement when something was earned; each statement is read once."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self._known: dict[StatementId, list[tuple[datetime, Money]]] = {}

    def of(self, event: EarningRecognised) -> Money:
        """By whichever period the merchant was settled in: of the three names only one has a statement."""
        kinds: tuple[Period, ...] = ("day", "week", "month")
        pages = [statement_id(event.merchant_id, span(kind, event.at).name) for kind in kinds]
        missing = [page for page in pages if page not in self._known]
        self._known |= {page: [] for page in missing}
        for id, facts in self._log.by_stream(missing) if missing else ():
            self._known[id] = [
                (line.at, line.amounts.gross)
                for fact in facts
                if isinstance(line := fact.event, StatementLineAdded)
            ]
        lines = (line for page in pages for line in self._known[page])
        return sum((gross for at, gross in lines if at <= event.at), ZERO)


def sale_of(facts: Iterable[Fact]) -> Sale:
    category, readied = "", None
    for fact in facts:
        event: Any = fact.event
        if isinstance(event, OrderPlaced):
            category = event.fulfilment
        elif isinstance(event, OrderReadied):
            readied = day(event.at)
    return Sale(category, readied)


def parts(of: Sequence[Any]) -> Iterator[list[Any]]:
    for start in range(0, len(of), PART):
        yield list(of[start : start + PART])


def as_shown(told: Told) -> dict[str, Any]:
    """The fields of `read_api.ledger_replay.Retold`."""
    replay = told.replay
    return {
        "entries": replay.entries,
        "moved": replay.moved,
        "unearned": told.unearned,
        "differences": [
            {
                "merchant_id": it.merchant_id,
                "account": it.account,
                "booked_fen": it.booked_fen,
                "told_fen": it.told_fen,
            }
            for it in replay.differences()
        ],
        "corrections": [msgspec.to_builtins(it) for it in replay.corrections],
        "adjustments": [
            {"merchant_id": merchant, "order_id": order, "amount_fen": fen}
            for (merchant, order), fen in replay.adjustments.items()
            if fen
        ],
    }
