"""Closed bill dates: their totals and root are those of their dispositions, nothing was disposed of after the close,
and the books were what was signed off: clearing what waited, the channel's balance what its bill says. What came in
afterwards counts to a later date by an entry of its own.
"""

from collections.abc import Sequence
from contextlib import closing
from datetime import date
from typing import Any, Final, LiteralString
from uuid import UUID

import psycopg

from domain import accounts
from domain.bill_day_state import BillDay, evolve, pending_sums, root
from domain.events.recon import BillDayBegun, DayClosed, LateFact
from domain.ledger_entry import available, clearing
from domain.money import ZERO
from infra.cell.damage import Bad, Damaged, compare
from infra.evidence.checks import Found, Scene, is_there, snapshot, told_by
from infra.evidence.checks_ledger import REACHED
from projections import ledger
from projections.ledger_tables import TABLES
from projections.recorded import Recorded

# Two balances by the time they were read: up to a position, and after each later one until the date was closed.
HELD: LiteralString = """
with lines as materialized (
  select greatest(position, %(read_at)s) as position, debit_fen - credit_fen as fen from read.{}
  where tenant = %(tenant)s and account = %(account)s and sub_key = any(%(sub_keys)s)
    and position < %(closed_at)s and value_date <= %(until)s)
select 0 as position, 0::bigint union all
select position, (sum(sum(fen)) over (order by position))::bigint from lines group by position order by position"""
BOOKED: LiteralString = """
select sum(debit_fen - credit_fen)::bigint from read.{}
where tenant = %s and account = %s and sub_key = %s and position = %s group by nth"""
# Facts of the trade that came after the close, and that no entry of reconciliation has answered yet.
WAITING: LiteralString = """
select count(distinct f.position) from read.{0} f
where f.tenant = %s and f.account = %s and f.sub_key = %s and f.position > %s and f.event !~ %s
  and not exists (select from read.{0} x where (x.tenant, x.account, x.sub_key, x.reference)
    = (f.tenant, f.account, f.sub_key, f.reference) and x.event ~ %s)"""
OURS: Final = "^(recon|break|day)[.]"  # events of reconciliation


def check_closed_days(scene: Scene) -> Found:
    """Dispose of every line again, up to each close."""
    with closing(snapshot(scene, "tuan_projector")) as session:
        return days_in(session, scene)


def days_in(session: psycopg.Connection[Any], scene: Scene) -> Found:
    """The same, as this session sees the log and the books."""
    closed: list[tuple[Recorded, DayClosed]] = []
    late: list[tuple[Recorded, LateFact]] = []
    days: dict[UUID, BillDay] = {}
    waiting = 0
    try:
        for one in told_by(session, scene.cell, ["recon"]):
            days[one.stream] = follow(days.get(one.stream) or BillDay(), one)
            if isinstance(one.event, DayClosed):
                closed.append((one, one.event))
            elif isinstance(one.event, LateFact):
                late.append((one, one.event))
        if is_there(session, TABLES[0]):
            for one, event in closed:
                compare_books(session, one, event)
                waiting += still_waiting(session, one, event)
            compare_late(session, scene, late)
    except Damaged as damaged:
        return Found(f"closed days are DAMAGED at {damaged.bad}", damaged.bad)
    came = f"; {len(late)} late facts count to later dates, {waiting} wait for one"
    return Found(f"closed days: {len(closed)} are what they were closed with{came}")


def follow(day: BillDay, one: Recorded) -> BillDay:
    """Raises: Damaged."""
    event, place = one.event, f"events position {one.position} of bill date {one.stream}"
    if day.closed and not isinstance(event, LateFact):
        raise Damaged(Bad(place, "the date", "closed before it", "open"))
    if not isinstance(event, BillDayBegun) and day.begun is None:
        raise Damaged(Bad(place, "the date", "not begun", "begun"))
    if isinstance(event, DayClosed):
        names = ("root", "pending_ours", "pending_theirs", "pays", "refunds", "fees", "moved")
        said = tuple(getattr(event, name) for name in names)
        made = (root(day), *pending_sums(day), day.pays, day.refunds, day.fees, day.moved)
        compare(place, names, said, made)
    return evolve(day, event)


