"""What a channel's bills say, line by line, in our words. A parser makes these; reconciliation compares them.

One line is one claim of the channel. Its amounts are whole fen and its times are of Asia/Shanghai, the zone
that bills are written in; what it says about a refund is how the refund stood when the bill was written.
"""

from datetime import date, datetime
from typing import Literal, TypeAlias

import msgspec

BillKind: TypeAlias = Literal["trade", "fundflow"]
LineKind: TypeAlias = Literal["pay", "refund"]
Direction: TypeAlias = Literal["in", "out"]


class BillKey(msgspec.Struct, frozen=True, order=True):
    """Which bill: at most one is in force, however many files the channel gives for it.

    `account` tells apart the fund-flow bills of one merchant (BASIC, OPERATION, FEES); a trade bill has none.
    """

    channel: str
    mchid: str
    kind: BillKind
    date: date
    account: str = ""


class TradeLine(msgspec.Struct, frozen=True):
    """One payment or one refund on a trade bill. Numbers that do not apply are "".

    A payment is billed by the time it succeeded, a refund by the time it was taken on: its being here does not
    say that the money arrived. The fee is what the channel takes, so on a refund it is zero or below. It is
    printed with five decimals; a line whose fee is not whole fen makes its file unreadable, for nothing is rounded.
    """

    bill: BillKey
    line: int  # from 1: the first line under the heading
    kind: LineKind
    status: str  # in the channel's words: SUCCESS, REFUND, REVOKED
    out_trade_no: str  # our number of the payment
    transaction_id: str  # the channel's
    out_refund_no: str
    channel_refund_id: str
    amount_fen: int  # of this payment or refund, whole: what our books call its amount
    settled_fen: int  # of it, what moves on the merchant's account: without the channel's coupons
    fee_fen: int
    refund_status: (
        str  # in the channel's words, as it stood then: SUCCESS, PROCESSING, FAIL, CHANGE
    )
    sub_mchid: str
    currency: str
    payer: str
    at: datetime


class FundLine(msgspec.Struct, frozen=True):
    """One movement on a merchant's account with the channel, and what lay there after it."""

    bill: BillKey
    line: int  # from 1: the first line under the heading
    business_no: str  # the channel's number of the payment, refund or withdrawal
    flow_no: str  # of this movement alone
    business_name: str
    business_type: (
        str  # in the channel's words: 交易, 扣除交易手续费, 退款, 退款关闭, 退还交易手续费, 提现
    )
    direction: Direction
    amount_fen: int  # never below zero: `direction` has the sign
    balance_fen: int  # of the account, after this movement
    applicant: str
    note: str
    voucher_no: str  # of who asked for it: our number of the refund, …
    at: datetime


class TradeSums(msgspec.Struct, frozen=True, tag="trade", forbid_unknown_fields=True):
    """What the lines of a trade bill add up to, which is what its last row says."""

    pays: int
    pay_fen: int
    refunds: int
    refund_fen: int
    fee_fen: int  # of payments and refunds together


class FundSums(msgspec.Struct, frozen=True, tag="fundflow", forbid_unknown_fields=True):
    """What the lines of a fund-flow bill add up to, and the balances it begins and ends with."""

    incomes: int
    income_fen: int
    expenses: int
    expense_fen: int
    opening_fen: int
    closing_fen: int


Sums: TypeAlias = TradeSums | FundSums
