"""Whatever happens to orders, points, merchants, refunds and payouts: books that balance and say where all money is.

A plain model is told the same in its own words; after each step the two must agree to the fen.
"""

from datetime import date
from typing import Any, Literal
from uuid import UUID

import msgspec
import pytest
from hypothesis import settings
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, multiple, rule
from hypothesis.strategies import integers, sampled_from

from domain.agreement import Agreement, CommissionRule, Tier
from domain.commission import Price, Rate, total, units, whole
from domain.events import Event
from domain.events.earning import Amounts, EarningMatured, EarningRecognised, EarningReversed
from domain.events.order import OrderReadied, RefundOwed
from domain.events.payment import PaymentCaptured
from domain.events.payout import PayoutConfirmed, PayoutFailed, PayoutInitiated
from domain.events.points import PointsGranted, PointsReserved, PointsReturned
from domain.events.recon import LinesMatched, Match
from domain.events.refund import RefundAttemptAccepted, RefundClosed, RefundSucceeded
from domain.events.statement import StatementClosed
from domain.fees import channel_fee, fee_returned
from domain.ids import BillId, EarningId, MerchantId, OrderId, PayoutId, RefundId, StatementId
from domain.money import ZERO, Money
from domain.policies import BookPolicy
from infra.simulator.world.books import MoneyBook
from tests.builders import DAY, NOON, ann, payment

M = MerchantId(UUID(int=0x3E))
ID = UUID(int=0x77)
ON = date(2026, 6, 1)
COLLECT = BookPolicy(version=1, money_mode="platform_collect")
POLICIES = (
    COLLECT,
    msgspec.structs.replace(COLLECT, subsidy_as="contra_revenue"),
    msgspec.structs.replace(COLLECT, accounting="principal"),
)
AGREEMENT = Agreement(
    version=1, effective_from=NOON, rules=(CommissionRule("", (Tier(ZERO, 1_000),)),),
    vat_rate_bp=600, settle_days=7, period="day", merchant_coupon_bp=6_000, cost_bp=5_000,
    goods_vat_bp=1_300,
)  # fmt: skip


class Deal(msgspec.Struct, eq=False):
    """One order: what each of its units is made of, and where that stands."""

    id: OrderId
    books: BookPolicy
    units: list[Amounts]
    at: list[Literal["waits", "unused", "pending", "payable", "receivable", "gone"]]
    matured: bool = False
    refunded: Money = ZERO

    @property
    def paid(self) -> Money:
        return total(self.units).cash

    def where(self, place: str) -> Amounts:
        return total(one for one, at in zip(self.units, self.at, strict=True) if at == place)


class Debt(msgspec.Struct, eq=False):
    """A refund on its way to its buyer."""

    id: RefundId
    deal: Deal
    amount: Money
    number: str = ""
    fee_back: Money = ZERO


class Sent(msgspec.Struct, eq=False):
    """A payout on its way to the merchant."""

    id: PayoutId
    amount: Money


