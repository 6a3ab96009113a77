"""What the write side needs from the outside world. `infra` provides it; nothing here owns a driver."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol, TypeAlias
from uuid import UUID

from commands.use_case import Command
from domain.money import Money


class Clock(Protocol):
    """The one clock of a process. In simulations every process reads one shared, scaled clock."""

    def now(self) -> datetime:
        """The instant, UTC and timezone-aware."""


# --- submitting commands ---------------------------------------------------------------------


class Submission(NamedTuple):
    """One command on its way to the engine, already authenticated, checked and decoded."""

    command_id: UUID
    tenant: str
    principal: str
    name: str
    idempotency_key: str | None  # None: a timer's own command
    command: Command
    body: bytes  # JSON as it will be stored, personal fields sealed
    body_mac: bytes  # keyed digest of the canonical body before sealing
    correlation_id: UUID
    causation_id: UUID | None = None


class Answer(NamedTuple):
    """What happened, durably. `outcome` is 'accepted', a refusal code, or 'error'."""

    command_id: UUID
    outcome: str
    reply: bytes  # JSON: the reply, or {"code", "zh", "en", "facts"} of a refusal
    token: str  # cell.epoch.position: a read at this token sees the command's effects
    replayed: bool  # the same key had been answered before


class KeyReused(Exception):
    """The idempotency key was used before with another body (HTTP 422). Nothing is recorded."""


class Overloaded(Exception):
    """The queue is full or the caller is too fast (HTTP 503 or 429)."""

    def __init__(self, retry_after_seconds: int) -> None:
        super().__init__(f"retry after {retry_after_seconds} s")
        self.retry_after_seconds = retry_after_seconds


class NotOwner(Exception):
    """Another process owns the cell. `address` is its base URL, or "" while nobody does."""

    def __init__(self, address: str) -> None:
        super().__init__(address or "nobody owns the cell right now")
        self.address = address


MintId: TypeAlias = Callable[[], UUID]
"""A fresh UUIDv7 from the process's clock and dice."""


class Submitter(Protocol):
    """Where the write API puts commands: the engine of this process."""

    async def submit(self, submission: Submission) -> Answer:
        """Return when the command is durable. Raises: KeyReused, Overloaded, NotOwner."""


class Pending(NamedTuple):
    """The command is stored and will be decided."""

    command_id: UUID


class Inbox(Protocol):
    """Where commands wait that were promised an answer later (`Prefer: respond-async`)."""

    async def put(self, submission: Submission) -> UUID:
        """Store it durably. Returns the id to ask for: an earlier one if this key came before.

        Raises: KeyReused, Overloaded (the table holds all it may, or cannot be reached).
        """

    async def status(
        self, tenant: str, principal: str, command_id: UUID
    ) -> Answer | Pending | None:
        """What became of a command; None when this principal never asked for such a one."""


# --- other processes of the platform ---------------------------------------------------------


class Unreachable(Exception):
    """The other process did not answer. It may have acted: only a repeat with the same key is safe."""


Headers: TypeAlias = Sequence[tuple[bytes, bytes]]


class Relayed(NamedTuple):
    """The other process's answer, to be passed on as it came."""

    status: int
    headers: Headers
    body: bytes


class Forwarder(Protocol):
    """The way to the process that owns a cell."""

    async def relay(self, address: str, path: str, headers: Headers, body: bytes) -> Relayed:
        """POST a client's own request there. Raises: Unreachable, Overloaded."""

    async def submit(self, address: str, submission: Submission) -> Answer:
        """Ask for a command of our own there. Raises: Unreachable and all that `Submitter` raises."""


# --- payment channels ------------------------------------------------------------------------

ChannelState: TypeAlias = Literal["not_paid", "paid", "closed", "not_found", "refunded"]
TransferState: TypeAlias = Literal[
    "processing", "awaiting_payee", "confirmed", "failed", "not_found"
]
RefundState: TypeAlias = Literal["processing", "succeeded", "closed", "abnormal", "not_found"]


class ChannelRefused(Exception):
    """The channel gave a final no. `code` is the channel's own word."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


class ChannelInDoubt(Exception):
    """Nobody knows whether the channel did it. Query before acting.

    `code` is the channel's own word where it said one (SYSTEM_ERROR, FREQUENCY_LIMITED), else what happened
    to the call: timeout, reset, unreadable, unproven, http_<status>, or too_late: it was not even sent.
    """

    def __init__(self, message: str, code: str = "unreadable") -> None:
        super().__init__(message)
        self.code = code


class BadNotification(Exception):
    """The message is not the channel's: wrong signature, a probe, too old, replayed, or undecryptable."""


