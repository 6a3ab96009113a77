"""One seeded bill date: both sides of it, and what must be found. Knows the shape of lines and rows, and nothing of the matcher.

Bills and books are written from the same story; an injection then bends one of them, and says what that is.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

from domain.bank_flow import BankLine, SplitDue, Transfer
from domain.bill_lines import FundLine
from domain.fund_flow import Payout
from domain.ids import BreakId, OrderId
from domain.matching_rows import Known, Row
from infra.recon.oracle_words import (
    EAST_EIGHT,
    TODAY,
    Bills,
    Expected,
    Flowed,
    Written,
    at,
    fund_line,
    named,
    trade_line,
)


@dataclass
class Story:
    """One day, as it is told. `expect` takes functions: lines have no number before the file is written."""

    random: Random
    lines: list[Written] = field(default_factory=list)
    carried: list[Written] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    fund_rows: list[Row] = field(default_factory=list)
    flows: list[Flowed] = field(default_factory=list)
    held: list[tuple[Written, BreakId]] = field(default_factory=list)
    known: dict[str, Known] = field(default_factory=dict)
    payouts: dict[str, Payout] = field(default_factory=dict)
    ahead: dict[str, int] = field(default_factory=dict)
    transfers: list[Transfer] = field(default_factory=list)
    bank: list[BankLine] = field(default_factory=list)
    splits: list[SplitDue] = field(default_factory=list)
    answers: list[Callable[[Mapping[str, int]], Expected]] = field(default_factory=list)
    outside: list[Expected] = field(default_factory=list)
    count: int = 0

    # --- what a story is made of

    def next(self, letter: str) -> str:
        """A number nobody had before."""
        self.count += 1
        return f"{letter}{self.random.getrandbits(40):010x}{self.count:05d}"

    def uuid(self) -> UUID:
        return UUID(int=self.random.getrandbits(128))

    def noon(self, day: date = TODAY) -> datetime:
        """More than half an hour from midnight; often hardly more."""
        edge = self.random.choice((31 * 60, 24 * 3600 - 37 * 60))
        if self.random.random() < 0.2:
            return at(day, edge)
        return at(day, self.random.randrange(31 * 60, 24 * 3600 - 37 * 60))

    def evening(self, day: date = TODAY) -> datetime:
        """Within half an hour before midnight."""
        return at(day, 24 * 3600 - self.random.randrange(1, 30 * 60))

    def early(self, day: date = TODAY) -> datetime:
        """Within half an hour after midnight."""
        return at(day, self.random.randrange(0, 30 * 60))

    def pay(self, when: datetime | None = None, **bent: Any) -> tuple[Written, Row]:
        """A payment, on both sides alike; nothing is written yet."""
        amount = self.random.randrange(2_00, 900_00)
        line = Written(
            "pay", "SUCCESS", self.next("o"), self.next("t"), "", "", amount, amount,
            amount * 6 // 1000, when or self.noon(), payer=self.next("p"),
        )  # fmt: skip
        return line, self.like(line, **bent)

    def refund(self, when: datetime | None = None, **bent: Any) -> tuple[Written, Row]:
        amount = self.random.randrange(2_00, 900_00)
        line = Written(
            "refund", "REFUND", self.next("o"), self.next("t"), self.next("r"), self.next("f"),
            amount, amount, -(amount * 6 // 1000), when or self.noon(),
            state=self.random.choice(("PROCESSING", "SUCCESS")),
        )  # fmt: skip
        return line, self.like(line, **bent)

    def either(self, when: datetime | None = None, **bent: Any) -> tuple[Written, Row]:
        return (self.pay if self.random.random() < 0.6 else self.refund)(when, **bent)

    def like(self, line: Written, **bent: Any) -> Row:
        """The row that the line should find."""
        of_pay = line.kind == "pay"
        fields: dict[str, Any] = {
            "kind": line.kind,
            "number": line.number if of_pay else line.refund_no,
            "channel_number": line.transaction if of_pay else line.refund_id,
            "amount_fen": line.amount,
            "fee_fen": line.fee,
            "booked": line.at.astimezone(EAST_EIGHT).date(),
            "at": line.at,
            "status": "" if of_pay else "succeeded",
            "payer": line.payer,
            "order_id": OrderId(self.uuid()),
        }
        return Row(**(fields | bent))

    def bill(self, *lines: Written, flows: bool = True) -> None:
        """Write it on today's trade bill, and what it moved on the fund flow."""
        for line in lines:
            self.lines.append(line)
            if flows and line.gain:
                self.flow_of(line)

    def flow_of(self, line: Written, *, fee: bool = True) -> None:
        if line.kind == "pay":
            self.flow(line.at, line.transaction, "交易", line.settled, line.number)
            taken = "扣除交易手续费", -line.fee, line.number
            number = line.transaction
        else:
            self.flow(line.at, line.refund_id, "退款", -line.settled, line.refund_no)
            taken = "退还交易手续费", -line.fee, line.refund_no
            number = line.refund_id
        if line.fee and fee:
            self.flow(line.at, number, taken[0], taken[1], taken[2])

    def flow(self, when: datetime, number: str, what: str, gain: int, voucher: str = "") -> str:
        mark = self.next("m")
        self.flows.append(Flowed(when, number, what, gain, voucher, mark))
        return mark

    def carry(self, line: Written, held: BreakId | None = None) -> None:
        """It stands on yesterday's bill."""
        line.day, line.no = TODAY - timedelta(days=1), 100_000 + len(self.carried)
        self.carried.append(line)
        if held:
            self.held.append((line, held))

    def book(self, *rows: Row) -> None:
        self.rows.extend(rows)

    # --- what must be found

    def matched(self, line: Written, row: Row, held: bool = False) -> None:
        more = "late" if held or row.held else ""
        self.answers.append(
            lambda marks: Expected("MATCHED", f"{row.number} {line.place}", more=more)
        )

    def void(self, line: Written) -> None:
        self.answers.append(lambda marks: Expected("VOID", line.place))

    def waits(self, about: Written | Row | str, until: date) -> None:
        self.answers.append(
            lambda marks: Expected("PENDING_CUTOFF", named(about, marks), more=until.isoformat())
        )

    def expect(
        self,
        about: Written | Row | str,
        *failing: str,
        long: int = 0,
        short: int = 0,
        more: str = "",
    ) -> None:
        self.answers.append(
            lambda marks: Expected(failing[0], named(about, marks), failing, long, short, more)
        )

    def moved(self, mark: str, kind: str) -> None:
        self.answers.append(lambda marks: Expected("MOVED", named(mark, marks), more=kind))

    # --- writing it down

    def written(self) -> Bills:
        """Number the lines, write balances beside the fund flow, and shuffle whatever has no order."""
        self.random.shuffle(self.lines)
        self.lines.sort(key=lambda line: line.at)
        for no, line in enumerate(self.lines, 1):
            line.no = no
        opening = balance = self.random.randrange(1_000_00, 900_000_00)
        funds, marks = list[FundLine](), dict[str, int]()
        for no, flow in enumerate(sorted(self.flows, key=lambda flow: flow.at), 1):
            balance += flow.gain
            funds.append(fund_line(no, flow, balance))
            marks[flow.mark] = no
        self.random.shuffle(self.rows)
        return Bills(
            [trade_line(line) for line in self.lines],
            funds,
            [trade_line(line) for line in self.carried],
            self.rows,
            self.fund_rows,
            {(line.day, line.no): held for line, held in self.held},
            self.known,
            self.payouts,
            self.ahead,
            self.transfers,
            self.bank,
            self.splits,
            opening,
            balance,
            [answer(marks) for answer in self.answers],
            self.outside,
        )
