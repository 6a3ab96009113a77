"""WeChat Pay's trade bill, of all payments and refunds of a day, read strictly.

Of a payment the amount is 订单金额, of a refund 申请退款金额: what was asked for, coupons of the channel included.
The channel prints fees with five decimals, and the sign of one that it gives back is not documented: either is
read as given back. A fee of a fraction of a fen is a fault.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO, Final

from domain.bill_lines import LineKind, TradeLine, TradeSums
from infra.bills.reading import Fault, Notes, agree, count, fen, number, paid, wrong, yuan
from infra.wechatpay.bill_table import Row, Table, rows

TABLE: Final = Table(
    (
        "交易时间", "商户号", "特约商户号", "微信订单号", "商户订单号", "用户标识", "交易状态", "货币种类",
        "应结订单金额", "微信退款单号", "商户退款单号", "退款金额", "充值券退款金额", "退款状态", "手续费", "订单金额",
        "申请退款金额",
    ),
    (
        "总交易单数", "应结订单总金额", "退款总金额", "充值券退款总金额", "手续费总金额", "订单总金额", "申请退款总金额",
    ),
)  # fmt: skip
AMOUNTS: Final = {  # column of the sums, by the column that it is of
    "应结订单金额": "应结订单总金额",
    "退款金额": "退款总金额",
    "充值券退款金额": "充值券退款总金额",
    "订单金额": "订单总金额",
    "申请退款金额": "申请退款总金额",
}
FEE, ALL_FEES = "手续费", "手续费总金额"
PRINTED_FEE: Final = re.compile(r"(-?)(0|[1-9][0-9]{0,12})\.([0-9]{2})([0-9]{3})")
NONE: Final = "0"  # stands for a number that there is not
REFUND_STATES: Final = frozenset({"SUCCESS", "PROCESSING", "FAIL", "CHANGE"})
STATUSES: Final = frozenset({"SUCCESS", "REFUND", "REVOKED"})
CURRENCY: Final = re.compile(r"[A-Z]{3}")
OF_PAYMENT: Final = ("应结订单金额", "订单金额")
NUMBERS_OF_REFUND: Final = ("微信退款单号", "商户退款单号")
OF_REFUND: Final = ("退款金额", "充值券退款金额", "申请退款金额")


class Reader:
    """Reads one file. `notes` holds what it came to, once all lines were taken."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self._sums = dict.fromkeys(AMOUNTS, 0)
        self._printed_fees = 0  # fen, with the signs of the channel
        self._pays = self._pay_fen = self._refunds = self._refund_fen = self._fee_fen = 0

    def lines(self, file: BinaryIO) -> Iterator[TradeLine]:
        """The good lines, in order."""
        return rows(file, TABLE, self.notes, self._line, self._close)

    def _line(self, row: Row, place: int) -> TradeLine:
        amounts = {column: paid(column, row[column]) for column in AMOUNTS}
        printed = fee(FEE, row[FEE])
        status, refund_id = row["交易状态"], row["微信退款单号"]
        if status not in STATUSES:
            raise Fault("交易状态", wrong("未知的交易状态 an unknown status", status))
        is_paid = status == "SUCCESS" or (status == "REVOKED" and refund_id == NONE)
        kind: LineKind = "pay" if is_paid else "refund"
        fits(row, kind, amounts)
        line = TradeLine(
            bill=self.notes.key,
            line=place,
            kind=kind,
            status=status,
            out_trade_no=number("商户订单号", row["商户订单号"]),
            transaction_id=number("微信订单号", row["微信订单号"]),
            out_refund_no="" if kind == "pay" else number("商户退款单号", row["商户退款单号"]),
            channel_refund_id="" if kind == "pay" else number("微信退款单号", refund_id),
            amount_fen=amounts["订单金额" if kind == "pay" else "申请退款金额"],
            settled_fen=amounts["应结订单金额" if kind == "pay" else "退款金额"],
            fee_fen=printed if kind == "pay" else -abs(printed),
            refund_status=row["退款状态"],
            sub_mchid="" if row["特约商户号"] == NONE else row["特约商户号"],
            currency=currency(row["货币种类"]),
            payer=row["用户标识"],
            at=self.notes.instant("交易时间", row["交易时间"]),
        )
        if row["商户号"] != self.notes.key.mchid:
            raise Fault("商户号", wrong("其他商户的账单 a bill of another merchant", row["商户号"]))
        self._count(line, amounts, printed)
        return line

    def _count(self, line: TradeLine, amounts: dict[str, int], printed: int) -> None:
        self.notes.met(line.kind, line.channel_refund_id or line.transaction_id)
        for column, amount in amounts.items():
            if amount:
                self._sums[column] += amount
        self._printed_fees += printed
        self._fee_fen += line.fee_fen
        if line.kind == "pay":
            self._pays += 1
            self._pay_fen += line.amount_fen
        else:
            self._refunds += 1
            self._refund_fen += line.amount_fen

    def _close(self, row: Row, at: int) -> None:
        pairs = {name: (fen(name, row[name]), self._sums[of]) for of, name in AMOUNTS.items()}
        pairs[ALL_FEES] = fee(ALL_FEES, row[ALL_FEES]), self._printed_fees
        how_many = count("总交易单数", row["总交易单数"])
        if not self.notes.error_count:  # else lines are missing from our own sums
            agree(self.notes, at, {"总交易单数": (how_many, self.notes.lines)}, str)
            agree(self.notes, at, pairs, yuan)
        self.notes.sums = TradeSums(
            self._pays, self._pay_fen, self._refunds, self._refund_fen, self._fee_fen
        )


def fits(row: Row, kind: LineKind, amounts: dict[str, int]) -> None:
    """A line is of a payment or of a refund, never of both. Raises: Fault."""
    for column in OF_PAYMENT if kind == "refund" else OF_REFUND:
        if amounts[column]:
            raise Fault(column, wrong(f"{kind} 行应为零 has to be zero here", row[column]))
    if kind == "refund":
        if row["退款状态"] not in REFUND_STATES:
            raise Fault("退款状态", wrong("未知的退款状态 an unknown state", row["退款状态"]))
        for column in NUMBERS_OF_REFUND:
            if row[column] == NONE:
                raise Fault(column, "退款行没有退款单号 a refund has a number")
        return
    if row["退款状态"] not in ("", NONE):
        raise Fault("退款状态", wrong("支付行不应有退款状态 a payment has none", row["退款状态"]))
    for column in NUMBERS_OF_REFUND:
        if row[column] != NONE:
            raise Fault(column, wrong("支付行不应有退款单号 a payment has none", row[column]))
    if row[FEE].startswith("-"):
        raise Fault(FEE, wrong("支付行手续费为负 below zero", row[FEE]))


def fee(column: str, text: str) -> int:
    """Whole fen of a value with five decimals. Raises: Fault."""
    if not (match := PRINTED_FEE.fullmatch(text)):
        raise Fault(column, wrong("不是五位小数的手续费 no fee of five decimals", text))
    if match[4] != "000":
        raise Fault(column, wrong("手续费不足一分 a fraction of a fen", text))
    amount = int(match[2] + match[3])
    return -amount if match[1] else amount


def currency(text: str) -> str:
    """Raises: Fault."""
    if not CURRENCY.fullmatch(text):
        raise Fault("货币种类", wrong("不是币种 no currency", text))
    return text
