"""The books: every stored line is what its event means, sums are those of the lines, and all of it adds up to zero."""

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, Final, LiteralString, NamedTuple

import msgspec
import psycopg

from domain.ledger import postings
from infra.cell.damage import Bad, Damaged, readable
from infra.evidence.checks import (
    PAGE,
    Found,
    Scene,
    decode,
    is_there,
    of_cell,
    snapshot,
    strangers,
)
from projections import ledger
from projections.ledger_tables import TABLES
from projections.recorded import Recorded

REACHED: LiteralString = "select position from read.checkpoints where handler = %s and cell = %s"
EVENTS: LiteralString = """
select e.position, e.recorded_at, e.tenant, e.stream_id, e.data from {}.events e
left join read.parked p on p.handler = %s and p.cell = %s and p.position = e.position
where e.position <= %s and p.position is null order by e.position"""
LINES_TABLE, BALANCES_TABLE, DAYS_TABLE = TABLES
LINES: str = f"""
select {", ".join(ledger.Line.__struct_fields__)} from read.{LINES_TABLE}
where tenant <> all(%s) order by position, tenant, nth, line"""
UNEVEN: str = f"""
select tenant, position, nth, sum(debit_fen)::bigint, sum(credit_fen)::bigint from read.{LINES_TABLE}
where tenant <> all(%s) group by 1, 2, 3 having sum(debit_fen) <> sum(credit_fen)
order by position, tenant, nth limit 1"""
TENANTS: str = f"""
select tenant, sum(debit_fen)::bigint, sum(credit_fen)::bigint from read.{BALANCES_TABLE}
where tenant <> all(%s) group by 1 order by 1"""
SUMS: str = """
select to_jsonb(kept), to_jsonb(made)
from (select {keys}, debit_fen, credit_fen, position from read.{table} where tenant <> all(%s)) kept
full join (select {keys}, sum(debit_fen)::bigint as debit_fen, sum(credit_fen)::bigint as credit_fen,
             max(position) as position from read.{lines} where tenant <> all(%s) group by {keys}) made
using ({keys}) where to_jsonb(kept) is distinct from to_jsonb(made) order by {keys} limit 1"""
KEYS: Final = {
    BALANCES_TABLE: "tenant, account, sub_key",
    DAYS_TABLE: "tenant, value_date, account",
}


class Reach(NamedTuple):
    """How much of the log the books hold, and whose lines are none of this cell's."""

    position: int
    strangers: list[str]


def check_ledger(scene: Scene) -> Found:
    """Compare every line with its event, and every sum with its lines."""
    with closing(snapshot(scene, "tuan_projector")) as session:
        return ledger_in(session, scene)


def ledger_in(session: psycopg.Connection[Any], scene: Scene) -> Found:
    """The same, as this session sees the books and the log."""
    row = session.execute(REACHED, (ledger.NAME, scene.cell)).fetchone()
    if row is None or not is_there(session, LINES_TABLE):
        return Found("ledger: no projector has kept books here yet")
    reach = Reach(row[0], strangers(session, scene.cell))
    try:
        lines = compare_lines(session, scene, reach)
        for table in KEYS:
            compare_sums(session, table, reach)
        tenants = zero(session, reach)
    except Damaged as damaged:
        return Found(f"ledger is DAMAGED at {damaged.bad}", damaged.bad)
    said = f"{lines:,} lines are what {reach.position:,} events mean"
    return Found(f"ledger: zero for {tenants} tenants; {said}")


def compare_lines(session: psycopg.Connection[Any], scene: Scene, reach: Reach) -> int:
    """Raises: Damaged."""
    stored = rows(session, "lines", LINES, reach.strangers)
    number = 0
    for made in expected(session, scene, reach):
        number += 1
        compare_line(next(stored, None), made)
        if number % PAGE == 0:
            scene.told(f"{number:,} lines")
    for extra in stored:
        line = ledger.Line(*extra)
        raise Damaged(Bad(place(line), "the line", "there", "none: its event means nothing more"))
    return number


