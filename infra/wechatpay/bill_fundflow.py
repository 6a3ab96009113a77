"""WeChat Pay's fund-flow bill: every movement of one account with the balance after it, read strictly.

Whether each balance follows from the one before is not asked here: a gap is a finding about the channel, not
a fault of the file.
"""

from collections.abc import Iterator
from typing import BinaryIO, Final

from domain.bill_lines import Direction, FundLine, FundSums
from infra.bills.reading import Fault, Notes, agree, count, fen, number, paid, wrong, yuan
from infra.wechatpay.bill_table import Row, Table, rows

TABLE: Final = Table(
    (
        "记账时间", "微信支付业务单号", "资金流水单号", "业务名称", "业务类型", "收支类型", "收支金额(元)",
        "账户结余(元)", "资金变更提交申请人", "备注", "业务凭证号",
    ),
    ("资金流水总笔数", "收入笔数", "收入金额", "支出笔数", "支出金额"),
)  # fmt: skip
AMOUNT, BALANCE = "收支金额(元)", "账户结余(元)"
DIRECTIONS: Final[dict[str, Direction]] = {"收入": "in", "支出": "out"}


class Reader:
    """Reads one file. `notes` holds what it came to, once all lines were taken."""

    def __init__(self, notes: Notes) -> None:
        self.notes = notes
        self._counts: dict[Direction, int] = {"in": 0, "out": 0}
        self._fen: dict[Direction, int] = {"in": 0, "out": 0}
        self._opening: int | None = None
        self._closing = 0

    def lines(self, file: BinaryIO) -> Iterator[FundLine]:
        """The good lines, in order."""
        return rows(file, TABLE, self.notes, self._line, self._close)

    def _line(self, row: Row, place: int) -> FundLine:
        direction = DIRECTIONS.get(row["收支类型"])
        if direction is None:
            raise Fault("收支类型", wrong("既非收入也非支出 neither in nor out", row["收支类型"]))
        amount = paid(AMOUNT, row[AMOUNT])
        line = FundLine(
            bill=self.notes.key,
            line=place,
            business_no=number("微信支付业务单号", row["微信支付业务单号"]),
            flow_no=number("资金流水单号", row["资金流水单号"]),
            business_name=row["业务名称"],
            business_type=row["业务类型"],
            direction=direction,
            amount_fen=amount,
            balance_fen=fen(BALANCE, row[BALANCE]),
            applicant=row["资金变更提交申请人"],
            note=row["备注"],
            voucher_no=row["业务凭证号"],
            at=self.notes.instant("记账时间", row["记账时间"]),
        )
        if not line.business_type:
            raise Fault("业务类型", "为空 empty")
        self.notes.met(line.business_no, line.flow_no, line.business_type)
        self._counts[direction] += 1
        self._fen[direction] += amount
        if self._opening is None:
            self._opening = line.balance_fen - (amount if direction == "in" else -amount)
        self._closing = line.balance_fen
        return line

    def _close(self, row: Row, at: int) -> None:
        how_many = {
            "资金流水总笔数": self.notes.lines,
            "收入笔数": self._counts["in"],
            "支出笔数": self._counts["out"],
        }
        amounts = {"收入金额": self._fen["in"], "支出金额": self._fen["out"]}
        counted = {name: (count(name, row[name]), is_) for name, is_ in how_many.items()}
        summed = {name: (fen(name, row[name]), is_) for name, is_ in amounts.items()}
        if not self.notes.error_count:  # else lines are missing from our own sums
            agree(self.notes, at, counted, str)
            agree(self.notes, at, summed, yuan)
        self.notes.sums = FundSums(
            self._counts["in"],
            self._fen["in"],
            self._counts["out"],
            self._fen["out"],
            self._opening or 0,
            self._closing,
        )
