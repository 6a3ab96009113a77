"""One refund in the channel's words, and what they mean to us; and the balance that refunds are paid from."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Literal

import msgspec

from commands.ports import ChannelBalance, ChannelRefund, RefundState
from domain.money import Money
from infra.wechatpay.credentials import Account
from infra.wechatpay.transaction import Foreign

STATES: Mapping[str, RefundState] = {
    "PROCESSING": "processing",
    "SUCCESS": "succeeded",
    "CLOSED": "closed",
    "ABNORMAL": "abnormal",
}
Fen = Annotated[int, msgspec.Meta(ge=0)]


class RefundAmount(msgspec.Struct, frozen=True):
    refund: Annotated[int, msgspec.Meta(ge=1)]  # fen; what we asked for
    currency: Literal["CNY"] = "CNY"  # notifications leave it out


class Refund(msgspec.Struct, frozen=True):
    """The fields we rely on, of answers and notifications alike. The channel may add others at any time."""

    refund_id: str
    out_refund_no: str
    transaction_id: str
    amount: RefundAmount
    user_received_account: str = ""
    create_time: str | None = None  # RFC 3339; in answers
    success_time: str | None = None  # RFC 3339; missing or "" until the money has arrived
    status: str = ""  # in answers
    refund_status: str = ""  # in notifications
    mchid: str = ""  # in notifications


class Balance(msgspec.Struct, frozen=True):
    available_amount: Fen
    pending_amount: Fen = 0


def read_refund(text: bytes) -> ChannelRefund:
    """An answer about a refund. Raises: Foreign."""
    refund = _decoded(text)
    return _meaning(refund, refund.status)


def read_told_refund(text: bytes, event_type: str, account: Account) -> ChannelRefund:
    """What a notification says, which must be what it announces. Raises: Foreign."""
    refund = _decoded(text)
    if refund.mchid != account.mchid:
        raise Foreign("a refund of another merchant")
    if event_type != f"REFUND.{refund.refund_status}":
        raise Foreign(f"announced as {event_type}, but is {refund.refund_status or 'nothing'}")
    return _meaning(refund, refund.refund_status)


def read_balance(text: bytes) -> ChannelBalance:
    """Raises: Foreign."""
    try:
        balance = msgspec.json.decode(text, type=Balance)
    except (msgspec.DecodeError, UnicodeDecodeError) as unreadable:
        raise Foreign(f"unreadable balance: {unreadable}") from unreadable
    return ChannelBalance(Money(balance.available_amount), Money(balance.pending_amount))


def _decoded(text: bytes) -> Refund:
    try:
        refund = msgspec.json.decode(text, type=Refund)
    except (msgspec.DecodeError, UnicodeDecodeError) as unreadable:
        raise Foreign(f"unreadable refund: {unreadable}") from unreadable
    if not refund.refund_id or not refund.out_refund_no or not refund.transaction_id:
        raise Foreign("a refund without its numbers")
    return refund


def _meaning(refund: Refund, status: str) -> ChannelRefund:
    state = STATES.get(status)
    if state is None:
        raise Foreign(f"unknown status {status!r} of a refund")
    arrived = _instant(refund.success_time, "succeeded") if state == "succeeded" else None
    accepted = _instant(refund.create_time, "was taken on") if refund.create_time else None
    return ChannelRefund(
        out_refund_no=refund.out_refund_no,
        state=state,
        channel_refund_id=refund.refund_id,
        transaction_id=refund.transaction_id,
        amount=Money(refund.amount.refund),
        received_by=refund.user_received_account,
        succeeded_at=arrived,
        accepted_at=accepted,
    )


def _instant(text: str | None, what: str) -> datetime:
    """Raises: Foreign."""
    try:
        instant = msgspec.convert(text, datetime)
    except msgspec.ValidationError as wrong:
        raise Foreign(f"a refund that {what}, but nobody says when: {wrong}") from wrong
    if instant.tzinfo is None:
        raise Foreign(f"a refund that {what}, but nobody says when: no time zone")
    return instant.astimezone(UTC)
