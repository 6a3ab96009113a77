"""Random shoppers, a moody channel and impatient timers, against a clerk with a notebook.

After every step the platform and the notebook must agree on every order, group, unit, limit and fen.
A failure prints its seed; `pytest --hypothesis-seed=N` plays it again.
"""

from collections import Counter
from datetime import datetime, timedelta

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from commands.replies import PlacedOrder
from domain.display import GroupStatus, OrderStatus
from domain.errors import Rejected
from domain.events.group import GroupFailed, GroupSucceeded, GroupVoided
from domain.events.order import RefundOwed
from domain.events.payment import PaymentCaptured
from domain.events.stock import (
    HoldReleased,
    StockCommitted,
    StockHeld,
    StockMovedIn,
    StockMovedOut,
    StockReceived,
)
from domain.ids import UserId
from tests.builders import HOUR, MINUTE, NOON, SECOND, ann, bob, cat, dan, eve, terms
from tests.in_memory import Cell
from tests.plain_trade import Group, Notebook, Order
from tests.shop import Shop

settings.register_profile(
    "trade",
    max_examples=150,
    stateful_step_count=50,
    deadline=None,
    derandomize=False,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)

STOCK = 40
STATES = {
    "unpaid": OrderStatus.PENDING_PAYMENT,
    "closing": OrderStatus.CLOSING,
    "closed": OrderStatus.CLOSED,
    "paid": OrderStatus.GROUPING,
    "ready": OrderStatus.READY,
    "owed": OrderStatus.REFUNDING,
}
OUTCOMES = {
    "pending": GroupStatus.PENDING_LEADER,
    "open": GroupStatus.OPEN,
    "deciding": GroupStatus.DECIDING,
    "succeeded": GroupStatus.SUCCEEDED,
    "failed": GroupStatus.FAILED,
    "void": GroupStatus.VOID,
}
SHOPPERS = (ann, bob, cat, dan, eve)
shoppers = st.sampled_from(SHOPPERS)
quantities = st.sampled_from([1, 1, 1, 1, 1, 1, 2, 2, 2, 3])
habits = st.sampled_from(["pays", "pays", "pays", "starts", "starts", ""])  # after ordering
picks = st.integers(0, 1000)


