"""What the events say happened, told again by somebody who shares no rule with the platform.

Nothing here is taken from the deciders or the read models: it is the judge's own bookkeeping over the log.
What can be wrong at one event is noted in `broken` at that event.
"""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.events import Event
from domain.events.catalog import CampaignEnded, CampaignLaunched, SkuRegistered
from domain.events.group import (
    GroupDeciding,
    GroupEvent,
    GroupFailed,
    GroupOpened,
    GroupStarted,
    GroupSucceeded,
    GroupVoided,
    LeadershipPassed,
    SeatFilled,
    SeatHeld,
    SeatReleased,
)
from domain.events.order import (
    OrderClosed,
    OrderClosing,
    OrderEvent,
    OrderLatePaid,
    OrderPaid,
    OrderPaymentStarted,
    OrderPlaced,
    OrderReadied,
    OrderRefunded,
    OrderRefundEscalated,
    QuotaEvent,
    QuotaReturned,
    QuotaTaken,
    RefundOwed,
)
from domain.events.payment import PaymentCaptured, PaymentClosed, PaymentRequested
from domain.events.payout import PayoutEvent
from domain.events.refund import RefundEvent
from domain.events.stock import (
    HoldReleased,
    PoolOpened,
    StockCommitted,
    StockEvent,
    StockHeld,
    StockMovedIn,
    StockMovedOut,
    StockReceived,
    StockReturned,
)
from infra.simulator.world.books import MoneyBook
from infra.simulator.world.earned import SettlementBook
from infra.simulator.world.payout_story import PayoutBook
from infra.simulator.world.refunds import RefundBook


@dataclass
class OrderStory:
    placed: OrderPlaced
    status: str = "PENDING_PAYMENT"
    bought_by: list[str] = field(default_factory=list)  # transactions
    debts: dict[UUID, "DebtStory"] = field(default_factory=dict)  # by refund

    def owed_of(self, transaction: str) -> int:
        """Fen of this transaction that are, or were, owed back."""
        return sum(debt.fen for debt in self.debts.values() if debt.transaction == transaction)


@dataclass
class DebtStory:
    transaction: str
    fen: int
    paid_back: bool = False


@dataclass
class PaymentStory:
    order_id: UUID
    out_trade_no: str
    asked_fen: int
    captured: dict[str, int] = field(default_factory=dict)  # fen by transaction
    closed: bool = False


@dataclass
class GroupStory:
    needs: int
    members: dict[UUID, bool]  # order -> paid
    outcomes: list[str] = field(default_factory=list)
    decided: tuple[UUID, ...] = ()  # the orders named by the outcome
    status: str = "PENDING_LEADER"
    closes_at: datetime | None = None
    decided_at: datetime | None = None


@dataclass
class PoolStory:
    cap: int
    kind: str
    received: int = 0
    held: int = 0
    sold: int = 0
    holders: Counter[UUID] = field(default_factory=Counter)  # units held by each


@dataclass
class CampaignStory:
    pool_id: UUID
    limit: int  # units a person
    ended: bool = False


