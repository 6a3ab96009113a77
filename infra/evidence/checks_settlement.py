"""Settlement: a closed statement is the sum of its lines, by amount and by root, and its payout is what it left to pay."""

from contextlib import closing
from typing import Any
from uuid import UUID

import psycopg

from domain.events.payout import (
    PayoutAccepted,
    PayoutConfirmed,
    PayoutFailed,
    PayoutInitiated,
    PayoutReissued,
    PayoutReturned,
)
from domain.events.statement import StatementClosed, StatementLineAdded, StatementOpened
from domain.merkle import Frontier
from domain.money import ZERO
from domain.statement import Statement, evolve
from infra.cell.damage import Bad, Damaged, compare
from infra.evidence.checks import Found, Scene, snapshot, told_by
from projections.recorded import Recorded

SAY_AMOUNT = PayoutAccepted | PayoutConfirmed | PayoutFailed | PayoutReissued | PayoutReturned


def check_settlement(scene: Scene) -> Found:
    """Add every statement up again, and compare payouts with them."""
    with closing(snapshot(scene, "tuan_projector")) as session:
        return settlement_in(session, scene)


def settlement_in(session: psycopg.Connection[Any], scene: Scene) -> Found:
    """The same, as this session sees the log."""
    books = Settled()
    try:
        for one in told_by(session, scene.cell, ["statement", "payout"]):
            books.take(one)
        books.end()
    except Damaged as damaged:
        return Found(f"settlement is DAMAGED at {damaged.bad}", damaged.bad)
    return Found(
        f"settlement: {books.closed} statements are the sums of their lines,"
        f" {len(books.paying)} payouts what they left to pay"
    )


class Settled:
    """Statements that are open, what closed ones left, and what is being paid."""

    def __init__(self) -> None:
        self.open: dict[UUID, Statement] = {}
        self.left: dict[UUID, tuple[int, StatementClosed]] = {}  # closed, and not yet paid out
        self.paying: dict[UUID, PayoutInitiated] = {}
        self.closed = 0

    def take(self, one: Recorded) -> None:
        """Raises: Damaged."""
        event = one.event
        match event:
            case StatementOpened() | StatementLineAdded():
                state = self.open.setdefault(one.stream, Statement())
                self.open[one.stream] = evolve(state, event)
            case StatementClosed():
                self.close(one, event, self.open.pop(one.stream, Statement()))
            case PayoutInitiated():
                self.initiate(one, event)
            case _ if isinstance(event, SAY_AMOUNT):
                paying = self.paying.get(one.stream)
                should = paying.amount if paying else ZERO
                place = f"events position {one.position} of payout {one.stream}"
                compare(place, ("amount",), (event.amount.fen,), (should.fen,))

    def close(self, one: Recorded, event: StatementClosed, state: Statement) -> None:
        names = ("lines", "root", "totals", "net", "net + carried_in")
        root = Frontier(state.lines, state.peaks).root().hex()
        net = state.payable + state.receivable
        said = (
            *(event.lines, event.root, event.totals, event.net.fen),
            (event.net + event.carried_in).fen,
        )
        made = (
            *(state.lines, root, state.totals, net.fen),
            (event.payable - event.carried_out).fen,
        )
        compare(f"events position {one.position} of statement {one.stream}", names, said, made)
        self.closed += 1
        if event.payable > ZERO:
            self.left[one.stream] = (one.position, event)

    def initiate(self, one: Recorded, event: PayoutInitiated) -> None:
        place = f"events position {one.position} of payout {one.stream}"
        found = self.left.pop(event.statement_id, None)
        if found is None or one.stream in self.paying:
            raise Damaged(Bad(place, "its statement", "paid already, or open", "closed and unpaid"))
        compare(place, ("amount",), (event.amount.fen,), (found[1].payable.fen,))
        self.paying[one.stream] = event

    def end(self) -> None:
        for stream, (position, event) in self.left.items():
            place = f"events position {position} of statement {stream}"
            raise Damaged(Bad(place, "its payout", "missing", f"one of {event.payable.fen} fen"))
