"""Payout: what a statement leaves to a merchant, paid at most once, whatever the channel or the bank does.

Accepted is on its way, and waiting for the payee is on its way too: paid is only what they confirm. Until a
number has ended by their own word, nothing is tried under another.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, TypeAlias, assert_never

import msgspec

from domain import attempts, four_eyes
from domain.attempts import Asking, Phase
from domain.decider import Decider
from domain.display import PayoutStatus
from domain.errors import NotFound
from domain.events.payout import (
    PayoutAccepted,
    PayoutAction,
    PayoutAttemptInDoubt,
    PayoutAttemptRejected,
    PayoutAttemptStarted,
    PayoutAwaitingConfirmation,
    PayoutConfirmed,
    PayoutEscalated,
    PayoutEvent,
    PayoutFailed,
    PayoutInitiated,
    PayoutQueried,
    PayoutReissued,
    PayoutResolutionApproved,
    PayoutResolutionDeclined,
    PayoutResolutionProposed,
    PayoutRetried,
    PayoutReturned,
    PayoutTrouble,
    PayoutWitnessesDiffer,
    Route,
)
from domain.ids import NIL, MerchantId, PayoutId, StatementId
from domain.money import ZERO, Money
from domain.payout_rules import SAGA_VERSION, out_bill_no

Status: TypeAlias = PayoutStatus
Ended: TypeAlias = Literal["confirmed", "failed", "returned"]
BANK = "bank"  # the channel of a file
STATUSES = {
    Phase.IDLE: Status.NEW,
    Phase.WAITING: Status.WAITING,
    Phase.NO_FUNDS: Status.NO_FUNDS,
    Phase.ATTEMPTING: Status.ATTEMPTING,
    Phase.IN_DOUBT: Status.IN_DOUBT,
    Phase.IN_HAND: Status.IN_TRANSIT,
}
ENDS: dict[Ended, Status] = {
    "confirmed": Status.CONFIRMED,
    "failed": Status.FAILED,
    "returned": Status.RETURNED,
}


class Proposal(four_eyes.Proposal, frozen=True):
    """What somebody wants done with a payout."""

    action: PayoutAction
    payee: str


class Payout(msgspec.Struct):
    """What a decision needs to know, and no more."""

    id: PayoutId = PayoutId(NIL)
    merchant_id: MerchantId = MerchantId(NIL)
    statement_id: StatementId = StatementId(NIL)
    amount: Money = ZERO
    route: Route = "channel_transfer"
    channel: str = ""
    payee: str = ""
    asking: Asking = msgspec.field(default_factory=Asking)
    generation: int = 0
    ended: dict[str, Ended] = {}  # number -> its last word; only ever grows
    code: str = ""  # why the last number failed
    awaiting: bool = False  # the payee has to take it
    channel_payout_id: str = ""
    differing: set[str] = set()  # words that contradicted what was known; only ever grows
    trouble: PayoutTrouble | None = None  # set while people look after it
    detail: str = ""
    proposal: Proposal | None = None
    goes_on_by: PayoutAction | None = None  # what two people agreed on for its next number
    version: int = 0  # events so far

    @property
    def status(self) -> Status:
        last = self.ended.get(self.asking.number)
        if last is not None:
            return ENDS[last]
        in_hand = self.asking.phase is Phase.IN_HAND
        return Status.AWAITING_PAYEE if self.awaiting and in_hand else STATUSES[self.asking.phase]


Step: TypeAlias = Literal[
    "call", "give_up_on_worker", "query", "reissue", "bank_silent", "wait", "people", "over"
]


class PayoutNotFound(NotFound, code="payout_not_found", zh="打款单不存在"):
    """No payout with this id or number exists."""


# --- decisions ------------------------------------------------------------------------------


def initiate(
    payout: Payout,
    *,
    payout_id: PayoutId,
    merchant_id: MerchantId,
    statement_id: StatementId,
    amount: Money,
    route: Route,
    channel: str,
    payee: str,
    at: datetime,
) -> tuple[PayoutInitiated, ...]:
    """Begin to pay what a closed statement leaves. Nothing when that began before, or leaves nothing."""
    if payout.version or amount.fen <= 0:
        return ()
    return (
        PayoutInitiated(
            payout_id=payout_id,
            merchant_id=merchant_id,
            statement_id=statement_id,
            amount=amount,
            route=route,
            channel=BANK if route == "bank_file" else channel,
            payee=payee,
            saga_version=SAGA_VERSION,
            next_at=at,
            at=at,
        ),
    )


def next_step(payout: Payout, at: datetime) -> Step:
    """What is to be done now. The state decides: looking early, late or twice does no harm."""
    last = payout.ended.get(payout.asking.number)
    if last == "confirmed":
        return "over"
    if last is not None:
        return "people" if payout.trouble else "reissue"
    step = attempts.move(payout.asking, at)
    if payout.route == "bank_file":
        if step == "give_up_on_worker":
            return "people" if payout.trouble else "bank_silent"
        return "wait"  # for the next file, or for the bank
    if step == "call" and payout.trouble is not None:
        return "people"
    return step


def trouble(
    payout: Payout, what: PayoutTrouble, detail: str, at: datetime
) -> tuple[PayoutEscalated, ...]:
    """Call people, once."""
    if payout.trouble == what:
        return ()
    return (PayoutEscalated(payout.id, what, detail[:300], at),)


# --- parts of decisions ---------------------------------------------------------------------


def after(payout: Payout, events: Sequence[PayoutEvent]) -> Payout:
    """The payout as it will be once these events are recorded."""
    preview = msgspec.structs.replace(
        payout,
        asking=msgspec.structs.replace(payout.asking),
        ended=dict(payout.ended),
        differing=set(payout.differing),
    )
    for event in events:
        evolve(preview, event)
    return preview


Attempted: TypeAlias = (
    PayoutAttemptStarted
    | PayoutAccepted
    | PayoutAwaitingConfirmation
    | PayoutAttemptRejected
    | PayoutAttemptInDoubt
    | PayoutQueried
    | PayoutRetried
)
Decided: TypeAlias = PayoutResolutionProposed | PayoutResolutionApproved | PayoutResolutionDeclined


# --- evolution ------------------------------------------------------------------------------


def evolve(payout: Payout, event: PayoutEvent) -> Payout:
    """Believe the event. No rule is checked here, so history replays under any future rule."""
    payout.version += 1
    match event:
        case PayoutInitiated():
            payout.id, payout.merchant_id = event.payout_id, event.merchant_id
            payout.statement_id, payout.amount = event.statement_id, event.amount
            payout.route, payout.channel, payout.payee = event.route, event.channel, event.payee
            attempts.wait_for(payout.asking, out_bill_no(event.payout_id, 0), event.next_at)
        case (
            PayoutAttemptStarted()
            | PayoutAccepted()
            | PayoutAwaitingConfirmation()
            | PayoutAttemptRejected()
            | PayoutAttemptInDoubt()
            | PayoutQueried()
            | PayoutRetried()
        ):
            attempted(payout, event)
        case PayoutConfirmed():
            end(payout, event.number, "confirmed")
            payout.trouble, payout.proposal = None, None
        case PayoutFailed():
            end(payout, event.number, "failed")
            payout.code = event.code
        case PayoutReturned():
            end(payout, event.number, "returned")
            payout.code = event.code
        case PayoutReissued():
            payout.route, payout.channel, payout.payee = event.route, event.channel, event.payee
            payout.generation, payout.goes_on_by = event.generation, None
            payout.awaiting, payout.channel_payout_id = False, ""
            attempts.wait_for(payout.asking, event.number, event.next_at)
        case PayoutEscalated():
            payout.trouble, payout.detail, payout.proposal = event.trouble, event.detail, None
        case PayoutResolutionProposed() | PayoutResolutionApproved() | PayoutResolutionDeclined():
            decided(payout, event)
        case PayoutWitnessesDiffer():
            payout.differing.add(f"{event.number} {event.told}")
        case _:
            assert_never(event)
    return payout


def end(payout: Payout, number: str, how: Ended) -> None:
    payout.ended[number] = how
    if number == payout.asking.number:
        attempts.ended(payout.asking)


def attempted(payout: Payout, event: Attempted) -> None:
    asking = payout.asking
    match event:
        case PayoutAttemptStarted():
            attempts.started(asking, event.attempt, event.number, event.worker, event.deadline)
        case PayoutAccepted():
            attempts.accepted(asking, event.next_at)
            payout.channel_payout_id = event.channel_payout_id
        case PayoutAwaitingConfirmation():
            payout.awaiting, asking.next_at = True, event.next_at
        case PayoutAttemptRejected():
            attempts.rejected(asking, event.retry, event.next_at)
        case PayoutAttemptInDoubt():
            attempts.in_doubt(asking, event.next_at)
        case PayoutQueried():
            found = event.seen != "not_found"
            attempts.queried(asking, found=found, next_at=event.next_at, at=event.at)
        case PayoutRetried():
            attempts.wait_for(asking, event.number, event.next_at)


def decided(payout: Payout, event: Decided) -> None:
    match event:
        case PayoutResolutionProposed():
            payout.proposal = Proposal(
                event.proposal_id,
                event.by,
                event.shown,
                payout.version,
                event.action,
                event.payee,
            )
        case PayoutResolutionApproved():
            payout.trouble, payout.asking.tries = None, 0
            if payout.proposal is not None and payout.proposal.payee:
                payout.payee = payout.proposal.payee
            payout.proposal, payout.asking.next_at = None, event.next_at
            payout.goes_on_by = event.action if event.action.startswith("reissue") else None
        case PayoutResolutionDeclined():
            payout.proposal = None


PAYOUT: Decider[Payout, PayoutEvent] = Decider("payout", Payout, PayoutEvent, evolve)
