"""What can happen to a payout: what one statement leaves to one merchant, on a stream of its own, until it has it.

Every attempt stands here before its call and its outcome after it, as with refunds. Accepted is not paid, and
awaiting the payee's word is not paid either: only `payout.confirmed.v1` is. `next_at` is when to look again.
"""

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from domain.events.refund import RetryClass
from domain.ids import MerchantId, PayoutId, ProposalId, StatementId
from domain.money import Money

Route: TypeAlias = Literal["channel_transfer", "bank_file"]
"""A transfer out of what a payment channel holds for us, or a line of a file that our bank carries out."""

PayoutEvidence: TypeAlias = Literal["reply", "query", "bank_file", "people", "bill"]
PayoutSeen: TypeAlias = Literal[
    "processing", "awaiting_payee", "confirmed", "failed", "returned", "not_found"
]
PayoutTrouble: TypeAlias = Literal[
    "failed_again", "rejected", "returned", "bank_silent", "witnesses_differ", "worker_crashed"
]
PayoutAction: TypeAlias = Literal["retry", "reissue", "reissue_by_bank", "keep"]
"""`retry` under the same number; `reissue` under a new one, or by the bank; `keep`: what is recorded stands."""


class PayoutInitiated(msgspec.Struct, frozen=True, tag="payout.initiated.v1"):
    """A statement was closed with something left to pay. Nobody outside knows of it yet."""

    payout_id: PayoutId
    merchant_id: MerchantId
    statement_id: StatementId
    amount: Money
    route: Route
    channel: str  # whose transfer it is; "bank" for a file
    payee: str  # the account in the words of its route, sealed under the merchant's key
    saga_version: int  # of the rules that this process began under
    next_at: datetime
    at: datetime


class PayoutAttemptStarted(msgspec.Struct, frozen=True, tag="payout.attempt_started.v1"):
    """A worker is about to call, or a line goes into the bank's file. Only the one named here may, until `deadline`."""

    payout_id: PayoutId
    attempt: int  # from 1, over all numbers
    route: Route
    number: str  # out_bill_no: made of the payout's id and its generation, the same on every retry
    worker: UUID  # the worker's mark; the id of the batch for a file
    request_sha256: str  # of what will be asked, hexadecimal
    deadline: datetime  # the call's end; the day by which the bank must have answered a file
    at: datetime


class PayoutAccepted(msgspec.Struct, frozen=True, tag="payout.accepted.v1"):
    """The channel or bank has taken it on under this number: in transit. `accepted_at` is their time."""

    payout_id: PayoutId
    merchant_id: MerchantId
    channel: str
    attempt: int
    number: str
    channel_payout_id: str
    amount: Money
    accepted_at: datetime
    evidence: PayoutEvidence
    next_at: datetime
    at: datetime


class PayoutAwaitingConfirmation(
    msgspec.Struct, frozen=True, tag="payout.awaiting_confirmation.v1"
):
    """The payee must take it with a tap of his own, or it lapses: until he does he is not paid."""

    payout_id: PayoutId
    number: str
    package: str  # what the payee's client opens the page with
    evidence: PayoutEvidence
    next_at: datetime
    at: datetime


class PayoutAttemptRejected(msgspec.Struct, frozen=True, tag="payout.attempt_rejected.v1"):
    """The channel said no, and nothing moved. `retry` says what follows, by the table of that version."""

    payout_id: PayoutId
    attempt: int
    number: str
    code: str
    message: str
    retry: RetryClass
    table_version: int
    next_at: datetime
    at: datetime


class PayoutAttemptInDoubt(msgspec.Struct, frozen=True, tag="payout.attempt_in_doubt.v1"):
    """Nobody knows whether the channel did it. It is asked before anything is tried again."""

    payout_id: PayoutId
    attempt: int
    number: str
    cause: str  # timeout, reset, SYSTEM_ERROR, http_502, worker_died, ...
    next_at: datetime
    at: datetime


class PayoutQueried(msgspec.Struct, frozen=True, tag="payout.queried.v1"):
    """The channel was asked, and what it knows changes nothing."""

    payout_id: PayoutId
    number: str
    seen: PayoutSeen
    evidence: PayoutEvidence
    next_at: datetime
    at: datetime


