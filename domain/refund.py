"""Refund: one debt, paid back by the original route at most once, whatever the channel does.

What the channel does is only ever known by its own words: the answer to a call, a query, a notification, a
bill. Until one of them is final, nothing is tried under another number.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias, assert_never
from uuid import UUID

import msgspec

from domain import four_eyes
from domain.decider import Decider
from domain.display import RefundStatus
from domain.errors import NotFound
from domain.events.order import RefundOwed, RefundReason
from domain.events.refund import (
    Action,
    Call,
    RefundAbnormal,
    RefundAttemptAccepted,
    RefundAttemptInDoubt,
    RefundAttemptRejected,
    RefundAttemptStarted,
    RefundClosed,
    RefundConfirmedByBill,
    RefundEscalated,
    RefundEvent,
    RefundPaidElsewhere,
    RefundProposed,
    RefundQueried,
    RefundReissued,
    RefundRequested,
    RefundResolutionApproved,
    RefundResolutionDeclined,
    RefundResolutionProposed,
    RefundRetried,
    RefundReturned,
    RefundSucceeded,
    RefundWitnessesDiffer,
    Trouble,
)
from domain.ids import NIL, OrderId, PaymentId, RefundId, UserId
from domain.money import ZERO, Money
from domain.refund_numbers import out_refund_no
from domain.refund_rules import SAGA_VERSION

Status: TypeAlias = RefundStatus
OVER = frozenset({Status.SUCCEEDED, Status.PAID_ELSEWHERE, Status.DECLINED})
TO_TRY = frozenset({Status.WAITING, Status.NO_FUNDS})
TO_ASK = frozenset({Status.IN_DOUBT, Status.PROCESSING})


class Proposal(four_eyes.Proposal, frozen=True):
    """What somebody wants done with the refund; `reference` is of a payment by another route."""

    action: Action
    reference: str = ""


class Refund(msgspec.Struct):
    """What a decision needs to know, and no more."""

    id: RefundId = RefundId(NIL)
    order_id: OrderId = OrderId(NIL)
    payment_id: PaymentId = PaymentId(NIL)
    buyer: UserId = UserId(NIL)
    channel: str = ""
    transaction_id: str = ""
    amount: Money = ZERO
    paid: Money = ZERO
    why: RefundReason = "operator"
    status: Status = Status.NEW
    trouble: Trouble | None = None  # set while people look after it
    detail: str = ""
    number: str = ""  # the live one; earlier ones are in `ended`
    generation: int = 0
    ended: dict[
        str, str
    ] = {}  # number -> its last word: closed, succeeded, returned; only ever grows
    accepted: bool = False  # the channel has taken the live number on
    channel_refund_id: str = ""
    fee_back: Money = ZERO
    call: Call = "refund"
    attempt: int = 0  # over all numbers
    worker: UUID = NIL
    deadline: datetime | None = None
    tries: int = 0  # looks in a row that changed nothing
    differing: set[str] = set()  # words that contradicted what was known; only ever grows
    unseen: int = 0  # times the channel did not know the number, and since when
    unseen_at: datetime | None = None
    next_at: datetime | None = None
    proposal: Proposal | None = None
    bills: set[str] = set()  # digests of the files that confirmed it
    version: int = 0  # events so far


Step: TypeAlias = Literal["call", "give_up_on_worker", "query", "reissue", "wait", "people", "over"]


class RefundNotFound(NotFound, code="refund_not_found", zh="退款单不存在"):
    """No refund with this id or number exists."""


# --- decisions: asking the channel ----------------------------------------------------------


def request(
    refund: Refund, debt: RefundOwed, *, buyer: UserId, channel: str, paid: Money, at: datetime
) -> tuple[RefundEvent, ...]:
    """Begin to pay a debt back."""
    if refund.status is not Status.NEW:
        return ()
    return (
        RefundRequested(
            refund_id=debt.refund_id,
            order_id=debt.order_id,
            payment_id=debt.payment_id,
            buyer=buyer,
            channel=channel,
            transaction_id=debt.transaction_id,
            amount=debt.amount,
            paid=paid,
            why=debt.why,
            saga_version=SAGA_VERSION,
            next_at=at,
            at=at,
        ),
    )


def next_step(refund: Refund, at: datetime) -> Step:
    """What is to be done now. The state decides: looking early, late or twice does no harm."""
    if refund.status in OVER:
        return "over"
    if refund.status is Status.ATTEMPTING:
        assert refund.deadline is not None
        return "give_up_on_worker" if at >= refund.deadline else "wait"
    if refund.next_at is not None and at < refund.next_at:
        return "wait"
    if refund.status in TO_ASK:
        return "query"
    if refund.trouble is not None or refund.status is Status.PROPOSED:
        return "people"
    if refund.status in TO_TRY:
        return "call"
    return "reissue" if refund.status is Status.CLOSED else "people"


def trouble(refund: Refund, what: Trouble, detail: str, at: datetime) -> tuple[RefundEvent, ...]:
    """Call people, once."""
    if refund.trouble == what:
        return ()
    return (RefundEscalated(refund.id, refund.order_id, what, detail, at),)


# --- parts of decisions ---------------------------------------------------------------------


def after(refund: Refund, events: Sequence[RefundEvent]) -> Refund:
    """The refund as it will be once these events are recorded."""
    preview = msgspec.structs.replace(
        refund,
        ended=dict(refund.ended),
        bills=set(refund.bills),
        differing=set(refund.differing),
    )
    for event in events:
        evolve(preview, event)
    return preview


Attempted: TypeAlias = (
    RefundAttemptStarted | RefundAttemptAccepted | RefundAttemptRejected | RefundAttemptInDoubt
)
Decided: TypeAlias = (
    RefundResolutionProposed
    | RefundResolutionApproved
    | RefundResolutionDeclined
    | RefundPaidElsewhere
)


# --- evolution ------------------------------------------------------------------------------


def evolve(refund: Refund, event: RefundEvent) -> Refund:
    """Believe the event. No rule is checked here, so history replays under any future rule."""
    refund.version += 1
    match event:
        case RefundRequested() | RefundProposed():
            begin(refund, event)
        case (
            RefundAttemptStarted()
            | RefundAttemptAccepted()
            | RefundAttemptRejected()
            | RefundAttemptInDoubt()
        ):
            attempted(refund, event)
        case RefundQueried():
            queried(refund, event)
        case RefundRetried():
            refund.status, refund.next_at, refund.tries = Status.WAITING, event.next_at, 0
        case RefundSucceeded():
            refund.status, refund.trouble = Status.SUCCEEDED, None
            refund.ended[event.number] = "succeeded"
        case RefundClosed():
            refund.status, refund.next_at = Status.CLOSED, event.at
            refund.ended[event.number] = "closed"
            refund.accepted = False
        case RefundAbnormal():
            refund.status = Status.ABNORMAL
        case RefundReturned():
            refund.status = Status.RETURNED
            refund.ended[event.number] = "returned"
        case RefundReissued():
            refund.status, refund.next_at, refund.tries = Status.WAITING, event.next_at, 0
            refund.number, refund.generation = event.number, event.generation
            refund.call, refund.channel_refund_id, refund.proposal = "refund", "", None
        case RefundEscalated():
            refund.trouble, refund.detail, refund.proposal = event.trouble, event.detail, None
        case (
            RefundResolutionProposed()
            | RefundResolutionApproved()
            | RefundResolutionDeclined()
            | RefundPaidElsewhere()
        ):
            decided(refund, event)
        case RefundWitnessesDiffer():
            refund.differing.add(f"{event.number} {event.told}")
        case RefundConfirmedByBill():
            refund.bills.add(event.file_sha256)
        case _:
            assert_never(event)
    return refund


def begin(refund: Refund, event: RefundRequested | RefundProposed) -> None:
    refund.id, refund.order_id = event.refund_id, event.order_id
    refund.payment_id, refund.transaction_id = event.payment_id, event.transaction_id
    refund.buyer, refund.channel = event.buyer, event.channel
    refund.amount, refund.paid = event.amount, event.paid
    refund.number = out_refund_no(event.refund_id, 0)
    if isinstance(event, RefundRequested):
        refund.status, refund.next_at, refund.why = Status.WAITING, event.next_at, event.why
        return
    refund.status = Status.PROPOSED
    refund.proposal = Proposal(event.proposal_id, event.by, event.shown, refund.version, "pay")


def attempted(refund: Refund, event: Attempted) -> None:
    match event:
        case RefundAttemptStarted():
            refund.status = Status.ATTEMPTING
            refund.attempt, refund.call, refund.number = event.attempt, event.call, event.number
            refund.worker, refund.deadline = event.worker, event.deadline
            refund.fee_back = event.fee_back
            refund.unseen, refund.unseen_at = 0, None
        case RefundAttemptAccepted():
            refund.status, refund.accepted = Status.PROCESSING, True
            refund.channel_refund_id = event.channel_refund_id
            refund.next_at, refund.tries = event.next_at, 0
        case RefundAttemptRejected():
            short = event.retry == "needs_funds"
            refund.status = Status.NO_FUNDS if short else Status.WAITING
            refund.next_at = event.next_at
            refund.tries += 1
        case RefundAttemptInDoubt():
            refund.status, refund.next_at, refund.tries = Status.IN_DOUBT, event.next_at, 0


def queried(refund: Refund, event: RefundQueried) -> None:
    refund.next_at = event.next_at
    refund.tries += 1
    if event.seen == "not_found":
        refund.unseen += 1
        refund.unseen_at = refund.unseen_at or event.at
    elif refund.status in (Status.ATTEMPTING, Status.IN_DOUBT):
        refund.status = Status.PROCESSING


def decided(refund: Refund, event: Decided) -> None:
    match event:
        case RefundResolutionProposed():
            refund.proposal = Proposal(
                event.proposal_id,
                event.by,
                event.shown,
                refund.version,
                event.action,
                event.reference,
            )
        case RefundResolutionApproved():
            approved(refund, event)
        case RefundResolutionDeclined():
            refund.proposal = None
            if refund.status is Status.PROPOSED:
                refund.status = Status.DECLINED
        case RefundPaidElsewhere():
            refund.status, refund.trouble = Status.PAID_ELSEWHERE, None
            refund.ended[refund.number] = "paid_elsewhere"


def approved(refund: Refund, event: RefundResolutionApproved) -> None:
    """Two people agreed: the refund goes on by itself again, but for what they did themselves."""
    refund.next_at, refund.tries, refund.trouble = event.next_at, 0, None
    match event.action:
        case "retry" if refund.status not in TO_TRY:
            refund.proposal = None  # the channel is asked, as before
        case "pay" | "retry":
            refund.status, refund.proposal = Status.WAITING, None
        case "return":
            refund.status, refund.call, refund.proposal = Status.WAITING, "return", None
        case "reissue":  # the proposal stays, for it allows another number
            refund.status = Status.CLOSED
            refund.ended.setdefault(refund.number, "closed")
        case "paid_elsewhere" | "keep":
            refund.proposal = None
        case _:
            assert_never(event.action)


REFUND: Decider[Refund, RefundEvent] = Decider("refund", Refund, RefundEvent, evolve)