class Books(RuleBasedStateMachine):
    """Each rule is something that can happen; none looks at the books."""

    deals, debts, sent = Bundle("deals"), Bundle("debts"), Bundle("sent")

    def __init__(self) -> None:
        super().__init__()
        self.book = MoneyBook()
        self.count = 0
        self.all: list[Deal] = []
        self.owed = self.transit = self.on_way = self.payable = self.receivable = ZERO
        self.at_channel = self.fees = self.in_bank = ZERO
        self.points = ZERO
        self.unproven: list[tuple[Any, Money]] = []

    def tell(self, *events: Event) -> None:
        for event in events:
            self.count += 1
            self.book.take(self.count, event)

    def new(self) -> UUID:
        self.count += 1
        return UUID(int=0x10000 + self.count)

    # --- orders -----------------------------------------------------------------------------

    @rule(
        target=deals, books=sampled_from(POLICIES), gross=integers(100, 50_000),
        coupon=integers(0, 40), points=integers(0, 20), subsidy=integers(0, 20), n=integers(1, 4),
        alone=sampled_from((True, True, False)),
    )  # fmt: skip
    def sells(
        self,
        books: BookPolicy,
        gross: int,
        coupon: int,
        points: int,
        subsidy: int,
        n: int,
        alone: bool,
    ) -> Deal:
        parts = (Money(gross * percent // 100) for percent in (coupon, subsidy, points))
        price = Price(Money(gross), *parts)
        made = units(whole(price, AGREEMENT, books, Rate(1_000, ZERO)), n)
        deal = Deal(OrderId(self.new()), books, list(made), ["waits"] * n)
        self.all.append(deal)
        points_used = price.points
        self.tell(
            PointsGranted(ann, ID, 1, points_used, "x", NOON, COLLECT, NOON),
            PointsReserved(ann, deal.id, 1, points_used, NOON),
            PaymentCaptured(payment(1), deal.id, "wechatpay", "T", price.cash, NOON, NOON),
        )
        fee = channel_fee("wechatpay", price.cash)
        self.fees += fee
        self.at_channel += price.cash - fee
        self.unproven.append(("pay", price.cash - fee))
        if alone:
            self.group_succeeds(deal)
        return deal

    @rule(deal=deals)
    def group_succeeds(self, deal: Deal) -> None:
        if "waits" in deal.at:
            deal.at = ["unused"] * len(deal.at)
            self.tell(OrderReadied(deal.id, deal.paid, NOON))

    @rule(deal=deals, count=integers(1, 4))
    def units_are_used(self, deal: Deal, count: int) -> None:
        unused = [unit for unit, at in enumerate(deal.at) if at == "unused" and not deal.matured]
        for unit in unused[:count]:
            self.is_used(deal, unit)

    def is_used(self, deal: Deal, unit: int) -> None:
        deal.at[unit] = "pending"
        self.tell(
            EarningRecognised(
                earning_id=EarningId(ID), order_id=deal.id, merchant_id=M, lot=unit + 1,
                cause="verification", proof=ID, first=unit, count=1, amounts=deal.units[unit],
                units=tuple(deal.units), given_back=deal.refunded, rate_bp=1000, vat_rate_bp=600,
                agreement_version=1, books=deal.books, matures_at=NOON + DAY, value_at=NOON,
                at=NOON,
            )
        )  # fmt: skip

    @rule(deal=deals)
    def what_is_used_matures(self, deal: Deal) -> None:
        lot = deal.where("pending")
        deal.matured = deal.matured or "pending" in deal.at
        deal.at = ["payable" if at == "pending" else at for at in deal.at]
        if deal.books.accounting == "agent":
            self.payable += lot.net
        self.tell(
            EarningMatured(EarningId(ID), deal.id, M, 1, lot, StatementId(ID), deal.books, NOON)
        )

    # --- the merchant -----------------------------------------------------------------------

    @rule(target=sent)
    def a_statement_closes(self) -> Any:
        netted = min(self.payable, self.receivable)
        left = self.payable - netted
        self.receivable -= netted
        self.payable = ZERO
        for deal in self.all:
            deal.at = ["receivable" if at == "payable" else at for at in deal.at]
        closed = StatementClosed(
            statement_id=StatementId(ID), merchant_id=M, period="2026-06-01", lines=0, root="",
            totals=total(()), net=ZERO, carried_in=ZERO, netted=netted, payable=left,
            carried_out=self.receivable, books=COLLECT, at=NOON,
        )  # fmt: skip
        self.tell(closed)
        if left == ZERO:
            return multiple()
        self.on_way += left
        payout = Sent(PayoutId(self.new()), left)
        self.tell(
            PayoutInitiated(
                payout.id, M, StatementId(ID), left, "bank_file", "bank", "", 1, NOON, NOON
            )
        )
        return payout

    @rule(payout=consumes(sent), fee=integers(0, 100))
    def a_payout_arrives(self, payout: Sent, fee: int) -> None:
        self.on_way -= payout.amount
        self.in_bank -= payout.amount + Money(fee)
        self.fees += Money(fee)
        self.tell(
            PayoutConfirmed(
                payout.id, M, StatementId(ID), "bank_file", "bank", "p", "", payout.amount,
                Money(fee), NOON, "bank_file", NOON,
            )
        )  # fmt: skip

    @rule(payout=consumes(sent))
    def a_payout_fails(self, payout: Sent) -> None:
        self.on_way -= payout.amount
        self.payable += payout.amount
        self.tell(
            PayoutFailed(
                payout.id, M, "bank_file", "bank", "p", payout.amount, "", "bank_file", NOON
            )
        )

    # --- refunds ----------------------------------------------------------------------------

    @rule(target=debts, deal=deals, pick=integers(0, 3))
    def a_refund_is_owed(self, deal: Deal, pick: int) -> Any:
        """Of all that waits, or of one unit that was sold."""
        if "waits" in deal.at:
            taken = list(range(len(deal.at)))
        else:
            taken = [at for at, place in enumerate(deal.at) if place != "gone"][pick:][:1]
        if not taken:
            return multiple()
        place, amounts = deal.at[taken[0]], total(deal.units[one] for one in taken)
        debt = Debt(RefundId(self.new()), deal, amounts.cash)
        for one in taken:
            deal.at[one] = "gone"
        if place not in ("waits", "unused"):
            self.give_back(deal, debt, place, amounts)
        held: Any = "escrow" if place == "waits" else "voucher"
        self.tell(
            RefundOwed(
                deal.id, debt.id, payment(1), "T", amounts.cash, "operator", False, held, NOON
            ),
            PointsReturned(ann, deal.id, 1, amounts.points, NOON),
        )
        self.owed += amounts.cash
        return debt

    def give_back(self, deal: Deal, debt: Debt, place: Any, amounts: Amounts) -> None:
        agent = deal.books.accounting == "agent"
        self.payable -= amounts.net if agent and place == "payable" else ZERO
        self.receivable += amounts.net if agent and place == "receivable" else ZERO
        self.tell(
            EarningReversed(
                earning_id=EarningId(ID), order_id=deal.id, merchant_id=M, lot=1,
                refund_id=debt.id, amounts=amounts, units=(), given_back=ZERO, taken_from=place,
                statement_id=None, books=deal.books, value_at=NOON, at=NOON,
            )
        )  # fmt: skip

    @rule(target=debts, debt=consumes(debts), closed=sampled_from((False, False, True)))
    def the_channel_pays_back(self, debt: Debt, closed: bool) -> Any:
        if debt.amount == ZERO:
            return multiple()
        deal, number = debt.deal, str(self.new())
        paid = deal.paid
        before = fee_returned("wechatpay", paid, deal.refunded)
        back = fee_returned("wechatpay", paid, deal.refunded + debt.amount) - before
        self.tell(
            RefundAttemptAccepted(
                refund_id=debt.id, order_id=deal.id, channel="wechatpay", attempt=1, number=number,
                channel_refund_id="50", amount=debt.amount, fee_back=back, accepted_at=NOON,
                evidence="reply", next_at=NOON, at=NOON,
            )
        )  # fmt: skip
        self.unproven.append(("refund", back - debt.amount))
        if closed:
            self.tell(
                RefundClosed(
                    debt.id, deal.id, "wechatpay", number, debt.amount, back, "query", NOON
                )
            )
            self.unproven.append(("refund_closed", debt.amount - back))
            return debt
        deal.refunded += debt.amount
        self.owed -= debt.amount
        self.fees -= back
        self.at_channel -= debt.amount - back
        self.tell(
            RefundSucceeded(debt.id, deal.id, number, "50", debt.amount, "", NOON, "query", NOON)
        )
        return multiple()

    # --- the bill ---------------------------------------------------------------------------

    @rule()
    def the_bill_comes(self) -> None:
        matches = tuple(
            Match(line, kind, "n", "T", None, None, ZERO, ZERO, net, ON)
            for line, (kind, net) in enumerate(self.unproven, 2)
        )
        self.unproven = []
        self.tell(
            LinesMatched(
                channel="wechatpay", mchid="1900000001", bill_date=ON, bill_id=BillId(ID),
                side="trade", chunk=1, matches=matches, void=(), at=NOON,
            )
        )  # fmt: skip

    # --- what must always be true -----------------------------------------------------------

    @invariant()
    def every_entry_balances_and_nobody_is_owed_less_than_nothing(self) -> None:
        assert self.book.unbalanced == []
        assert self.book.below_zero == []

    @invariant()
    def the_books_say_where_all_money_is(self) -> None:
        def fen(*codes: str) -> int:
            return sum(sum(self.book.of(code).values()) for code in codes)

        agents = [deal for deal in self.all if deal.books.accounting == "agent"]
        waits = {str(deal.id): deal.where("waits").cash.fen for deal in self.all}
        unused = {str(deal.id): deal.where("unused").cash.fen for deal in self.all}
        assert self.book.of("2010") == {key: amount for key, amount in waits.items() if amount}
        assert self.book.of("2020") == {key: amount for key, amount in unused.items() if amount}
        assert fen("2110") == sum(deal.where("pending").net.fen for deal in agents)
        assert fen("2120") == self.payable.fen
        assert fen("2130") == self.on_way.fen
        assert fen("1310") == self.receivable.fen
        assert fen("2210") == self.owed.fen
        assert fen("1120", "1121") == self.at_channel.fen
        assert fen("1120") == sum(net.fen for _, net in self.unproven)
        assert fen("1010") == self.in_bank.fen
        assert fen("5010", "5020") == self.fees.fen

    @invariant()
    def what_is_earned_is_commission_tax_and_margin(self) -> None:
        used = [
            (deal.books.accounting == "agent", one)
            for deal in self.all
            for one, at in zip(deal.units, deal.at, strict=True)
            if at in ("pending", "payable", "receivable")
        ]
        revenue = sum(sum(self.book.of(code).values()) for code in ("4000", "4010"))
        assert revenue == sum(
            one.commission.fen if agent else (one.gross - one.merchant_coupon - one.goods_vat).fen
            for agent, one in used
        )
        assert self.book.of("2510") == {
            key: fen
            for key, fen in {
                "commission": sum(one.commission_vat.fen for agent, one in used if agent),
                "goods": sum(one.goods_vat.fen for agent, one in used if not agent),
            }.items()
            if fen
        }
        borne = sum(self.book.of(code).get(str(M), 0) for code in ("5110", "5111"))
        borne -= sum(self.book.of("4090").values())
        assert borne == sum((one.platform_coupon + one.subsidy).fen for _, one in used)


TestBooks = Books.TestCase
TestBooks.settings = settings(max_examples=80, stateful_step_count=40, deadline=None)


@pytest.mark.parametrize("books", POLICIES)
@pytest.mark.parametrize("steps", range(5))
def test_a_refund_finds_its_money_wherever_it_is(books: BookPolicy, steps: int) -> None:
    """Waiting, unused, used, payable, or paid to the merchant already: and the next statement nets it."""
    told = Books()
    deal = told.sells(books, 10_000, 20, 5, 5, 2, False)
    walk = (
        lambda: told.group_succeeds(deal),
        lambda: told.units_are_used(deal, 2),
        lambda: told.what_is_used_matures(deal),
        told.a_statement_closes,
    )
    for step in walk[:steps]:
        step()
    debt = told.a_refund_is_owed(deal, 0)
    told.the_channel_pays_back(debt, False)
    other = told.sells(books, 50_000, 0, 0, 0, 1, True)
    told.units_are_used(other, 1)
    told.what_is_used_matures(other)
    told.a_statement_closes()
    told.the_bill_comes()
    told.every_entry_balances_and_nobody_is_owed_less_than_nothing()
    told.the_books_say_where_all_money_is()
    told.what_is_earned_is_commission_tax_and_margin()