def expected(session: psycopg.Connection[Any], scene: Scene, reach: Reach) -> Iterator[ledger.Line]:
    """Every line that the log means, in order. Raises: Damaged."""
    query = of_cell(EVENTS, scene.cell)
    values = (ledger.NAME, scene.cell, reach.position)
    for position, at, tenant, stream, data in rows(session, "events", query, *values):
        try:
            event = decode(data)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            bad = Bad(f"events position {position}", "data", f"unreadable ({error})", "an event")
            raise Damaged(bad) from error
        one = Recorded(position, at, tenant, stream, event)
        for nth, entry in enumerate(postings(event)):
            yield from ledger.lines_of(one, nth, entry)


def compare_line(row: Sequence[Any] | None, made: ledger.Line) -> None:
    """Raises: Damaged."""
    if row is None:
        raise Damaged(Bad(place(made), "the line", "missing", described(made)))
    line = ledger.Line(*row)
    where = (line.position, line.tenant, line.nth, line.line)
    should = (made.position, made.tenant, made.nth, made.line)
    if where < should:
        raise Damaged(Bad(place(line), "the line", "there", "none: its event means nothing more"))
    if where > should:
        raise Damaged(Bad(place(made), "the line", "missing", described(made)))
    for name in ledger.Line.__struct_fields__:
        kept, wanted = getattr(line, name), getattr(made, name)
        if kept != wanted:
            raise Damaged(Bad(place(made), name, readable(kept), readable(wanted)))


def place(line: ledger.Line) -> str:
    return f"read.{LINES_TABLE} {line.tenant} position {line.position} entry {line.nth} line {line.line}"


def described(line: ledger.Line) -> str:
    side = f"debit {line.debit_fen}" if line.debit_fen else f"credit {line.credit_fen}"
    return f"{side} on {line.account} {line.sub_key}"


def zero(session: psycopg.Connection[Any], reach: Reach) -> int:
    """How many tenants have books, each of which adds up to zero. Raises: Damaged."""
    for tenant, position, nth, debit, credit in session.execute(
        UNEVEN.encode(), (reach.strangers,)
    ):
        where = f"read.{LINES_TABLE} {tenant} position {position} entry {nth}"
        raise Damaged(Bad(where, "debit", str(debit), f"its credit, {credit}"))
    found = session.execute(TENANTS.encode(), (reach.strangers,)).fetchall()
    for tenant, debit, credit in found:
        if debit != credit:
            where = f"read.{BALANCES_TABLE} {tenant}"
            raise Damaged(Bad(where, "debit", str(debit), f"its credit, {credit}"))
    return len(found)


def compare_sums(session: psycopg.Connection[Any], table: str, reach: Reach) -> None:
    """Raises: Damaged for the first row that is not the sum of its lines."""
    query = SUMS.format(table=table, keys=KEYS[table], lines=LINES_TABLE).encode()
    for kept, made in session.execute(query, (reach.strangers, reach.strangers)):
        raise Damaged(differing(f"read.{table}", KEYS[table].split(", "), kept, made))


def differing(
    table: str, keys: Sequence[str], kept: dict[str, Any] | None, made: dict[str, Any] | None
) -> Bad:
    """Where two rows with one key differ first; one of them may not be there at all."""
    key = " ".join(f"{name} {(kept or made or {}).get(name)}" for name in keys)
    where = f"{table} {key}"
    if kept is None or made is None:
        return Bad(where, "the row", "missing" if kept is None else "there", str(made))
    name = next(name for name in kept if kept[name] != made.get(name))
    return Bad(where, name, str(kept[name]), str(made.get(name)))


def rows(
    session: psycopg.Connection[Any], name: str, query: Any, *values: Any
) -> Iterator[Sequence[Any]]:
    """All rows in order, a page at a time."""
    with session.cursor(name, binary=True) as cursor:
        cursor.execute(query if not isinstance(query, str) else query.encode(), values)
        while page := cursor.fetchmany(PAGE):
            yield from page
