"""What a decision about a group or an order entails at once: stock, quota, timers, in the same commit."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from uuid import UUID

from commands.replies import PlacedOrder
from commands.timers import ExpireGroup, ExpireOrder
from commands.use_case import Stream, Tx
from domain import group as groups
from domain import payment as payments
from domain import quota as quotas
from domain import stock
from domain.campaign import CAMPAIGN, Status
from domain.display import GroupStatus, OrderStatus, display_status
from domain.errors import Rejected
from domain.events.group import (
    GroupDeciding,
    GroupEvent,
    GroupFailed,
    GroupStarted,
    GroupSucceeded,
    Released,
)
from domain.events.order import OrderClosed, OrderClosing, OrderEvent, OrderPlaced
from domain.events.stock import StockEvent
from domain.group import GROUP, Group
from domain.ids import CampaignId, GroupId, OrderId, PaymentId, PoolId, UserId
from domain.offer import Offer
from domain.order import ORDER, Order, OrderNotFound
from domain.payment import PAYMENT
from domain.quota import QUOTA, quota_id
from domain.reservation import stock_change
from domain.stock import NO_CHANGE, STOCK, Change, Pool


class NotABuyer(Rejected, code="not_a_buyer", zh="当前身份不是买家"):
    """The caller's identity is not a person who can buy."""


def buyer_of(tx: Tx) -> UserId:
    """Who asks. Raises: NotABuyer for a service."""
    try:
        return UserId(UUID(tx.principal))
    except ValueError:
        raise NotABuyer from None


def own_order(tx: Tx, order_id: OrderId) -> Order:
    """The caller's own order. Raises: OrderNotFound, for other people's orders too."""
    order = tx.read(ORDER, order_id)
    if order.status is OrderStatus.NEW or order.buyer != buyer_of(tx):
        raise OrderNotFound
    return order


def whole_order(tx: Tx, order_id: OrderId) -> Iterator[Stream]:
    """An order with what it is held by: its group, and its buyer's quota."""
    yield Stream(ORDER, order_id)
    order = tx.read(ORDER, order_id)
    if order.group_id is not None:
        yield Stream(GROUP, order.group_id)
    if order.status is not OrderStatus.NEW:
        yield Stream(QUOTA, quota_id(order.campaign_id, order.buyer))


def whole_payment(tx: Tx, payment_id: PaymentId) -> Iterator[Stream]:
    """A payment with its whole order."""
    yield Stream(PAYMENT, payment_id)
    payment = tx.read(PAYMENT, payment_id)
    if payments.known(payment):
        yield from whole_order(tx, payment.order_id)


def order_of_group(tx: Tx, order_id: OrderId, group_id: GroupId, outcome: GroupStatus) -> Order:
    """The order of a paid seat of a group that ended this way.

    Raises: OrderNotFound, GroupNotFound, GroupNotDecided.
    """
    order, group = tx.read(ORDER, order_id), tx.read(GROUP, group_id)
    if order.status is OrderStatus.NEW:
        raise OrderNotFound
    if group.status is GroupStatus.NEW:
        raise groups.GroupNotFound
    if not groups.decided(group, outcome, order_id):
        raise groups.GroupNotDecided
    return order


def record_placed(tx: Tx, offer: Offer, placed: Sequence[OrderEvent]) -> PlacedOrder:
    """Take the quota of a new order, start its clock, and answer its buyer."""
    (event,) = placed
    assert isinstance(event, OrderPlaced)
    limit = offer.terms.per_user_limit
    take_quota(tx, event.campaign_id, event.buyer, event.order_id, event.quantity, limit)
    tx.append(ORDER, event.order_id, placed)
    tx.set_timer(event.pay_deadline, ExpireOrder(event.order_id), of=event.order_id)
    status = OrderStatus.PENDING_PAYMENT
    return PlacedOrder(
        order_id=event.order_id,
        group_id=event.group_id,
        amount_fen=event.amount.fen,
        pay_deadline=event.pay_deadline,
        status=status,
        display_status=display_status(status, event.fulfilment),
    )


def record_group(tx: Tx, group: Group, events: Sequence[GroupEvent]) -> None:
    """Append what happened to a group that was opened before, with its stock and its timer."""
    if not events:
        return
    offer = groups.promised(group)
    move_stock(tx, offer.pool_id, offer.campaign_id, group.id, stock_change(group, events))
    tx.append(GROUP, group.id, events)
    for event in events:
        if isinstance(event, GroupStarted):
            tx.set_timer(event.closes_at, ExpireGroup(group.id), of=group.id)
        elif isinstance(event, GroupDeciding):
            _, closes_at = groups.running(group)
            tx.set_timer(closes_at + groups.DECIDING_MAX, ExpireGroup(group.id), of=group.id)
        elif isinstance(event, GroupSucceeded | GroupFailed):
            tx.drop_timer(ExpireGroup, of=group.id)


