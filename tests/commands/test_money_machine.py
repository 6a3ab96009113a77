"""Random shoppers, payments, refunds, channel words and people: after every command the books balance and agree.

What the books must hold is told by the judge's own story of orders and refunds, which knows no postings.
A failure prints its seed; `pytest --hypothesis-seed=N` plays it again.
"""

from collections import Counter
from contextlib import suppress
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from commands.advance_refund import AdvanceRefund
from commands.record_refund_rejection import RecordRefundRejection
from domain.errors import Rejected
from domain.events.order import RefundOwed
from domain.events.payment import PaymentCaptured
from domain.events.refund import (
    RefundAttemptAccepted,
    RefundClosed,
    RefundPaidElsewhere,
    RefundSucceeded,
    Seen,
)
from domain.fees import channel_fee
from domain.ids import GroupId, OrderId, RefundId, UserId
from domain.money import Money
from domain.refund import OVER
from domain.refund_desk import allowed
from infra.simulator.world import money
from infra.simulator.world.story import Story
from tests.builders import ann, bob, cat, dan, eve
from tests.in_memory import Cell
from tests.refund_desk import agrees, proposes, wishes
from tests.shop import Shop

shoppers = st.sampled_from((ann, bob, cat, dan, eve))
picks = st.integers(0, 1000)
words: st.SearchStrategy[Seen] = st.sampled_from(
    ["succeeded", "succeeded", "processing", "closed", "abnormal", "not_found"]
)
codes = st.sampled_from(["NOT_ENOUGH", "SYSTEM_ERROR", "NO_AUTH", "FREQUENCY_LIMITED"])


