"""What belongs to a piece of evidence: the streams of an order, a refund or a payout, or all of a business day.

Nothing of another tenant is ever read: each query names the tenant.
"""

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Final, Literal, LiteralString, NamedTuple, TypeAlias
from uuid import UUID

import msgspec
import psycopg

from domain.ids import OrderId, earning_id, split_id
from infra.evidence.anchors import Anchors
from infra.evidence.bill_lines import FILES, Billed, matched, rows
from infra.evidence.checks import of_cell

Kind: TypeAlias = Literal["order", "refund", "payout", "day"]

EVENTS_MAX: Final = 200_000
PAGE: Final = 1000
FOLLOWED: Final[dict[str, tuple[str, ...]]] = {
    "order": ("payment_id", "refund_id"),
    "refund": ("order_id", "payment_id"),
    "payout": ("statement_id",),
}
OF_A_DATE: Final = ["bill", "recon", "break"]  # aggregates that name a bill date

BEGINNING: LiteralString = """
select tenant, category from {}.events where stream_id = %s and version = 1"""
DATA: LiteralString = """
select data from {}.events where stream_id = %s and tenant = %s order by version"""
LENGTHS: LiteralString = """
select stream_id, max(version) from {}.events where stream_id = any(%s) and tenant = %s group by 1 order by 1"""
OF_DATE: LiteralString = """
select distinct stream_id from {}.events where position > %s and tenant = %s and category = any(%s)
and convert_from(data, 'UTF8')::jsonb ->> 'bill_date' = %s order by 1"""
ANYTHING: LiteralString = """
select exists (select from {0}.events where position between %s and %s and tenant = %s)
    or exists (select from {0}.commands where seq between %s and %s and tenant = %s)"""
EVENT: LiteralString = """
select e.position, e.epoch, e.tenant, e.category, e.stream_id, e.version, e.type, e.data, e.command_id,
       e.recorded_at, e.hash, p.hash from {}.events e left join {}.events p on p.position = e.position - 1
where e.tenant = %s and (e.stream_id = any(%s) or e.position = any(%s) 
  or e.position between %s and %s) order by e.position"""
COMMAND: LiteralString = """
select c.seq, c.command_id, c.tenant, c.principal, c.name, c.idempotency_key, c.body, c.body_mac, c.facts,
       c.outcome, c.reply, c.seen_position, c.first_position, c.last_position, c.code_rev, c.correlation_id,
       c.causation_id, c.at, c.hash, p.hash from {}.commands c left join {}.commands p on p.seq = c.seq - 1
where c.tenant = %s and (c.command_id = any(%s) or c.seq between %s and %s) order by c.seq"""


class NoEvidence(Exception):
    """The tenant has nothing of this kind under this id."""


class TooMuch(Exception):
    """More than one pack takes."""


class Subject(NamedTuple):
    """What is to be proven. `streams` are whole; `events` and `commands` are ranges, empty where first > last."""

    kind: Kind
    id: str
    tenant: str
    streams: dict[UUID, int]  # with the number of events that each has
    events: tuple[int, int] = (1, 0)
    commands: tuple[int, int] = (1, 0)
    billed: tuple[
        Billed, ...
    ] = ()  # lines of bills; the events that matched them are packed by themselves


def subject(
    session: psycopg.Connection[Any], cell: str, kind: Kind, id: str, tenant: str
) -> Subject:
    """`tenant` may be empty where an id says it. Raises: NoEvidence, TooMuch."""
    log = Reader(session, cell)
    if kind == "day":
        found = log.of_day(id, tenant)
    else:
        found = log.of_stream(kind, id, tenant)
    first, last = found.events
    if sum(found.streams.values()) + last - first + 1 > EVENTS_MAX:
        raise TooMuch
    return found


class Reader:
    """One snapshot of a cell."""

    def __init__(self, session: psycopg.Connection[Any], cell: str) -> None:
        self._session = session
        self._cell = cell

    def of_stream(self, kind: Kind, id: str, tenant: str) -> Subject:
        try:
            stream = UUID(id)
        except ValueError:
            raise NoEvidence from None
        beginning = self._select(BEGINNING, stream)
        if not beginning or beginning[0][1] != kind or tenant not in ("", beginning[0][0]):
            raise NoEvidence
        tenant = beginning[0][0]
        related, orders = {stream}, {stream} if kind == "order" else set()
        for (data,) in self._select(DATA, stream, tenant):
            event = msgspec.json.decode(data)
            for field in FOLLOWED[kind]:
                if event.get(field):
                    related.add(UUID(event[field]))
                    orders |= {UUID(event[field])} if field == "order_id" else set()
        for order in orders:
            related |= {earning_id(OrderId(order)), split_id(OrderId(order))}
        billed = matched(self._session, tenant, sorted(orders))
        related |= {it.bill_id for it in billed}
        lengths = self._lengths(related, tenant)
        return Subject(kind, str(stream), tenant, lengths, billed=tuple(billed))

    def of_day(self, id: str, tenant: str) -> Subject:
        """What was recorded on that business day, and what its bills came to, whenever that was."""
        try:
            day = date.fromisoformat(id)
        except ValueError:
            raise NoEvidence from None
        if not tenant or not date.min < day < date.max:
            raise NoEvidence
        events, commands = Anchors(self._session, self._cell).within(day)
        streams = {
            stream
            for (stream,) in self._select(OF_DATE, events[0] - 1, tenant, OF_A_DATE, str(day))
        }
        found = Subject("day", str(day), tenant, self._lengths(streams, tenant), events, commands)
        ((anything,),) = self._select(ANYTHING, *events, tenant, *commands, tenant)
        if not found.streams and not anything:
            raise NoEvidence
        return found

    def events(self, of: Subject) -> Iterator[Sequence[Any]]:
        """Each with the hash before it, in order."""
        at = sorted({it.position for it in of.billed})
        values = (of.tenant, list(of.streams), at, *of.events)
        return self._rows("events", EVENT, *values)

    def bill_lines(self, of: Subject) -> Iterator[bytes]:
        """Each line of a bill that was matched, as it stands in its file."""
        return rows(self._session, of_cell(FILES, self._cell), of.tenant, of.billed)

    def commands(self, of: Subject, caused: Sequence[UUID]) -> Iterator[Sequence[Any]]:
        """Those that caused the events, and the day's."""
        return self._rows("commands", COMMAND, of.tenant, list(caused), *of.commands)

    def _lengths(self, streams: set[UUID], tenant: str) -> dict[UUID, int]:
        return dict(self._select(LENGTHS, sorted(streams), tenant))

    def _select(self, query: LiteralString, *values: object) -> list[Any]:
        return self._session.execute(of_cell(query, self._cell), values, binary=True).fetchall()

    def _rows(self, name: str, query: LiteralString, *values: object) -> Iterator[Sequence[Any]]:
        with self._session.cursor(name, binary=True) as cursor:
            cursor.execute(of_cell(query.replace("{}", "{0}"), self._cell), values)
            while page := cursor.fetchmany(PAGE):
                yield from page
