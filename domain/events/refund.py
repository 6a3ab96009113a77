"""What can happen to a refund: one debt to one buyer, on a stream of its own, until the money has arrived.

Every attempt stands here before its call and its outcome after it, so that it can be shown that the money
moved at most once. `next_at` is when the refund is to be looked at again.
"""

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from domain.events.order import RefundReason
from domain.ids import OrderId, PaymentId, ProposalId, RefundId, UserId
from domain.money import Money
from domain.policies import MoneyMode

Evidence: TypeAlias = Literal["reply", "query", "notification", "bill"]
RetryClass: TypeAlias = Literal["retry_same", "query_first", "final", "needs_funds", "needs_human"]
Call: TypeAlias = Literal["refund", "return"]
"""`return` asks the channel to send an abnormal refund's money to our own bank account."""

Trouble: TypeAlias = Literal[
    "abnormal", "closed_again", "rejected", "too_old", "too_many", "over_capture", "witnesses_differ",
    "worker_crashed", "returned",
]  # fmt: skip
Action: TypeAlias = Literal["pay", "retry", "reissue", "return", "paid_elsewhere", "keep"]
"""`pay` an operator's wish; `retry` under the same number; `keep`: what is recorded stands."""

Seen: TypeAlias = Literal["processing", "succeeded", "closed", "abnormal", "not_found"]


class RefundRequested(msgspec.Struct, frozen=True, tag="refund.requested.v1"):
    """The debt is to be paid back by the original route. The channel knows nothing of it yet."""

    refund_id: RefundId
    order_id: OrderId
    payment_id: PaymentId
    buyer: UserId
    channel: str
    transaction_id: str
    amount: Money
    paid: Money  # what the whole transaction was
    why: RefundReason
    saga_version: int  # of the rules that this process began under
    next_at: datetime
    at: datetime


class RefundAttemptStarted(msgspec.Struct, frozen=True, tag="refund.attempt_started.v1"):
    """A worker is about to call the channel. Only the worker named here may, and only until `deadline`."""

    refund_id: RefundId
    attempt: int  # from 1, over all numbers
    call: Call
    number: str  # out_refund_no: the same on every retry
    worker: UUID
    request_sha256: str  # of what will be asked, hexadecimal
    fee_back: Money  # part of its fee that the channel gives back with it
    deadline: datetime
    at: datetime


class RefundAttemptAccepted(msgspec.Struct, frozen=True, tag="refund.attempt_accepted.v1"):
    """The channel has taken the refund on under this number; it is on its way. `accepted_at` is the channel's time."""

    refund_id: RefundId
    order_id: OrderId
    channel: str
    attempt: int
    number: str
    channel_refund_id: str
    amount: Money
    fee_back: Money  # part of its fee that the channel gives back
    accepted_at: datetime
    evidence: Evidence
    next_at: datetime
    at: datetime
    mode: MoneyMode = "platform_collect"


class RefundAttemptRejected(msgspec.Struct, frozen=True, tag="refund.attempt_rejected.v1"):
    """The channel said no, and nothing moved. `retry` says what follows, by the table of that version."""

    refund_id: RefundId
    attempt: int
    number: str
    code: str
    message: str
    retry: RetryClass
    table_version: int
    next_at: datetime
    at: datetime


class RefundAttemptInDoubt(msgspec.Struct, frozen=True, tag="refund.attempt_in_doubt.v1"):
    """Nobody knows whether the channel did it. It is asked before anything is tried again."""

    refund_id: RefundId
    attempt: int
    number: str
    cause: str  # timeout, reset, SYSTEM_ERROR, http_502, worker_died, ...
    next_at: datetime
    at: datetime


class RefundQueried(msgspec.Struct, frozen=True, tag="refund.queried.v1"):
    """The channel was asked, or told us, and what it knows changes nothing."""

    refund_id: RefundId
    number: str
    seen: Seen
    evidence: Evidence
    next_at: datetime
    at: datetime


class RefundRetried(msgspec.Struct, frozen=True, tag="refund.retried.v1"):
    """The channel does not know the number, surely by now: the same number may be asked for again."""

    refund_id: RefundId
    number: str
    next_at: datetime
    at: datetime


class RefundSucceeded(msgspec.Struct, frozen=True, tag="refund.succeeded.v1"):
    """The channel says that the money has arrived. `succeeded_at` is the channel's time."""

    refund_id: RefundId
    order_id: OrderId
    number: str
    channel_refund_id: str
    amount: Money
    received_by: str  # in the channel's words
    succeeded_at: datetime
    evidence: Evidence
    at: datetime
    mode: MoneyMode = "platform_collect"


