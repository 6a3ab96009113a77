"""The trade as a clerk with a notebook would run it: no events, no streams, everything counted afresh.

It is slow, global and written apart from the domain, so that both can be wrong only in the same way by
chance. `refusal` methods return the name of the refusal that must come, or "" when the wish is granted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from domain.ids import GroupId, OrderId, UserId
from domain.terms import ClassicTerms

State = Literal["unpaid", "closing", "closed", "paid", "ready", "owed"]
Outcome = Literal["pending", "open", "deciding", "succeeded", "failed", "void"]
UNDECIDED: tuple[Outcome, ...] = ("pending", "open", "deciding")
UNRESOLVED: tuple[State, ...] = ("unpaid", "closing")
COUNTED: tuple[State, ...] = ("unpaid", "closing", "paid", "ready")


@dataclass
class Order:
    """One line of the notebook."""

    id: OrderId
    buyer: UserId
    group: GroupId | None
    leads: bool
    quantity: int
    amount: int
    deadline: datetime
    state: State = "unpaid"
    started: bool = False
    cancelled: bool = False
    money: dict[str, int] = field(default_factory=dict)


@dataclass
class Group:
    """One page of the notebook."""

    id: GroupId
    outcome: Outcome = "pending"
    closes_at: datetime | None = None


class Notebook:
    """What everybody has and is owed."""

    def __init__(self, terms: ClassicTerms, at: datetime) -> None:
        self.terms = terms
        self.at = at
        self.ended = False
        self.orders: dict[OrderId, Order] = {}
        self.groups: dict[GroupId, Group] = {}
        self.debts: dict[tuple[OrderId, str], int] = {}

    # --- counting -----------------------------------------------------------------------------

    def members(self, group: GroupId, *states: State) -> list[Order]:
        return [one for one in self.orders.values() if one.group == group and one.state in states]

    def seated(self, group: GroupId) -> list[Order]:
        return self.members(group, "unpaid", "closing", "paid", "ready")

    def held(self) -> int:
        units = 0
        for group in self.groups.values():
            if group.outcome in UNDECIDED:
                extra = sum(one.quantity - 1 for one in self.seated(group.id))
                units += self.terms.seats + extra
        return units + sum(one.quantity for one in self.alone() if one.state in UNRESOLVED)

    def sold(self) -> int:
        units = sum(one.quantity for one in self.alone() if one.state == "paid")
        for group in self.groups.values():
            if group.outcome == "succeeded":
                units += sum(one.quantity for one in self.members(group.id, "paid", "ready"))
        return units

    def alone(self) -> Iterator[Order]:
        return (one for one in self.orders.values() if one.group is None)

    def free(self) -> int:
        return 0 if self.ended else self.terms.allotment - self.held() - self.sold()

    def quota(self, who: UserId) -> int:
        mine = (one for one in self.orders.values() if one.buyer == who)
        return sum(one.quantity for one in mine if one.state in COUNTED)

    # --- wishes -------------------------------------------------------------------------------

    def refuses_new(self, who: UserId, quantity: int, units: int) -> str:
        if self.ended or self.at >= self.terms.ends_at:
            return "CampaignOver"
        return self.refuses_units(who, quantity, units)

    def refuses_units(self, who: UserId, quantity: int, units: int) -> str:
        if quantity > self.terms.max_quantity:
            return "QuantityOverLimit"
        if self.quota(who) + quantity > self.terms.per_user_limit:
            return "QuotaExceeded"
        return "StockShort" if units > self.free() else ""

    def refuses_seat(self, who: UserId, group: Group, quantity: int) -> str:
        if group.outcome in ("pending", "void"):
            return "GroupNotFound"
        if group.outcome != "open":
            return "GroupNotOpen"
        assert group.closes_at is not None
        if self.at + timedelta(seconds=90) > group.closes_at:
            return "TooLateToJoin"
        if who in {one.buyer for one in self.seated(group.id)}:
            return "AlreadyMember"
        if len(self.seated(group.id)) == self.terms.seats:
            return "GroupFull"
        return self.refuses_units(who, quantity, quantity - 1)

    def refuses_cancel(self, order: Order) -> str:
        return "" if order.state in ("unpaid", "closing", "closed") else "OrderAlreadyPaid"

    def refuses_withdrawal(self, order: Order) -> str:
        if order.state == "owed":
            return ""
        if order.state != "paid" or order.group is None:
            return "OrderNotWithdrawable"
        group = self.groups[order.group]
        late = group.closes_at is None or self.at >= group.closes_at
        return "TooLateToWithdraw" if group.outcome != "open" or late else ""

    # --- what happens -------------------------------------------------------------------------

    def place(self, order: Order) -> None:
        self.orders[order.id] = order
        if order.leads and order.group is not None:
            self.groups[order.group] = Group(order.group)

    def stop(self, order: Order, *, cancelled: bool) -> None:
        if order.state == "unpaid":
            order.cancelled = cancelled
            order.state = "closing" if order.started else "closed"
            self.look_at(order)

    def close(self, order: Order) -> None:
        if order.state in UNRESOLVED:
            order.state = "closed"
            self.look_at(order)

    def withdraw(self, order: Order) -> None:
        if order.state == "paid" and order.group is not None:
            self.owe(order, *order.money.items())
            if not self.members(order.group, "paid"):
                self.groups[order.group].outcome = "failed"

    def arrives(self, order: Order, transaction: str, fen: int, paid_at: datetime) -> None:
        if transaction in order.money or (order.id, transaction) in self.debts:
            return
        if order.state in ("paid", "ready", "owed"):
            self.debts[order.id, transaction] = fen
        elif fen != order.amount or not self.buys(order, paid_at):
            self.owe(order, (transaction, fen))
            self.look_at(order)
        else:
            order.money[transaction] = fen
            order.state = "paid"
            self.seat_paid(order, paid_at)

    def buys(self, order: Order, paid_at: datetime) -> bool:
        """May money that comes now still have the seat?"""
        if order.group is None:
            return order.state in UNRESOLVED
        group = self.groups[order.group]
        if group.outcome not in UNDECIDED:
            return False
        if group.closes_at is not None and paid_at > group.closes_at:
            return False
        if order.state in UNRESOLVED:
            return True
        if order.cancelled or group.outcome != "open" or group.closes_at is None:
            return False
        others = self.seated(group.id)
        return (
            self.at < group.closes_at
            and len(others) < self.terms.seats
            and order.buyer not in {one.buyer for one in others}
            and self.refuses_units(order.buyer, order.quantity, order.quantity - 1) == ""
        )

    def seat_paid(self, order: Order, paid_at: datetime) -> None:
        if order.group is None:
            return
        group = self.groups[order.group]
        if group.outcome == "pending":
            group.outcome = "open"
            group.closes_at = paid_at + timedelta(hours=self.terms.hours)
        elif len(self.members(group.id, "paid")) == self.terms.seats:
            group.outcome = "succeeded"
        else:
            self.look_at(order)

    def owe(self, order: Order, *money: tuple[str, int]) -> None:
        order.state = "owed"
        for transaction, fen in money:
            self.debts[order.id, transaction] = fen

    def look_at(self, order: Order) -> None:
        """An order of a group was resolved: is the group?"""
        if order.group is None:
            return
        group = self.groups[order.group]
        if group.outcome == "pending" and order.leads and order.state in ("closed", "owed"):
            group.outcome = "void"
        if group.outcome == "deciding" and not self.members(group.id, *UNRESOLVED):
            group.outcome = "failed"

    def follow_up(self) -> None:
        for group in self.groups.values():
            for order in self.members(group.id, "paid"):
                if group.outcome == "succeeded":
                    order.state = "ready"
                if group.outcome == "failed":
                    self.owe(order, *order.money.items())

    def wait(self, until: datetime) -> None:
        """Let every deadline pass in its turn."""
        while (moment := self.next_moment()) <= until:
            self.at = max(self.at, moment)
            for order in list(self.orders.values()):
                if order.deadline <= self.at:
                    self.stop(order, cancelled=False)
            for group in self.groups.values():
                self.deadline(group)
            self.ended = self.ended or self.at >= self.terms.ends_at
        self.at = max(self.at, until)

    def next_moment(self) -> datetime:
        moments = [one.deadline for one in self.orders.values() if one.state == "unpaid"]
        for group in self.groups.values():
            if group.closes_at is not None and group.outcome in ("open", "deciding"):
                grace = timedelta(minutes=10 if group.outcome == "deciding" else 0)
                moments.append(group.closes_at + grace)
        if not self.ended:
            moments.append(self.terms.ends_at)
        return min(moments, default=datetime.max.replace(tzinfo=self.at.tzinfo))

    def deadline(self, group: Group) -> None:
        if group.outcome not in ("open", "deciding") or group.closes_at is None:
            return
        waiting = bool(self.members(group.id, *UNRESOLVED))
        if self.at >= group.closes_at + timedelta(minutes=10) or (
            self.at >= group.closes_at and not waiting
        ):
            group.outcome = "failed"
        elif self.at >= group.closes_at:
            group.outcome = "deciding"
