"""Closed bill dates: their totals and root are those of their dispositions, their books were what was signed off,
and nothing was disposed of after the close."""

from contextlib import closing
from typing import Any, LiteralString
from uuid import UUID

import psycopg

from domain import accounts
from domain.bill_day_state import BillDay, evolve, pending_sums, root
from domain.events.recon import BillDayBegun, DayClosed, LateFact
from domain.ledger_entry import clearing
from infra.cell.damage import Bad, Damaged, compare
from infra.evidence.checks import Found, Scene, is_there, snapshot, told_by
from projections.ledger_tables import TABLES
from projections.recorded import Recorded

HELD: LiteralString = """
select position, (sum(sum(debit_fen - credit_fen)) over (order by position))::bigint
from read.{} where tenant = %s and account = %s and sub_key = %s and position < %s
group by position order by position"""


def check_closed_days(scene: Scene) -> Found:
    """Dispose of every line again, up to each close."""
    with closing(snapshot(scene, "tuan_projector")) as session:
        return days_in(session, scene)


def days_in(session: psycopg.Connection[Any], scene: Scene) -> Found:
    """The same, as this session sees the log and the books."""
    closed: list[tuple[Recorded, DayClosed]] = []
    days: dict[UUID, BillDay] = {}
    try:
        for one in told_by(session, scene.cell, ["recon"]):
            days[one.stream] = follow(days.get(one.stream) or BillDay(), one)
            if isinstance(one.event, DayClosed):
                closed.append((one, one.event))
        for one, event in closed if is_there(session, TABLES[0]) else ():
            compare_books(session, one, event)
    except Damaged as damaged:
        return Found(f"closed days are DAMAGED at {damaged.bad}", damaged.bad)
    return Found(f"closed days: {len(closed)} are what they were closed with")


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
    """What clearing held for the date when it was closed is what was pending. Raises: Damaged.

    The books were read at `ledger_position` or, where they were ahead of other read models, a little later.
    """
    _, sub_key = clearing(event.channel, event.bill_date)
    query = HELD.replace("{}", TABLES[0]).encode()
    values = (one.tenant, accounts.CLEARING, sub_key, one.position)
    held, later = 0, []
    for position, balance in session.execute(query, values):
        if position <= event.ledger_position:
            held = balance
        else:
            later.append(balance)
    pending = event.pending_ours.fen
    if held != pending and pending not in later:
        place = f"read.{TABLES[0]} {one.tenant} {accounts.CLEARING} {sub_key}"
        where = f"{place} up to position {event.ledger_position}"
        raise Damaged(Bad(where, "balance", str(held), f"{pending}, as it was closed with"))