class RefundClosed(msgspec.Struct, frozen=True, tag="refund.closed.v1"):
    """The channel ended this number without paying: the money stayed with us and is still owed."""

    refund_id: RefundId
    order_id: OrderId
    channel: str
    number: str
    amount: Money
    fee_back: Money  # taken again by the channel
    evidence: Evidence
    at: datetime
    mode: MoneyMode = "platform_collect"


class RefundAbnormal(msgspec.Struct, frozen=True, tag="refund.abnormal.v1"):
    """The buyer's card or account took nothing; the channel keeps the money until somebody decides."""

    refund_id: RefundId
    number: str
    evidence: Evidence
    at: datetime


class RefundReturned(msgspec.Struct, frozen=True, tag="refund.returned.v1"):
    """The money of an abnormal refund is on our bank account; the buyer is to be paid by another route."""

    refund_id: RefundId
    order_id: OrderId
    number: str
    amount: Money
    evidence: Evidence
    at: datetime
    mode: MoneyMode = "platform_collect"


class RefundReissued(msgspec.Struct, frozen=True, tag="refund.reissued.v1"):
    """A new number takes the place of one that the channel ended for good: never two live ones."""

    refund_id: RefundId
    number: str
    of: str
    generation: int
    next_at: datetime
    at: datetime


class RefundEscalated(msgspec.Struct, frozen=True, tag="refund.escalated.v1"):
    """People must decide. The debt stands, and what was decided stands here after it."""

    refund_id: RefundId
    order_id: OrderId
    trouble: Trouble
    detail: str
    at: datetime


class RefundProposed(msgspec.Struct, frozen=True, tag="refund.proposed.v1"):
    """An operator wants an order's money back to its buyer, in whole or part. It is not owed yet."""

    refund_id: RefundId
    order_id: OrderId
    payment_id: PaymentId
    buyer: UserId
    channel: str
    transaction_id: str
    amount: Money
    paid: Money
    proposal_id: ProposalId
    note: str
    by: str
    shown: str
    saga_version: int
    at: datetime


class RefundResolutionProposed(msgspec.Struct, frozen=True, tag="refund.resolution_proposed.v1"):
    """Somebody says what to do with an escalated refund. `shown` is the digest of what a second one will see."""

    refund_id: RefundId
    proposal_id: ProposalId
    action: Action
    reference: str  # of a payment by another route
    note: str
    by: str
    shown: str
    at: datetime


class RefundResolutionApproved(msgspec.Struct, frozen=True, tag="refund.resolution_approved.v1"):
    """Another person has seen the same and agrees: it is done now."""

    refund_id: RefundId
    proposal_id: ProposalId
    action: Action
    by: str
    next_at: datetime
    at: datetime


class RefundResolutionDeclined(msgspec.Struct, frozen=True, tag="refund.resolution_declined.v1"):
    """It is not to be done; a refund that was only proposed ends here."""

    refund_id: RefundId
    proposal_id: ProposalId
    note: str
    by: str
    at: datetime


class RefundPaidElsewhere(msgspec.Struct, frozen=True, tag="refund.paid_elsewhere.v1"):
    """The buyer got the money by another route, as two people say; `reference` proves it."""

    refund_id: RefundId
    order_id: OrderId
    amount: Money
    reference: str
    returned: (
        bool  # the channel gave the money back to us before; else it is still with the channel
    )
    at: datetime
    mode: MoneyMode = "platform_collect"


class RefundWitnessesDiffer(msgspec.Struct, frozen=True, tag="refund.witnesses_differ.v1"):
    """Two words of the channel about one number contradict each other, or our own record."""

    refund_id: RefundId
    number: str
    known: str
    told: str
    evidence: Evidence
    at: datetime


class RefundConfirmedByBill(msgspec.Struct, frozen=True, tag="refund.confirmed_by_bill.v1"):
    """The channel's bill shows the refund: the last witness."""

    refund_id: RefundId
    number: str
    file_sha256: str
    line: int
    at: datetime


RefundEvent: TypeAlias = (
    RefundRequested
    | RefundAttemptStarted
    | RefundAttemptAccepted
    | RefundAttemptRejected
    | RefundAttemptInDoubt
    | RefundQueried
    | RefundRetried
    | RefundSucceeded
    | RefundClosed
    | RefundAbnormal
    | RefundReturned
    | RefundReissued
    | RefundEscalated
    | RefundProposed
    | RefundResolutionProposed
    | RefundResolutionApproved
    | RefundResolutionDeclined
    | RefundPaidElsewhere
    | RefundWitnessesDiffer
    | RefundConfirmedByBill
)