class ChannelPayment(NamedTuple):
    """One payment as the channel sees it. Everything after `state` is set only when it was paid."""

    out_trade_no: str
    state: ChannelState
    transaction_id: str = ""
    amount: Money | None = None
    paid_at: datetime | None = None


class ChannelRefund(NamedTuple):
    """One refund as the channel sees it. Everything after `state` is set once the channel knows of it.

    `closed`: the money stayed with us, and only a new number can try again. `abnormal`: the buyer's card or
    account took nothing, and the same refund goes on by another way.
    """

    out_refund_no: str
    state: RefundState
    channel_refund_id: str = ""
    transaction_id: str = ""
    amount: Money | None = None
    received_by: str = ""  # where the money went, in the channel's words; masked by the channel
    succeeded_at: datetime | None = None
    accepted_at: datetime | None = None  # when it took the refund on; notifications do not say


class ChannelBalance(NamedTuple):
    """What a merchant account holds: to pay refunds from at once, and what the channel still keeps back."""

    available: Money
    pending: Money


class PaymentChannel(Protocol):
    """A payment channel of one merchant account. Every method may be repeated without harm."""

    name: str

    async def prepare(
        self,
        *,
        out_trade_no: str,
        amount: Money,
        payer: str,
        description: str,
        expires_at: datetime,
    ) -> str:
        """Announce a payment; returns the prepay id. Raises: ChannelRefused, ChannelInDoubt."""

    def client_parameters(self, prepay_id: str) -> Mapping[str, str]:
        """What the buyer's client needs to open the cashier, signed now."""

    async def query(self, out_trade_no: str) -> ChannelPayment:
        """What the channel knows now. Raises: ChannelRefused, ChannelInDoubt."""

    async def close(self, out_trade_no: str) -> None:
        """Make sure it can never be paid. Raises: ChannelRefused (it was paid), ChannelInDoubt."""

    async def refund(
        self,
        *,
        transaction_id: str,
        out_refund_no: str,
        amount: Money,
        total: Money,
        reason: str,
        before: datetime,
    ) -> ChannelRefund:
        """Ask for money to go back. The same number again is the same refund, never a second one.

        `total` is what the whole transaction was. Words are signed before `before` or not at all, and the
        channel takes none that were signed longer ago than `domain.attempts.WORDS_LIVE`: who fell asleep
        over a call cannot make it later. Raises: ChannelRefused, ChannelInDoubt.
        """

    async def query_refund(self, out_refund_no: str) -> ChannelRefund:
        """What the channel knows now; `not_found` is no proof at once. Raises: ChannelRefused, ChannelInDoubt."""

    async def return_refund(
        self, *, channel_refund_id: str, out_refund_no: str, before: datetime
    ) -> ChannelRefund:
        """Have the money of an abnormal refund sent to our own bank account. Raises: as `refund`."""

    async def balance(self) -> ChannelBalance:
        """What refunds can be paid from. Raises: ChannelRefused, ChannelInDoubt."""

    def read_notification(
        self, headers: Mapping[str, str], body: bytes
    ) -> ChannelPayment | ChannelRefund:
        """Verify and decrypt the channel's message. Raises: BadNotification."""


class ChannelPayout(NamedTuple):
    """One transfer to a merchant as the channel sees it. What follows `state` is set once the channel knows it.

    `awaiting_payee`: the payee opens `package` and takes the money, or it lapses; till then nobody is paid.
    `failed`: the number ended, the money stayed with us; `code` says why.
    """

    number: str
    state: TransferState
    channel_payout_id: str = ""
    amount: Money | None = None
    code: str = ""
    package: str = ""
    accepted_at: datetime | None = None
    ended_at: datetime | None = None


class PayoutChannel(Protocol):
    """Transfers out of what a channel holds for us. Every method may be repeated without harm."""

    name: str

    async def pay_out(
        self, *, number: str, amount: Money, payee: str, note: str, before: datetime
    ) -> ChannelPayout:
        """Ask for a transfer. The same number again is the same transfer, never a second one.

        Signed before `before` or not at all, as with refunds. Raises: ChannelRefused, ChannelInDoubt.
        """

    async def query_payout(self, number: str) -> ChannelPayout:
        """What the channel knows now; `not_found` is no proof at once. Raises: ChannelRefused, ChannelInDoubt."""


class Vault(Protocol):
    """Personal fields, sealed per subject. Deleting a subject's key erases everything sealed with it."""

    async def seal(self, tenant: str, subject: str, plaintext: str) -> str:
        """Raises: Overloaded when the subject's key cannot be read just now."""

    async def unseal(self, tenant: str, sealed: str) -> str:
        """Raises: Erased when the subject's key is gone, Overloaded."""


class Erased(Exception):
    """The subject asked to be forgotten: the key is gone and the field with it."""
