"""Join a group: hold one of its seats until it is paid. Asked by: shoppers. The hottest command."""

from collections.abc import Iterator

from commands.fields import Province, Units
from commands.replies import PlacedOrder
from commands.settle import buyer_of, record_group, record_placed
from commands.use_case import Command, Stream, Tx, UseCase
from domain import group as groups
from domain import order as orders
from domain.group import GROUP
from domain.ids import GroupId, OrderId
from domain.order import ORDER
from domain.quota import QUOTA, quota_id


class JoinGroup(Command, frozen=True):
    """Take a seat in an open group."""

    group_id: GroupId
    province: Province
    quantity: Units = 1


def handle(cmd: JoinGroup, tx: Tx) -> PlacedOrder:
    group = tx.read(GROUP, cmd.group_id)
    buyer, order_id, at = buyer_of(tx), OrderId(tx.id("order")), tx.at
    seat = groups.hold_seat(group, order_id=order_id, user_id=buyer, quantity=cmd.quantity, at=at)
    offer, closes_at = groups.running(group)
    placed = orders.place(
        tx.create(ORDER, order_id),
        order_id=order_id,
        kind="member",
        buyer=buyer,
        offer=offer,
        group_id=cmd.group_id,
        quantity=cmd.quantity,
        province=cmd.province,
        pay_deadline=orders.pay_deadline(offer.terms, at=at, closes_at=closes_at),
        at=at,
    )
    reply = record_placed(tx, offer, placed)
    record_group(tx, group, seat)
    return reply


def streams(cmd: JoinGroup, tx: Tx) -> Iterator[Stream]:
    """The group, and, once it is known which campaign it belongs to, the buyer's quota there."""
    yield Stream(GROUP, cmd.group_id)
    group = tx.read(GROUP, cmd.group_id)
    if group.offer is not None:
        yield Stream(QUOTA, quota_id(group.offer.campaign_id, buyer_of(tx)))


USE_CASE = UseCase(
    "join_group",
    JoinGroup,
    PlacedOrder,
    handle,
    scope="shop",
    streams=streams,
)
