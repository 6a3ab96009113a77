"""What can happen to a channel split (分账): one order's frozen money, shared out inside the channel.

The buyer's money never enters our books here: it lies frozen with the merchant's own account at the channel
until it is shared out, unfrozen, or unfreezes by itself. Attempts stand before their calls, as with payouts.
"""

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from domain.events.refund import RetryClass
from domain.ids import OrderId, PaymentId, RefundId, SplitId
from domain.money import Money
from domain.policies import BookPolicy

SplitCall: TypeAlias = Literal["split", "unfreeze", "return"]
SplitEvidence: TypeAlias = Literal["reply", "query", "expiry"]
SplitTrouble: TypeAlias = Literal[
    "rejected", "receiver_closed", "return_failed", "frozen_out", "witnesses_differ",
    "worker_crashed",
]  # fmt: skip
ReceiverKind: TypeAlias = Literal["platform", "leader", "supplier", "store"]


class Receiver(msgspec.Struct, frozen=True):
    """Who gets what of an order. `platform` is us: `amount` is our commission, `vat` the tax within it."""

    kind: ReceiverKind
    account: str  # a merchant number at the channel
    amount: Money
    vat: Money


class SplitRequested(msgspec.Struct, frozen=True, tag="split.requested.v1"):
    """An order was verified: `receivers` are to get their shares of `paid`, the merchant keeps the rest.

    Money still frozen at `freeze_ends_at` unfreezes to the merchant by itself, unshared.
    """

    split_id: SplitId
    order_id: OrderId
    payment_id: PaymentId
    channel: str
    transaction_id: str
    paid: Money
    receivers: tuple[Receiver, ...]
    max_ratio: int  # of 10,000: what all receivers together may get
    freeze_ends_at: datetime
    saga_version: int
    next_at: datetime
    at: datetime


class SplitAttemptStarted(msgspec.Struct, frozen=True, tag="split.attempt_started.v1"):
    """A worker is about to call the channel. Only the worker named here may, and only until `deadline`."""

    split_id: SplitId
    attempt: int  # from 1, over all calls
    call: SplitCall
    number: str  # the same on every retry
    worker: UUID
    request_sha256: str
    deadline: datetime
    at: datetime


class SplitAttemptAccepted(msgspec.Struct, frozen=True, tag="split.attempt_accepted.v1"):
    """The channel has taken the call on; what comes of it is told by receiver."""

    split_id: SplitId
    attempt: int
    call: SplitCall
    number: str
    channel_order_id: str
    evidence: SplitEvidence
    next_at: datetime
    at: datetime


class SplitAttemptRejected(msgspec.Struct, frozen=True, tag="split.attempt_rejected.v1"):
    """The channel said no, and nothing moved. `retry` says what follows, by the table of that version."""

    split_id: SplitId
    attempt: int
    call: SplitCall
    number: str
    code: str
    message: str
    retry: RetryClass
    table_version: int
    next_at: datetime
    at: datetime


class SplitAttemptInDoubt(msgspec.Struct, frozen=True, tag="split.attempt_in_doubt.v1"):
    """Nobody knows whether the channel did it. It is asked before anything is tried again."""

    split_id: SplitId
    attempt: int
    call: SplitCall
    number: str
    cause: str
    next_at: datetime
    at: datetime


class SplitQueried(msgspec.Struct, frozen=True, tag="split.queried.v1"):
    """The channel was asked, and what it knows changes nothing."""

    split_id: SplitId
    number: str
    seen: Literal["processing", "not_found"]
    next_at: datetime
    at: datetime


class SplitRetried(msgspec.Struct, frozen=True, tag="split.retried.v1"):
    """The channel does not know the number, surely by now: the same number may be asked for again."""

    split_id: SplitId
    number: str
    next_at: datetime
    at: datetime


