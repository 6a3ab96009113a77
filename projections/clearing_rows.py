"""Rows of clearing: which an event makes, and what reconciliation says about one."""

from collections.abc import Iterator
from datetime import date, datetime
from typing import Final, TypeAlias
from uuid import UUID

import msgspec

from domain import accounts
from domain.events.channel import ChargebackOpened, ChargebackWon
from domain.events.payment import PaymentCaptured
from domain.events.recon import BreakOpened, BreakPosted, LateFact, LinesMatched, LinesPending
from domain.events.refund import RefundAttemptAccepted, RefundClosed
from domain.events.split import SplitFinished, SplitReturned, SplitSubsidised, SplitUnfrozen
from domain.ledger import Entry, postings
from projections.recorded import Recorded

Booked: TypeAlias = (
    PaymentCaptured
    | RefundAttemptAccepted
    | RefundClosed
    | SplitFinished
    | SplitReturned
    | SplitUnfrozen
    | SplitSubsidised
    | ChargebackOpened
    | ChargebackWon
)
Settled: TypeAlias = LinesMatched | LinesPending | BreakOpened | BreakPosted | LateFact
Interest: TypeAlias = Booked | Settled
KINDS: Final = {"P1": "pay", "R2": "refund", "R6": "refund_closed", "C1": "chargeback", "C3": "chargeback_won"}  # fmt: skip


class Row(msgspec.Struct):
    """The columns, in order."""

    tenant: str
    position: int
    nth: int
    kind: str
    channel: str
    number: str
    channel_number: str
    amount_fen: int
    fee_fen: int
    net_fen: int
    order_id: UUID | None
    refund_id: UUID | None
    at: datetime
    booked: date


class Patch(msgspec.Struct):
    """What became of a row; what is null stays."""

    tenant: str
    kind: str
    number: str
    channel_number: str
    code: str | None = None
    bill_id: UUID | None = None
    bill_line: int | None = None
    bill_date: date | None = None
    break_id: UUID | None = None
    booked: date | None = None
    late_from: date | None = None


def rows_of(one: Recorded) -> Iterator[Row]:
    """The entries of the event that touch clearing."""
    if not isinstance(one.event, Booked):
        return
    for nth, entry in enumerate(postings(one.event)):
        net, fee = cleared(entry)
        if net + fee == 0:
            continue
        kind = KINDS.get(entry.rule, "split")
        number, channel_number, at = named(one.event, entry)
        yield Row(
            one.tenant, one.position, nth, kind, one.event.channel, number, channel_number, abs(net + fee),
            fee, net, entry.order_id, entry.refund_id, at, entry.value_date,
        )  # fmt: skip


def cleared(entry: Entry) -> tuple[int, int]:
    """What clearing gains by it, and what of the other way is a fee."""
    net = fee = 0
    for one, other in zip(entry.lines[::2], entry.lines[1::2], strict=True):
        for line, beside in ((one, other), (other, one)):
            if line.account == accounts.CLEARING:
                gained = line.debit_fen - line.credit_fen
                net += gained
                fee -= gained if beside.account == accounts.FEE else 0
    return net, fee


def named(event: Booked, entry: Entry) -> tuple[str, str, datetime]:
    """Our number of it, the channel's, and when the channel says it was."""
    match event:
        case PaymentCaptured():
            return event.payment_id.hex, event.transaction_id, event.paid_at
        case RefundAttemptAccepted():
            return event.number, event.channel_refund_id, event.accepted_at
        case RefundClosed():
            return event.number, "", event.at
        case _:
            return entry.reference, "", event.at


def patches_of(one: Recorded) -> Iterator[Patch]:
    tenant, event = one.tenant, one.event
    match event:
        case LinesMatched():
            for it in event.matches:
                yield Patch(
                    tenant, it.kind, it.number, it.channel_number, "MATCHED", event.bill_id, it.line,
                    event.bill_date,
                )  # fmt: skip
        case LinesPending():
            for wait in event.pending:
                if wait.side == "ledger":
                    yield Patch(
                        tenant, wait.kind, wait.number, wait.channel_number, "PENDING_CUTOFF",
                        bill_date=event.bill_date,
                    )  # fmt: skip
        case BreakOpened() if event.ours is not None:
            yield Patch(
                tenant, event.kind, event.number, event.channel_number, event.code, event.bill_id,
                event.line, event.bill_date, event.break_id,
            )  # fmt: skip
        case BreakPosted(resolution="matched_ledger"):
            kind, number, channel_number = event.reference.split("/")
            yield Patch(
                tenant, kind, number, channel_number, "MATCHED", bill_date=event.bill_date,
                break_id=event.break_id,
            )  # fmt: skip
        case LateFact():
            yield Patch(
                tenant, event.kind, event.number, event.channel_number, booked=event.booked,
                late_from=event.bill_date,
            )  # fmt: skip
