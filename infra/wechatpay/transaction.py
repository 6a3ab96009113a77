"""One payment in the channel's words, and what they mean to us."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated

import msgspec

from commands.ports import ChannelPayment, ChannelState
from domain.money import Money
from infra.wechatpay.credentials import Account

STATES: Mapping[str, ChannelState] = {
    "SUCCESS": "paid",
    "REFUND": "refunded",  # some refund was made; says nothing about how much
    "NOTPAY": "not_paid",  # also after time_expire: only a close ends it
    "USERPAYING": "not_paid",
    "PAYERROR": "not_paid",  # that attempt failed; the next may not
    "CLOSED": "closed",
    "REVOKED": "closed",
}


class Foreign(Exception):
    """Proven to be the channel's words, but not about a payment of ours, or not understandable."""


class Amount(msgspec.Struct, frozen=True):
    total: Annotated[
        int, msgspec.Meta(ge=1)
    ]  # fen; what we asked for, coupons of the channel included
    currency: str = "CNY"


class Transaction(msgspec.Struct, frozen=True):
    """The fields we rely on. The channel may add others at any time."""

    mchid: str
    out_trade_no: str
    trade_state: str
    appid: str = ""
    transaction_id: str = ""
    success_time: datetime | None = None
    amount: Amount | None = None


def read_transaction(text: bytes, account: Account) -> ChannelPayment:
    """Raises: Foreign when it is another merchant's, in another currency, or incomplete."""
    try:
        transaction = msgspec.json.decode(text, type=Transaction)
    except (msgspec.DecodeError, UnicodeDecodeError) as unreadable:
        raise Foreign(f"unreadable transaction: {unreadable}") from unreadable
    if transaction.mchid != account.mchid:
        raise Foreign("a transaction of another merchant")
    if transaction.appid != account.appid:
        raise Foreign("a transaction of another app")
    state = STATES.get(transaction.trade_state)
    if state is None:
        raise Foreign(f"unknown trade_state {transaction.trade_state}")
    if state not in ("paid", "refunded"):
        return ChannelPayment(transaction.out_trade_no, state)
    return _paid(transaction, state)


def _paid(transaction: Transaction, state: ChannelState) -> ChannelPayment:
    paid_at = transaction.success_time
    if transaction.amount is None or transaction.amount.currency != "CNY":
        raise Foreign("paid, but not in yuan")
    if not transaction.transaction_id or paid_at is None or paid_at.tzinfo is None:
        raise Foreign("paid, but without number or time")
    return ChannelPayment(
        out_trade_no=transaction.out_trade_no,
        state=state,
        transaction_id=transaction.transaction_id,
        amount=Money(transaction.amount.total),
        paid_at=paid_at.astimezone(UTC),
    )