def move_stock(
    tx: Tx, pool_id: PoolId, campaign_id: CampaignId, holder: UUID, change: Change
) -> None:
    """Book a change of what `holder` holds. Once the campaign is over, what comes free goes home."""
    if change == NO_CHANGE:
        return
    pool = tx.read(STOCK, pool_id)
    events = stock.settle(pool, holder=holder, change=change, at=tx.at)
    if change.release:
        campaign = tx.read(CAMPAIGN, campaign_id)
        if campaign.status is Status.ENDED:
            send_home(tx, pool, campaign.source_pool, after=events, released=change.release)
            return
    tx.append(STOCK, pool_id, events)


def send_home(
    tx: Tx, pool: Pool, home: PoolId, *, after: Sequence[StockEvent] = (), released: int = 0
) -> int:
    """Move what is free in an allotment to its source pool, `after` these events; returns the units."""
    source = tx.read(STOCK, home)
    leaving = stock.go_home(pool, home=home, released=released, at=tx.at)
    units = stock.free(pool) + released if leaving else 0
    tx.append(STOCK, pool.id, (*after, *leaving))
    tx.append(STOCK, home, stock.move_in(source, from_pool=pool.id, quantity=units, at=tx.at))
    return units


def record_closing(tx: Tx, order: Order, events: Sequence[OrderEvent]) -> None:
    """Append the end of an order's hopes; what it held goes back only once it is closed."""
    for event in events:
        if isinstance(event, OrderClosed):
            let_go(tx, order, why="closed")
        elif isinstance(event, OrderClosing):
            tx.drop_timer(ExpireOrder, of=order.id)
    tx.append(ORDER, order.id, events)


def fill(tx: Tx, order: Order, paid_at: datetime) -> None:
    """Turn what the order holds into what it bought."""
    if order.group_id is None:
        change = Change(commit=order.quantity)
        move_stock(tx, order.pool_id, order.campaign_id, order.id, change)
    else:
        group = tx.read(GROUP, order.group_id)
        filled = groups.fill_seat(group, order_id=order.id, paid_at=paid_at, at=tx.at)
        record_group(tx, group, filled)
    tx.drop_timer(ExpireOrder, of=order.id)


def let_go(tx: Tx, order: Order, *, why: Released) -> None:
    """Give back seat, stock and quota of an order that nobody paid in time."""
    return_quota(tx, order)
    if order.group_id is None:
        change = Change(release=order.quantity)
        move_stock(tx, order.pool_id, order.campaign_id, order.id, change)
    else:
        group = tx.read(GROUP, order.group_id)
        freed = groups.release_seat(group, order_id=order.id, why=why, at=tx.at)
        record_group(tx, group, freed)
    tx.drop_timer(ExpireOrder, of=order.id)


def give_back_units(tx: Tx, order: Order) -> None:
    """Units that were sold and never delivered may be sold again; once the campaign is over, they go home."""
    pool = tx.read(STOCK, order.pool_id)
    holder = order.group_id or order.id
    back = stock.take_back(pool, holder=holder, quantity=order.quantity, at=tx.at)
    campaign = tx.read(CAMPAIGN, order.campaign_id)
    if campaign.status is Status.ENDED:
        send_home(tx, pool, campaign.source_pool, after=back, released=order.quantity)
    else:
        tx.append(STOCK, pool.id, back)


def take_quota(
    tx: Tx, campaign_id: CampaignId, buyer: UserId, order_id: OrderId, quantity: int, limit: int
) -> None:
    """Count the order against its buyer's limit."""
    stream = quota_id(campaign_id, buyer)
    taken = quotas.take(
        tx.read(QUOTA, stream),
        campaign_id=campaign_id,
        user_id=buyer,
        order_id=order_id,
        quantity=quantity,
        limit=limit,
        at=tx.at,
    )
    tx.append(QUOTA, stream, taken)


def return_quota(tx: Tx, order: Order) -> None:
    """Stop counting the order against its buyer's limit."""
    stream = quota_id(order.campaign_id, order.buyer)
    returned = quotas.give_back(
        tx.read(QUOTA, stream),
        campaign_id=order.campaign_id,
        user_id=order.buyer,
        order_id=order.id,
        at=tx.at,
    )
    tx.append(QUOTA, stream, returned)