class Trade(RuleBasedStateMachine):
    """One shop whose buyers get some of their money back, one way or another."""

    @initialize(price=st.integers(2, 30_000))
    def opens_its_doors(self, price: int) -> None:
        prices = {"group_price": Money(price), "single_price": Money(price + 7)}
        self.shop = Shop(Cell(), stock=90, seats=2, hours=2, per_user_limit=30, **prices)
        self.story = Story(self.shop.cell.at)
        self.told = 0
        self.orders: list[OrderId] = []

    # --- buyers -------------------------------------------------------------------------------

    @rule(who=shoppers, pays=st.booleans())
    def opens(self, who: UserId, pays: bool) -> None:
        with suppress(Rejected):
            self.bought(self.shop.opens(who).order_id, pays=pays)

    @rule(who=shoppers, pick=picks, pays=st.booleans())
    def joins(self, who: UserId, pick: int, pays: bool) -> None:
        groups = [group for group in map(self.group_of, self.orders) if group is not None]
        if groups:
            with suppress(Rejected):
                group = groups[-1 - pick % min(len(groups), 4)]
                self.bought(self.shop.joins(who, group).order_id, pays=pays)

    @rule(who=shoppers)
    def buys_alone(self, who: UserId) -> None:
        with suppress(Rejected):
            self.bought(self.shop.buys_alone(who).order_id, pays=True)

    @precondition(lambda self: self.orders)
    @rule(pick=picks, wrong=st.sampled_from([0, 0, 0, -1, 1]), twice=st.booleans())
    def is_told_of_money(self, pick: int, wrong: int, twice: bool) -> None:
        order = self.order(pick)
        with suppress(Rejected):
            fen = self.shop.order(order).amount.fen + wrong
            self.shop.pays(order, fen=fen, transaction=f"42{order.hex}" if twice else "")

    @precondition(lambda self: self.orders)
    @rule(pick=picks, how=st.sampled_from(["closes", "cancels", "withdraws"]))
    def gives_up(self, pick: int, how: str) -> None:
        order = self.order(pick)
        if how != "closes" or self.shop.order(order).payment_id is not None:
            with suppress(Rejected):
                getattr(self.shop, how)(order)

    # --- processes, time and the channel --------------------------------------------------------

    @rule()
    def processes_follow_up(self) -> None:
        self.shop.follows_up()

    @rule(minutes=st.sampled_from([1, 2, 16, 130]))
    def time_passes(self, minutes: int) -> None:
        self.shop.cell.wait(minutes=minutes)

    @precondition(lambda self: self.debts())
    @rule(pick=picks, say=words)
    def a_refund_is_asked_for_and_answered(self, pick: int, say: Seen) -> None:
        refund = self.refund(pick)
        self.shop.cell.wait(minutes=2)  # between two refunds of one payment
        with suppress(Rejected):
            self.shop.cell.ask(AdvanceRefund(refund, refund))
            self.shop.hears(refund, say, "query")

    @precondition(lambda self: self.debts())
    @rule(pick=picks, say=words)
    def the_channel_says(self, pick: int, say: Seen) -> None:
        with suppress(Rejected):
            self.shop.hears(self.refund(pick), say, "notification")

    @precondition(lambda self: self.debts())
    @rule(pick=picks, code=codes)
    def the_channel_says_no(self, pick: int, code: str) -> None:
        refund = self.refund(pick)
        with suppress(Rejected):
            step = self.shop.cell.ask(AdvanceRefund(refund, refund))
            self.shop.cell.ask(RecordRefundRejection(refund, step.attempt, refund, code, "不"))

    # --- people ---------------------------------------------------------------------------------

    @precondition(lambda self: self.orders)
    @rule(pick=picks, share=st.integers(1, 100))
    def a_part_is_given_back(self, pick: int, share: int) -> None:
        order = self.order(pick)
        with suppress(Rejected):
            part = max(1, self.shop.order(order).amount.fen * share // 100)
            agrees(self.shop, wishes(self.shop, order, part))

    @precondition(lambda self: self.troubled())
    @rule(pick=picks)
    def people_decide(self, pick: int) -> None:
        refund = self.troubled()[pick % len(self.troubled())]
        may = [action for action in allowed(self.shop.refund(refund)) if action != "pay"]
        if may:
            action = may[pick % len(may)]
            with suppress(Rejected):
                agrees(self.shop, proposes(self.shop, refund, action, reference="银行回单"))

    @precondition(lambda self: self.returning())
    @rule(pick=picks)
    def money_comes_back_to_us(self, pick: int) -> None:
        refund = self.returning()[pick % len(self.returning())]
        with suppress(Rejected):
            self.shop.cell.ask(AdvanceRefund(refund, refund))
            self.shop.hears(refund, "processing", "reply")
            self.shop.hears(refund, "succeeded", "query")

    # --- what must hold -------------------------------------------------------------------------

    @invariant()
    def the_books_agree(self) -> None:
        for check in money.FROM_STORY:
            assert check(self.so_far()).broken == ()

    @invariant()
    def every_fen_that_came_in_is_held_or_went_back(self) -> None:
        happened = self.shop.cell.happened
        came = sum(it.amount.fen for it in happened(PaymentCaptured))
        back = sum(it.amount.fen for it in happened(RefundSucceeded, RefundPaidElsewhere))
        book = self.so_far().money
        held = sum(sum(book.of(account).values()) for account in ("2010", "2020", "2210", "2220"))
        assert held == came - back

    @invariant()
    def what_went_back_whole_has_cost_no_fee(self) -> None:
        happened = self.shop.cell.happened
        of = {debt.refund_id: debt.transaction_id for debt in happened(RefundOwed)}
        back: Counter[str] = Counter()  # fen that the channel has taken on, by transaction
        given: Counter[str] = Counter()  # fen of its fee
        for event in happened(RefundAttemptAccepted, RefundClosed):
            sign = 1 if isinstance(event, RefundAttemptAccepted) else -1
            back[of[event.refund_id]] += sign * event.amount.fen
            given[of[event.refund_id]] += sign * event.fee_back.fen
        fees = 0
        for capture in happened(PaymentCaptured):
            fee = channel_fee(capture.channel, capture.amount).fen
            fees += fee - given[capture.transaction_id]
            if back[capture.transaction_id] == capture.amount.fen:
                assert given[capture.transaction_id] == fee
        assert sum(self.so_far().money.of("5010").values()) == fees

    # --- parts ----------------------------------------------------------------------------------

    def so_far(self) -> Story:
        """The judge's own story of everything that was recorded."""
        for one in self.shop.cell.log[self.told :]:
            self.told += 1
            self.story.take(self.told, one.event)
        return self.story

    def bought(self, order: OrderId, *, pays: bool) -> None:
        self.orders.append(order)
        if pays:
            self.shop.pays(order)

    def order(self, pick: int) -> OrderId:
        """One of the latest."""
        return self.orders[-1 - pick % min(len(self.orders), 8)]

    def group_of(self, order: OrderId) -> GroupId | None:
        return self.shop.order(order).group_id

    def debts(self) -> list[Any]:
        return self.shop.cell.happened(RefundOwed)

    def troubled(self) -> list[RefundId]:
        """Those that people look after."""
        return [one.refund_id for one in self.debts() if self.shop.refund(one.refund_id).trouble]

    def returning(self) -> list[RefundId]:
        """Those whose money is to come back to our own account."""
        states = ((one.refund_id, self.shop.refund(one.refund_id)) for one in self.debts())
        return [id for id, state in states if state.call == "return" and state.status not in OVER]

    def refund(self, pick: int) -> RefundId:
        """One of those that go on, if there are any."""
        every: list[RefundId] = [debt.refund_id for debt in self.debts()]
        live = [one for one in every if self.shop.refund(one).status not in OVER] or every
        return live[-1 - pick % len(live)]


TestMoney = Trade.TestCase
TestMoney.settings = settings(
    max_examples=150,
    stateful_step_count=50,
    deadline=None,
    derandomize=False,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