class PayoutRetried(msgspec.Struct, frozen=True, tag="payout.retried.v1"):
    """The channel does not know the number, surely by now: the same number may be asked for again."""

    payout_id: PayoutId
    number: str
    next_at: datetime
    at: datetime


class PayoutConfirmed(msgspec.Struct, frozen=True, tag="payout.confirmed.v1"):
    """The merchant has the money. `confirmed_at` is the channel's or the bank's time, `fee` what it cost us."""

    payout_id: PayoutId
    merchant_id: MerchantId
    statement_id: StatementId
    route: Route
    channel: str
    number: str
    channel_payout_id: str
    amount: Money
    fee: Money
    confirmed_at: datetime
    evidence: PayoutEvidence
    at: datetime


class PayoutFailed(msgspec.Struct, frozen=True, tag="payout.failed.v1"):
    """This number ended without paying: the money stayed with us and is payable again."""

    payout_id: PayoutId
    merchant_id: MerchantId
    route: Route
    channel: str
    number: str
    amount: Money
    code: str  # in the channel's or the bank's words: PAYEE_LAPSED, ACCOUNT_FROZEN, ...
    evidence: PayoutEvidence
    at: datetime


class PayoutReturned(msgspec.Struct, frozen=True, tag="payout.returned.v1"):
    """The bank sent it back. `was_confirmed`: it had left our account and is on it again; its fee stays spent."""

    payout_id: PayoutId
    merchant_id: MerchantId
    route: Route
    channel: str
    number: str
    amount: Money
    was_confirmed: bool
    code: str
    returned_at: datetime
    evidence: PayoutEvidence
    at: datetime


class PayoutReissued(msgspec.Struct, frozen=True, tag="payout.reissued.v1"):
    """It goes out again under a new number, after the last one failed or came back: never two live ones."""

    payout_id: PayoutId
    merchant_id: MerchantId
    amount: Money
    route: Route
    channel: str
    payee: str
    number: str
    of: str
    generation: int
    next_at: datetime
    at: datetime


class PayoutEscalated(msgspec.Struct, frozen=True, tag="payout.escalated.v1"):
    """People must decide. What is owed stands, and what was decided stands here after it."""

    payout_id: PayoutId
    trouble: PayoutTrouble
    detail: str
    at: datetime


class PayoutResolutionProposed(msgspec.Struct, frozen=True, tag="payout.resolution_proposed.v1"):
    """Somebody says what to do with an escalated payout. `shown` is the digest of what a second one will see."""

    payout_id: PayoutId
    proposal_id: ProposalId
    action: PayoutAction
    payee: str  # another account of the same merchant, sealed; "" for the one that stands
    note: str
    by: str
    shown: str
    at: datetime


class PayoutResolutionApproved(msgspec.Struct, frozen=True, tag="payout.resolution_approved.v1"):
    """Another person has seen the same and agrees: it is done now."""

    payout_id: PayoutId
    proposal_id: ProposalId
    action: PayoutAction
    by: str
    next_at: datetime
    at: datetime


class PayoutResolutionDeclined(msgspec.Struct, frozen=True, tag="payout.resolution_declined.v1"):
    """It is not to be done."""

    payout_id: PayoutId
    proposal_id: ProposalId
    note: str
    by: str
    at: datetime


class PayoutWitnessesDiffer(msgspec.Struct, frozen=True, tag="payout.witnesses_differ.v1"):
    """Two words about one number contradict each other, or our own record."""

    payout_id: PayoutId
    number: str
    known: str
    told: str
    evidence: PayoutEvidence
    at: datetime


PayoutEvent: TypeAlias = (
    PayoutInitiated
    | PayoutAttemptStarted
    | PayoutAccepted
    | PayoutAwaitingConfirmation
    | PayoutAttemptRejected
    | PayoutAttemptInDoubt
    | PayoutQueried
    | PayoutRetried
    | PayoutConfirmed
    | PayoutFailed
    | PayoutReturned
    | PayoutReissued
    | PayoutEscalated
    | PayoutResolutionProposed
    | PayoutResolutionApproved
    | PayoutResolutionDeclined
    | PayoutWitnessesDiffer
)
