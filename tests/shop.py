"""A shop in one cell, spoken in shoppers' words: `shop.opens(ann)`, `shop.pays(order)`, `shop.closes(order)`."""

from datetime import datetime
from typing import Any

from commands.advance_refund import AdvanceRefund
from commands.buy_alone import BuyAlone
from commands.cancel_order import CancelOrder
from commands.close_order import CloseOrder
from commands.end_campaign import EndCampaign
from commands.hear_refund import HearRefund
from commands.join_group import JoinGroup
from commands.launch_campaign import LaunchCampaign
from commands.open_group import OpenGroup
from commands.open_pool import OpenPool
from commands.owe_refund import OweRefund
from commands.ready_order import ReadyOrder
from commands.receive_stock import ReceiveStock
from commands.record_capture import RecordCapture
from commands.refunding import RefundState
from commands.register_sku import RegisterSku
from commands.replies import OrderState, PlacedOrder
from commands.start_payment import StartedPayment, StartPayment
from commands.withdraw_order import WithdrawOrder
from domain.display import GroupStatus, OrderStatus
from domain.events.group import GroupFailed, GroupSucceeded
from domain.events.order import RefundOwed
from domain.events.refund import Evidence, Seen
from domain.group import GROUP, Group
from domain.ids import GroupId, OrderId, RefundId, UserId
from domain.order import ORDER, Order
from domain.quota import QUOTA, quota_id
from domain.refund import REFUND, Refund
from domain.stock import STOCK, Pool
from tests.builders import terms
from tests.in_memory import Cell


class Shop:
    """One SKU, one warehouse, one campaign; the channel and the processes are played by the test."""

    def __init__(self, cell: Cell, *, stock: int = 100, **changes: Any) -> None:
        self.cell = cell
        self.sku_id = cell.ask(RegisterSku("tea-house", "春茶", 1990, "physical")).sku_id
        self.source = cell.ask(OpenPool(self.sku_id, "warehouse", "广州仓")).pool_id
        cell.ask(ReceiveStock(self.source, stock, "DN-1"))
        launch = LaunchCampaign("春茶三人团", self.sku_id, self.source, terms(**changes))
        launched = cell.ask(launch)
        self.campaign_id, self.pool_id = launched.campaign_id, launched.pool_id

    def opens(self, who: UserId, quantity: int = 1) -> PlacedOrder:
        reply: PlacedOrder = self.cell.ask(OpenGroup(self.campaign_id, "44", quantity), by=who)
        return reply

    def joins(self, who: UserId, group_id: GroupId | None, quantity: int = 1) -> PlacedOrder:
        assert group_id is not None
        reply: PlacedOrder = self.cell.ask(JoinGroup(group_id, "31", quantity), by=who)
        return reply

    def buys_alone(self, who: UserId, quantity: int = 1) -> PlacedOrder:
        reply: PlacedOrder = self.cell.ask(BuyAlone(self.campaign_id, "11", quantity), by=who)
        return reply

    def starts_paying(self, order_id: OrderId, channel: str = "wechatpay") -> StartedPayment:
        buyer = self.order(order_id).buyer
        reply: StartedPayment = self.cell.ask(StartPayment(order_id, channel, "sealed"), by=buyer)
        return reply

    def pays(
        self,
        order_id: OrderId,
        *,
        paid_at: datetime | None = None,
        fen: int | None = None,
        transaction: str = "",
    ) -> OrderState:
        """Start a payment unless one is out, and let the channel report the money."""
        order = self.order(order_id)
        payment_id = order.payment_id or self.starts_paying(order_id).payment_id
        paid = RecordCapture(
            payment_id,
            transaction or f"42{order_id.hex[-16:]}",
            order.amount.fen if fen is None else fen,
            paid_at or self.cell.at,
        )
        reply: OrderState = self.cell.ask(paid)
        return reply

    def opens_and_pays(self, who: UserId, quantity: int = 1) -> PlacedOrder:
        reply = self.opens(who, quantity)
        self.pays(reply.order_id)
        return reply

    def joins_and_pays(
        self, who: UserId, group_id: GroupId | None, quantity: int = 1
    ) -> PlacedOrder:
        reply = self.joins(who, group_id, quantity)
        self.pays(reply.order_id)
        return reply

    def closes(self, order_id: OrderId) -> OrderState:
        """The channel says that the order's payment can never be made."""
        payment_id = self.order(order_id).payment_id
        assert payment_id is not None
        reply: OrderState = self.cell.ask(CloseOrder(order_id, payment_id))
        return reply

    def cancels(self, order_id: OrderId) -> OrderState:
        reply: OrderState = self.cell.ask(CancelOrder(order_id), by=self.order(order_id).buyer)
        return reply

    def withdraws(self, order_id: OrderId) -> OrderState:
        reply: OrderState = self.cell.ask(WithdrawOrder(order_id), by=self.order(order_id).buyer)
        return reply

    def ends(self) -> int:
        returned: int = self.cell.ask(EndCampaign(self.campaign_id)).returned
        return returned

    def follows_up(self) -> None:
        """What the processes do about every decided group; doing it again changes nothing."""
        for fact in self.cell.happened(GroupSucceeded, GroupFailed):
            for order_id in fact.orders:
                follow = ReadyOrder if isinstance(fact, GroupSucceeded) else OweRefund
                self.cell.ask(follow(order_id, fact.group_id))

    def repays(self, *, seen: Seen = "succeeded") -> None:
        """The worker asks the channel for every refund that waits, and the channel says `seen` at once."""
        for refund_id in {fact.refund_id for fact in self.cell.happened(RefundOwed)}:
            step = self.cell.ask(AdvanceRefund(refund_id, refund_id))
            if step.do == "refund":
                self.hears(refund_id, seen)

    def hears(self, refund_id: RefundId, seen: Seen, evidence: Evidence = "reply") -> RefundState:
        """The channel's word about the live number of a refund."""
        refund = self.refund(refund_id)
        word = HearRefund(
            refund_id, refund.number, seen, evidence, f"50{refund.number[:8]}", refund.amount.fen
        )
        reply: RefundState = self.cell.ask(word)
        return reply

    def refund(self, refund_id: RefundId) -> Refund:
        return self.cell.state(REFUND, refund_id)

    def order(self, order_id: OrderId) -> Order:
        return self.cell.state(ORDER, order_id)

    def status(self, order_id: OrderId) -> OrderStatus:
        return self.order(order_id).status

    def group(self, group_id: GroupId | None) -> Group:
        assert group_id is not None
        return self.cell.state(GROUP, group_id)

    def group_status(self, group_id: GroupId | None) -> GroupStatus:
        return self.group(group_id).status

    def pool(self) -> Pool:
        return self.cell.state(STOCK, self.pool_id)

    def warehouse(self) -> Pool:
        return self.cell.state(STOCK, self.source)

    def units_of(self, who: UserId) -> int:
        """How many units count against this user's limit."""
        quota = self.cell.state(QUOTA, quota_id(self.campaign_id, who))
        return sum(quota.taken.values())

    def owed(self) -> list[tuple[OrderId, int, str]]:
        """Every debt: whose order, how much, why."""
        return [
            (debt.order_id, debt.amount.fen, debt.why) for debt in self.cell.happened(RefundOwed)
        ]