class Trade(RuleBasedStateMachine):
    """One shop, five shoppers, one channel."""

    shop: Shop
    plain: Notebook

    @initialize(
        seats=st.integers(2, 3),
        allotment=st.integers(4, 36),
        limit=st.integers(2, 12),
        hours=st.integers(3, 60),
    )
    def launch(self, seats: int, allotment: int, limit: int, hours: int) -> None:
        changes = {
            "seats": seats,
            "allotment": allotment,
            "per_user_limit": limit,
            "max_quantity": 2,
            "hours": 2,
            "ends_at": NOON + hours * HOUR,
        }
        self.shop = Shop(Cell(paranoid=True), stock=STOCK, **changes)
        self.plain = Notebook(terms(**changes), NOON)
        self.note(ann, 1, self.shop.opens(ann), "pays", leads=True)

    # --- shoppers -----------------------------------------------------------------------------

    @rule(who=shoppers, quantity=quantities, then=habits)
    def opens(self, who: UserId, quantity: int, then: str) -> None:
        units = self.plain.terms.seats + quantity - 1
        with Expected(self.plain.refuses_new(who, quantity, units)):
            self.note(who, quantity, self.shop.opens(who, quantity), then, leads=True)

    @precondition(lambda self: self.plain.groups)
    @rule(who=shoppers, quantity=quantities, pick=picks, then=habits)
    def joins(self, who: UserId, quantity: int, pick: int, then: str) -> None:
        groups = list(self.plain.groups.values())
        self.joins_group(who, groups[-1 - pick % min(len(groups), 3)], quantity, then)

    @precondition(lambda self: self.joinable())
    @rule(quantity=quantities, pick=picks, then=habits)
    def a_friend_joins(self, quantity: int, pick: int, then: str) -> None:
        wishes = self.joinable()
        who, group = wishes[pick % len(wishes)]
        self.joins_group(who, group, quantity, then)

    @precondition(lambda self: self.joinable())
    @rule(pick=picks)
    def a_friend_joins_and_pays(self, pick: int) -> None:
        wishes = self.joinable()
        who, group = wishes[pick % len(wishes)]
        self.joins_group(who, group, 1, "pays")

    @rule(who=shoppers, quantity=quantities, then=habits)
    def buys_alone(self, who: UserId, quantity: int, then: str) -> None:
        with Expected(self.plain.refuses_new(who, quantity, quantity)):
            self.note(who, quantity, self.shop.buys_alone(who, quantity), then, leads=False)

    @precondition(lambda self: self.plain.orders)
    @rule(pick=picks, then=st.sampled_from(["pays", "starts"]))
    def pays(self, pick: int, then: str) -> None:
        self.does(self.pick(pick), then)

    @precondition(lambda self: self.plain.orders)
    @rule(pick=picks, cancels=st.booleans())
    def gives_up(self, pick: int, cancels: bool) -> None:
        order = self.pick(pick)
        if cancels:
            with Expected(self.plain.refuses_cancel(order)):
                self.shop.cancels(order.id)
                self.plain.stop(order, cancelled=True)
        elif pick % 3 == 0:
            with Expected(self.plain.refuses_withdrawal(order)):
                self.shop.withdraws(order.id)
                self.plain.withdraw(order)

    # --- the channel --------------------------------------------------------------------------

    @precondition(lambda self: any(one.started for one in self.plain.orders.values()))
    @rule(
        pick=picks,
        when=st.sampled_from(["now", "earlier", "deadline", "late"]),
        wrong=st.sampled_from([0, 0, 0, 0, 0, -1, 1]),
        transaction=st.sampled_from(["first", "first", "first", "second"]),
    )
    def reports_money(self, pick: int, when: str, wrong: int, transaction: str) -> None:
        order = self.pick(pick, started=True)
        paid_at = self.paid_at(order, when)
        fen = order.amount + wrong
        self.shop.pays(order.id, paid_at=paid_at, fen=fen, transaction=transaction)
        self.plain.arrives(order, transaction, fen, paid_at)

    @precondition(lambda self: self.closed())
    @rule(pick=picks, when=st.sampled_from(["now", "now", "earlier", "late"]))
    def reports_late_money(self, pick: int, when: str) -> None:
        order = self.closed()[pick % len(self.closed())]
        paid_at = self.paid_at(order, when)
        self.shop.pays(order.id, paid_at=paid_at, transaction="first")
        self.plain.arrives(order, "first", order.amount, paid_at)

    @precondition(lambda self: any(one.started for one in self.plain.orders.values()))
    @rule(pick=picks)
    def says_closed(self, pick: int) -> None:
        order = self.pick(pick, started=True)
        self.shop.closes(order.id)
        self.plain.close(order)

    @precondition(lambda self: self.waiting())
    @rule(pick=picks)
    def says_closed_at_the_pay_deadline(self, pick: int) -> None:
        order = self.waiting()[pick % len(self.waiting())]
        self.wait_until(order.deadline)
        self.shop.closes(order.id)
        self.plain.close(order)

    # --- time, operators and processes --------------------------------------------------------

    @rule(minutes=st.sampled_from([1, 1, 3, 14, 16, 61]))
    def time_passes(self, minutes: int) -> None:
        self.wait_until(self.plain.at + timedelta(minutes=minutes))

    @precondition(lambda self: self.deadlines())
    @rule(
        seconds=st.sampled_from([-900, -120, -91, -90, -89, -1, 0, 1, 300, 599, 600]),
        pick=picks,
    )
    def a_deadline_nears(self, seconds: int, pick: int) -> None:
        deadlines = self.deadlines()
        self.wait_until(deadlines[pick % len(deadlines)] + timedelta(seconds=seconds))

    @precondition(lambda self: self.shop.cell.timers)
    @rule(pick=picks)
    def a_timer_fires_early(self, pick: int) -> None:
        keys = sorted(self.shop.cell.timers, key=lambda key: (key[0], key[1].__name__))
        self.shop.cell.fire(keys[pick % len(keys)])

    @precondition(lambda self: len(self.plain.orders) > 9)
    @rule()
    def the_campaign_ends(self) -> None:
        self.shop.ends()
        self.plain.ended = True

    @rule()
    def processes_follow_up(self) -> None:
        self.shop.follows_up()
        self.plain.follow_up()

    # --- what must hold -----------------------------------------------------------------------

    @invariant()
    def both_agree_on_every_order_and_group(self) -> None:
        for order in self.plain.orders.values():
            alone = order.group is None and order.state == "paid"
            expected = OrderStatus.READY if alone else STATES[order.state]
            assert self.shop.status(order.id) is expected, order
        for group in self.plain.groups.values():
            state = self.shop.group(group.id)
            assert state.status is OUTCOMES[group.outcome], group
            assert len(state.seats) <= self.plain.terms.seats
            assert len({seat.user_id for seat in state.seats.values()}) == len(state.seats)

    @invariant()
    def both_agree_on_every_unit(self) -> None:
        pool = self.shop.pool()
        assert (pool.held, pool.sold) == (self.plain.held(), self.plain.sold())
        assert pool.received + self.shop.warehouse().received == STOCK
        if self.plain.ended:
            assert pool.received == pool.held + pool.sold, "free units have gone home"
        for who in SHOPPERS:
            assert self.shop.units_of(who) == self.plain.quota(who)

    @invariant()
    def both_agree_on_every_fen(self) -> None:
        debts = self.shop.cell.happened(RefundOwed)
        owed = {(debt.order_id, debt.transaction_id): debt.amount.fen for debt in debts}
        assert owed == self.plain.debts
        assert len(owed) == len(debts) == len({debt.refund_id for debt in debts})
        arrived: Counter[object] = Counter()
        for fact in self.shop.cell.happened(PaymentCaptured):
            arrived[fact.order_id] += fact.amount.fen
        for debt in debts:
            arrived[debt.order_id] -= debt.amount.fen
        for order in self.plain.orders.values():
            kept = order.amount if order.state in ("paid", "ready") else 0
            assert arrived[order.id] == kept, "every fen buys a live order or is owed back"

    @invariant()
    def a_group_ends_once(self) -> None:
        ends = self.shop.cell.happened(GroupSucceeded, GroupFailed, GroupVoided)
        assert len({end.group_id for end in ends}) == len(ends)

    @invariant()
    def no_pool_ever_promised_too_much(self) -> None:
        for pool_id in (self.shop.pool_id, self.shop.source):
            received = held = sold = 0
            for fact in self.shop.cell.facts(pool_id):
                match fact:
                    case StockReceived() | StockMovedIn():
                        received += fact.quantity
                    case StockMovedOut():
                        received -= fact.quantity
                    case StockHeld():
                        held += fact.quantity
                    case HoldReleased():
                        held -= fact.quantity
                    case StockCommitted():
                        held, sold = held - fact.quantity, sold + fact.quantity
                assert 0 <= held, fact
                assert held + sold <= received, fact

    def teardown(self) -> None:
        """Let everything come to an end: nothing may stay held, and nobody without goods or money."""
        if not hasattr(self, "shop"):
            return
        self.wait_until(self.plain.at + timedelta(days=4))
        for order in self.plain.orders.values():
            if order.state == "closing":
                self.shop.closes(order.id)
                self.plain.close(order)
        self.processes_follow_up()
        self.both_agree_on_every_order_and_group()
        self.both_agree_on_every_unit()
        self.both_agree_on_every_fen()
        assert self.shop.pool().held == 0
        assert self.shop.cell.timers == {}
        final = {"closed", "owed", "ready"}
        assert {one.state for one in self.plain.orders.values() if one.group} <= final

    # --- parts --------------------------------------------------------------------------------

    def note(
        self, who: UserId, quantity: int, reply: PlacedOrder, then: str, *, leads: bool
    ) -> None:
        order = Order(
            id=reply.order_id,
            buyer=who,
            group=reply.group_id,
            leads=leads,
            quantity=quantity,
            amount=reply.amount_fen,
            deadline=reply.pay_deadline,
        )
        self.plain.place(order)
        self.does(order, then)

    def does(self, order: Order, then: str) -> None:
        """Pay, start to pay, or neither."""
        if not then or not self.payable(order):
            return
        order.started = True
        self.shop.starts_paying(order.id)
        if then == "pays":
            self.shop.pays(order.id, transaction="first")
            self.plain.arrives(order, "first", order.amount, self.plain.at)

    def joins_group(self, who: UserId, group: Group, quantity: int, then: str) -> None:
        with Expected(self.plain.refuses_seat(who, group, quantity)):
            self.note(who, quantity, self.shop.joins(who, group.id, quantity), then, leads=False)

    def joinable(self) -> list[tuple[UserId, Group]]:
        """Who could take a seat where, as far as seats go."""
        return [
            (who, group)
            for group in self.plain.groups.values()
            for who in SHOPPERS
            if self.plain.refuses_seat(who, group, 1) == ""
        ]

    def deadlines(self) -> list[datetime]:
        """When open and deciding groups close or closed."""
        groups = self.plain.groups.values()
        running = [one for one in groups if one.outcome in ("open", "deciding")]
        return [one.closes_at for one in running if one.closes_at is not None]

    def wait_until(self, until: datetime) -> None:
        self.shop.cell.wait(until=until)
        self.plain.wait(until)

    def pick(self, pick: int, *, started: bool = False) -> Order:
        """One of the latest orders; only those with a payment at the channel, if asked."""
        known = [one for one in self.plain.orders.values() if one.started or not started]
        return known[-1 - pick % min(len(known), 6)]

    def closed(self) -> list[Order]:
        """Orders that closed although a payment was out at the channel."""
        return [one for one in self.plain.orders.values() if one.started and one.state == "closed"]

    def waiting(self) -> list[Order]:
        """Unpaid orders with a payment out at the channel."""
        return [one for one in self.plain.orders.values() if one.started and one.state == "unpaid"]

    def payable(self, order: Order) -> bool:
        group = self.plain.groups[order.group] if order.group else None
        alive = group is None or group.outcome != "failed"
        in_time = order.started or self.plain.at + MINUTE <= order.deadline
        return order.state == "unpaid" and alive and in_time

    def paid_at(self, order: Order, when: str) -> datetime:
        closes_at = self.plain.groups[order.group].closes_at if order.group else None
        if when == "earlier":
            return self.plain.at - 20 * MINUTE
        if closes_at is None or when == "now":
            return self.plain.at
        return closes_at + (SECOND if when == "late" else 0 * SECOND)


class Expected:
    """`with Expected("GroupFull"):` demands that refusal; `with Expected(""):` demands success."""

    def __init__(self, refusal: str) -> None:
        self.refusal = refusal

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: object, trace: object) -> bool:
        if kind is not None and not issubclass(kind, Rejected):
            return False
        assert (kind.__name__ if kind else "") == self.refusal
        return True


TestTrade = Trade.TestCase
TestTrade.settings = settings.get_profile("trade")