class Story:
    """Feed it every event in order. `now` is when it was read: what follows from the last facts may be under way."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.events = 0
        self.orders: dict[UUID, OrderStory] = {}
        self.payments: dict[UUID, PaymentStory] = {}
        self.groups: dict[UUID, GroupStory] = {}
        self.pools: dict[UUID, PoolStory] = {}
        self.campaigns: dict[UUID, CampaignStory] = {}
        self.refunds = RefundBook()
        self.payouts = PayoutBook()
        self.money = MoneyBook()
        self.settlement = SettlementBook()
        self.quotas: defaultdict[tuple[UUID, UUID], dict[UUID, int]] = defaultdict(dict)
        self.broken: defaultdict[str, list[str]] = defaultdict(list)  # by subject

    def take(self, position: int, event: Event) -> None:
        self.events += 1
        self.money.take(position, event)
        self.settlement.take(event)
        match event:
            case SkuRegistered():
                pass
            case CampaignLaunched():
                limit = event.terms.per_user_limit
                self.campaigns[event.campaign_id] = CampaignStory(event.pool_id, limit)
            case CampaignEnded():
                self.campaigns[event.campaign_id].ended = True
            case QuotaTaken() | QuotaReturned():
                self._quota(position, event)
            case _ if isinstance(event, PayoutEvent):
                self.payouts.take(event)
            case _ if isinstance(event, RefundEvent):
                self.refunds.take(event)
            case _ if isinstance(event, StockEvent):
                self._stock(position, event)
            case _ if isinstance(event, GroupEvent):
                self._group(position, event)
            case _ if isinstance(event, OrderEvent):
                self._order(event)
            case _:
                self._payment(event)

    def _order(self, event: OrderEvent) -> None:
        if isinstance(event, OrderPlaced):
            self.orders[event.order_id] = OrderStory(event)
            return
        order = self.orders[event.order_id]
        match event:
            case OrderPaymentStarted():
                pass
            case OrderPaid():
                order.status = "GROUPING"
                order.bought_by.append(event.transaction_id)
            case OrderReadied():
                order.status = "READY"
            case OrderClosing():
                order.status = "CLOSING"
            case OrderClosed():
                order.status = "CLOSED"
            case OrderLatePaid():
                if event.why != "paid_twice":
                    order.status = "LATE_PAID"
            case RefundOwed():
                if event.refund_id in order.debts:
                    self.broken["money"].append(f"{event.refund_id} is owed twice")
                order.debts[event.refund_id] = DebtStory(event.transaction_id, event.amount.fen)
                if event.ends:
                    order.status = "REFUNDING"
            case OrderRefunded():
                debt = order.debts.get(event.refund_id)
                if debt is None:
                    self.broken["money"].append(f"{event.refund_id} was not owed and is refunded")
                    return
                debt.paid_back = True
                ended = order.status in ("REFUNDING", "REFUND_ATTENTION")
                if ended and all(debt.paid_back for debt in order.debts.values()):
                    order.status = "REFUNDED"
            case OrderRefundEscalated():
                if order.status == "REFUNDING":
                    order.status = "REFUND_ATTENTION"

    def _payment(self, event: Any) -> None:
        match event:
            case PaymentRequested():
                self.payments[event.payment_id] = PaymentStory(
                    event.order_id, event.out_trade_no, event.amount.fen
                )
            case PaymentCaptured():
                captured = self.payments[event.payment_id].captured
                if event.transaction_id in captured:
                    self.broken["money"].append(f"{event.transaction_id} was captured twice")
                captured[event.transaction_id] = event.amount.fen
            case PaymentClosed():
                self.payments[event.payment_id].closed = True

    def _group(self, position: int, event: GroupEvent) -> None:
        if isinstance(event, GroupOpened):
            self.groups[event.group_id] = GroupStory(event.terms.seats, {event.order_id: False})
            return
        group = self.groups[event.group_id]
        match event:
            case SeatHeld():
                group.members[event.order_id] = False
                if len(group.members) > group.needs:
                    self.broken["groups"].append(f"{event.group_id} has too many at {position}")
            case SeatFilled():
                group.members[event.order_id] = True
            case SeatReleased():
                del group.members[event.order_id]
            case GroupStarted():
                group.status, group.closes_at = "OPEN", event.closes_at
            case GroupDeciding():
                group.status = "DECIDING"
            case GroupSucceeded() | GroupFailed():
                group.status = "SUCCEEDED" if isinstance(event, GroupSucceeded) else "FAILED"
                group.outcomes.append(group.status)
                group.decided, group.decided_at = event.orders, event.at
            case GroupVoided():
                group.status = "VOID"
                group.outcomes.append("VOID")
            case LeadershipPassed():
                if not group.members.get(event.order_id):
                    self.broken["groups"].append(f"{event.group_id} is led by nobody at {position}")

    def _stock(self, position: int, event: StockEvent) -> None:
        if isinstance(event, PoolOpened):
            self.pools[event.pool_id] = PoolStory(event.oversell_cap, event.kind)
            return
        pool, units = self.pools[event.pool_id], event.quantity
        match event:
            case StockReceived() | StockMovedIn():
                pool.received += units
            case StockMovedOut():
                pool.received -= units
            case StockHeld():
                pool.held += units
                pool.holders[event.holder] += units
            case HoldReleased() | StockCommitted():
                pool.held -= units
                pool.sold += units if isinstance(event, StockCommitted) else 0
                pool.holders[event.holder] -= units
                if pool.holders[event.holder] < 0:
                    self.broken["stock"].append(f"{event.holder} gave back too much at {position}")
            case StockReturned():
                pool.sold -= units
        promised = pool.held + pool.sold
        if min(pool.held, pool.sold, units) < 0 or promised > pool.received + pool.cap:
            self.broken["stock"].append(f"pool {event.pool_id} is oversold at {position}: {pool}")

    def _quota(self, position: int, event: QuotaEvent) -> None:
        taken = self.quotas[event.campaign_id, event.user_id]
        if isinstance(event, QuotaReturned):
            taken.pop(event.order_id, None)
            return
        taken[event.order_id] = event.quantity
        limit = self.campaigns[event.campaign_id].limit
        if sum(taken.values()) > limit:
            self.broken["quota"].append(f"{event.user_id} is over {limit} at {position}")