class SplitFinished(msgspec.Struct, frozen=True, tag="split.finished.v1"):
    """One receiver has its share."""

    split_id: SplitId
    order_id: OrderId
    channel: str
    receiver: Receiver
    detail_id: str
    finished_at: datetime
    evidence: SplitEvidence
    at: datetime


class SplitClosed(msgspec.Struct, frozen=True, tag="split.closed.v1"):
    """One receiver does not get its share: it stays with the merchant's frozen money."""

    split_id: SplitId
    order_id: OrderId
    channel: str
    receiver: Receiver
    reason: str  # in the channel's words: ACCOUNT_ABNORMAL, NO_RELATION, ...
    evidence: SplitEvidence
    at: datetime


class SplitUnfrozen(msgspec.Struct, frozen=True, tag="split.unfrozen.v1"):
    """What was not shared out is the merchant's own to spend: asked for, or because the freeze ended."""

    split_id: SplitId
    order_id: OrderId
    channel: str
    amount: Money
    unfrozen_at: datetime
    evidence: SplitEvidence
    at: datetime


class SplitReturnRequested(msgspec.Struct, frozen=True, tag="split.return_requested.v1"):
    """A refund needs a share back before the channel can pay it: asked of one receiver, under its own number."""

    split_id: SplitId
    order_id: OrderId
    refund_id: RefundId
    refund: Money  # the whole refund, of which this is what one receiver bears
    number: str
    receiver: Receiver  # with what of its amount and tax is asked back
    next_at: datetime
    at: datetime


class SplitReturned(msgspec.Struct, frozen=True, tag="split.returned.v1"):
    """The receiver's money is back with the merchant, to be refunded from."""

    split_id: SplitId
    order_id: OrderId
    channel: str
    number: str
    receiver: Receiver
    returned_at: datetime
    evidence: SplitEvidence
    at: datetime


class SplitReturnFailed(msgspec.Struct, frozen=True, tag="split.return_failed.v1"):
    """The receiver did not give it back, for good under this number: the refund needs other money."""

    split_id: SplitId
    order_id: OrderId
    number: str
    receiver: Receiver
    code: str  # ACCOUNT_ABNORMAL, BALANCE_NOT_ENOUGH, TIME_OUT_CLOSED
    evidence: SplitEvidence
    at: datetime


class SplitFreezeWarned(msgspec.Struct, frozen=True, tag="split.freeze_warned.v1"):
    """Four fifths of the freeze are over and `frozen` is not shared out yet."""

    split_id: SplitId
    order_id: OrderId
    frozen: Money
    freeze_ends_at: datetime
    at: datetime


class SplitSubsidised(msgspec.Struct, frozen=True, tag="split.subsidised.v1"):
    """Our subsidy of a deal went to the merchant as real money (补差), out of what the channel holds for us."""

    split_id: SplitId
    order_id: OrderId
    channel: str
    amount: Money
    program: str
    books: BookPolicy
    subsidised_at: datetime
    at: datetime


class SplitEscalated(msgspec.Struct, frozen=True, tag="split.escalated.v1"):
    """People must look: something of the plan will not happen by itself."""

    split_id: SplitId
    order_id: OrderId
    trouble: SplitTrouble
    detail: str
    at: datetime


class SplitSettled(msgspec.Struct, frozen=True, tag="split.settled.v1"):
    """Nothing is left to be asked of the channel, until a refund wants a share back."""

    split_id: SplitId
    order_id: OrderId
    at: datetime


SplitEvent: TypeAlias = (
    SplitRequested
    | SplitAttemptStarted
    | SplitAttemptAccepted
    | SplitAttemptRejected
    | SplitAttemptInDoubt
    | SplitQueried
    | SplitRetried
    | SplitFinished
    | SplitClosed
    | SplitUnfrozen
    | SplitReturnRequested
    | SplitReturned
    | SplitReturnFailed
    | SplitFreezeWarned
    | SplitSubsidised
    | SplitEscalated
    | SplitSettled
)