def compare_books(session: psycopg.Connection[Any], one: Recorded, event: DayClosed) -> None:
    """Clearing held what was pending of ours, and the balance what the bill says but for what was pending of
    theirs, when the date was closed. Raises: Damaged.
    """
    account, sub_key = clearing(event.channel, event.bill_date)
    compare_balance(session, one, event, account, [sub_key], date.max, event.pending_ours.fen)
    account, sub_key = available(event.channel)
    keys = [sub_key, f"{event.channel} frozen"]
    wanted = event.balance.fen - event.pending_theirs.fen
    compare_balance(session, one, event, account, keys, event.bill_date, wanted)


def compare_balance(
    session: psycopg.Connection[Any],
    one: Recorded,
    event: DayClosed,
    account: str,
    sub_keys: list[str],
    until: date,
    wanted: int,
) -> None:
    """The books were read at `ledger_position` or, where they were ahead of other read models, a little later.

    Raises: Damaged.
    """
    values = {
        "tenant": one.tenant,
        "account": account,
        "sub_keys": sub_keys,
        "read_at": event.ledger_position,
        "closed_at": one.position,
        "until": until,
    }
    query = HELD.replace("{}", TABLES[0]).encode()
    held, later = 0, list[int]()
    for position, balance in session.execute(query, values):
        if position <= event.ledger_position:
            held = balance
        else:
            later.append(balance)
    if held != wanted and wanted not in later:
        place = f"read.{TABLES[0]} {one.tenant} {account} {sub_keys[0]}"
        where = f"{place} up to position {event.ledger_position}"
        raise Damaged(Bad(where, "balance", str(held), f"{wanted}, as it was closed with"))


def compare_late(
    session: psycopg.Connection[Any], scene: Scene, late: Sequence[tuple[Recorded, LateFact]]
) -> None:
    """Each late fact was booked to its closed date, and its entry takes it away from there. Raises: Damaged.

    What was late for one date may be late for the next one too: then it came there by the entry before.
    """
    row = session.execute(REACHED, (ledger.NAME, scene.cell)).fetchone()
    reach = int(row[0]) if row else 0
    came: dict[tuple[Any, ...], int] = {}
    for one, event in late:
        fact = one.tenant, event.channel, event.kind, event.number, event.position
        at = came.get((*fact, event.bill_date), event.position)
        came[*fact, event.booked] = one.position
        if one.position > reach or event.net == ZERO:
            continue
        for position, fen in ((at, event.net.fen), (one.position, -event.net.fen)):
            if fen not in (found := booked(session, one, event, position)):
                _, sub_key = clearing(event.channel, event.bill_date)
                where = f"read.{TABLES[0]} {one.tenant} {accounts.CLEARING} {sub_key}"
                kept = " ".join(map(str, found)) or "nothing"
                wanted = f"{fen}, of a late fact"
                raise Damaged(Bad(f"{where} position {position}", "balance", kept, wanted))


def booked(
    session: psycopg.Connection[Any], one: Recorded, event: LateFact, position: int
) -> list[int]:
    """What each entry of this position put into clearing of the closed date."""
    query = BOOKED.replace("{}", TABLES[0]).encode()
    place = clearing(event.channel, event.bill_date)
    return [fen for (fen,) in session.execute(query, (one.tenant, *place, position))]


def still_waiting(session: psycopg.Connection[Any], one: Recorded, event: DayClosed) -> int:
    """How many facts came for the date after its close, and are not recorded as late yet."""
    query = WAITING.replace("{0}", TABLES[0]).encode()
    place = clearing(event.channel, event.bill_date)
    row = session.execute(query, (one.tenant, *place, one.position, OURS, OURS)).fetchone()
    return int(row[0]) if row else 0
