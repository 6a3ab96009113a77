"""Random payments, refunds, endings and withdrawals at the channel, against a clerk with a notebook.

After every step books and notebook agree on every refund and fen, and the books find nothing against anybody.
The clerk reckons fees as our own domain does. `pytest --hypothesis-seed=N` plays a failure again.
"""

import sqlite3
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from domain.fees import channel_fee, fee_returned
from domain.money import Money
from infra.simulator.wechatpay import funds, refunds, rules
from infra.simulator.wechatpay.books import add
from infra.simulator.wechatpay.protocol import AbnormalRequest, RefundAmount, RefundRequest, Refused
from infra.simulator.wechatpay.refunds import Becomes, Destiny
from infra.simulator.wechatpay.schema import FOREVER, SCHEMA
from infra.simulator.wechatpay.verdict import broken
from tests.infra.wechatpay.support import MINUTE, NOON

MCHID = "1900007291"
SECOND = timedelta(seconds=1)
LONG_AGO = NOON - timedelta(days=1)
endings = st.sampled_from(["SUCCESS", "SUCCESS", "CLOSED", "ABNORMAL"])


@dataclass
class Number:
    """One refund in the notebook."""

    amount: int
    fee: int
    becomes: Becomes
    state: str = "PROCESSING"
    step: int = 0
    refund_id: str = ""


@dataclass
class Paid:
    """One payment in the notebook."""

    total: int
    transaction_id: str
    latest: datetime = LONG_AGO
    numbers: dict[str, Number] = field(default_factory=dict)

    @property
    def live(self) -> list[Number]:
        return [number for number in self.numbers.values() if number.state != "CLOSED"]

    @property
    def refunded(self) -> int:
        return sum(number.amount for number in self.live)


class Refunds(RuleBasedStateMachine):
    def __init__(self) -> None:
        super().__init__()
        self.books = sqlite3.connect(":memory:", isolation_level=None)
        self.books.row_factory = sqlite3.Row
        self.books.execute("PRAGMA foreign_keys = 1")
        self.books.executescript(SCHEMA + FOREVER)
        self.at = NOON
        self.paid: list[Paid] = []
        self.balance = 0

    @rule(total=st.integers(1, 20_000))
    def pay(self, total: int) -> None:
        number = f"order-{len(self.paid):04d}"
        add(
            self.books,
            "orders",
            mchid=MCHID,
            out_trade_no=number,
            parameters="{}",
            total=total,
            openid="o",
            notify_url="-",
            expires_at=int(self.at.timestamp()) + 900,
            at=self.at.isoformat(),
        )
        [order] = self.books.execute("SELECT * FROM orders WHERE out_trade_no = ?", (number,))
        bought = rules.pay(self.books, order, openid=None, paid_at=self.at, now=self.at)
        self.paid.append(Paid(total, bought.transaction_id))
        self.balance += total - channel_fee("wechatpay", Money(total)).fen

    @precondition(lambda self: self.paid)
    @rule(
        which=st.integers(0, 2),
        generation=st.integers(0, 3),
        part=st.sampled_from([1, 2, 3, 100]),
        becomes=endings,
        enough=st.sampled_from([True, True, True, False]),
    )
    def refund(
        self, which: int, generation: int, part: int, becomes: Becomes, enough: bool
    ) -> None:
        paid = self.paid[-1 - which % len(self.paid)]
        number = f"{self.paid.index(paid):016x}{generation:016x}00"  # a refund of its own
        amount = max(1, paid.total * part // 100 if part == 100 else paid.total // part)
        expected, fee = self.expected(paid, number, amount, enough)
        request = RefundRequest(
            out_refund_no=number,
            amount=RefundAmount(amount, paid.total, "CNY"),
            notify_url="https://shop.example/told",
            transaction_id=paid.transaction_id,
        )
        destiny = Destiny(becomes, SECOND, enough)
        if expected not in ("", "same"):
            with pytest.raises(Refused, match=expected):
                refunds.take_on(self.books, MCHID, request, self.at, destiny)
            return
        taken = refunds.take_on(self.books, MCHID, request, self.at, destiny)
        assert expected == ("" if taken else "same")
        if taken:
            [row] = self.books.execute("SELECT refund_id FROM refunds ORDER BY seq DESC LIMIT 1")
            one = Number(amount, fee, becomes, step=taken.step, refund_id=row["refund_id"])
            paid.numbers[number], paid.latest = one, self.at
            self.balance += fee - amount

    def expected(self, paid: Paid, number: str, amount: int, enough: bool) -> tuple[str, int]:
        """What the channel has to say to this request, and the fee that goes back with it."""
        known = paid.numbers.get(number)
        if known:
            return "same" if known.amount == amount else "INVALID_REQUEST", 0
        if amount > paid.total - paid.refunded:
            return "INVALID_REQUEST", 0
        if self.at < paid.latest + MINUTE:
            return "FREQUENCY_LIMITED", 0
        back = fee_returned("wechatpay", Money(paid.total), Money(paid.refunded + amount))
        fee = back.fen - sum(one.fee for one in paid.live)
        if not enough or self.balance + fee < amount:
            return "NOT_ENOUGH", 0
        return "", fee

    @rule(seconds=st.sampled_from([1, 30, 60, 3600]))
    def wait(self, seconds: int) -> None:
        """Everything under way comes to its end, told once and once more."""
        self.at += seconds * SECOND
        for paid in self.paid:
            for number in paid.numbers.values():
                if number.state != "PROCESSING":
                    continue
                assert refunds.come_due(self.books, number.step, self.at) is not None
                assert refunds.come_due(self.books, number.step, self.at) is None
                number.state = number.becomes
                if number.state == "CLOSED":
                    self.balance += number.amount - number.fee

    @precondition(lambda self: any(paid.numbers for paid in self.paid))
    @rule(which=st.integers(0, 20), becomes=st.sampled_from(["SUCCESS", "ABNORMAL"]))
    def send_elsewhere(self, which: int, becomes: Becomes) -> None:
        everything = [(no, one) for paid in self.paid for no, one in paid.numbers.items()]
        number, one = everything[which % len(everything)]
        request = AbnormalRequest(out_refund_no=number, type="MERCHANT_BANK_CARD")
        destiny = Destiny(becomes, SECOND)
        try:
            taken = refunds.send_elsewhere(
                self.books, MCHID, one.refund_id, request, self.at, destiny
            )
        except Refused:
            assert one.state != "ABNORMAL"
            return
        assert (taken is not None) == (one.state == "ABNORMAL")
        if taken:
            one.state, one.becomes, one.step = "PROCESSING", becomes, taken.step

    @rule(amount=st.integers(-30_000, 30_000).filter(bool))
    def move(self, amount: int) -> None:
        try:
            funds.change(self.books, MCHID, amount, self.at)
        except Refused:
            assert self.balance + amount < 0
            return
        self.balance += amount

    @invariant()
    def they_agree(self) -> None:
        assert broken(lambda sql: self.books.execute(sql)) == []
        assert funds.balance(self.books, MCHID) == self.balance
        rows = self.books.execute(
            "SELECT r.out_refund_no, s.state FROM refunds r JOIN refund_steps s"
            " ON s.refund = r.seq ORDER BY s.step"
        )
        noted = {no: one.state for paid in self.paid for no, one in paid.numbers.items()}
        assert {no: state for no, state in rows} == noted


settings.register_profile("channel", max_examples=60, stateful_step_count=40, deadline=None)
TestRefunds = Refunds.TestCase
TestRefunds.settings = settings.get_profile("channel")
