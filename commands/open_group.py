"""Open a group and hold stock for every seat of it. Asked by: shoppers who want to lead."""

from commands.fields import Province, Units
from commands.replies import PlacedOrder
from commands.settle import buyer_of, move_stock, record_placed
from commands.use_case import Command, Stream, Tx, UseCase
from domain import campaign as campaigns
from domain import group as groups
from domain import order as orders
from domain.campaign import CAMPAIGN
from domain.group import GROUP
from domain.ids import CampaignId, GroupId, OrderId
from domain.order import ORDER
from domain.quota import QUOTA, quota_id
from domain.reservation import stock_change


class OpenGroup(Command, frozen=True):
    """Lead a new group; it becomes visible when this order is paid."""

    campaign_id: CampaignId
    province: Province
    quantity: Units = 1


def handle(cmd: OpenGroup, tx: Tx) -> PlacedOrder:
    leader = buyer_of(tx)
    offer = campaigns.on_sale(tx.read(CAMPAIGN, cmd.campaign_id), tx.at)
    group_id, order_id = GroupId(tx.id("group")), OrderId(tx.id("order"))
    placed = orders.place(
        tx.create(ORDER, order_id),
        order_id=order_id,
        kind="leader",
        buyer=leader,
        offer=offer,
        group_id=group_id,
        quantity=cmd.quantity,
        province=cmd.province,
        pay_deadline=orders.pay_deadline(offer.terms, at=tx.at),
        at=tx.at,
    )
    reply = record_placed(tx, offer, placed)
    group = tx.create(GROUP, group_id)
    opened = groups.open_group(
        group,
        group_id=group_id,
        offer=offer,
        leader=leader,
        order_id=order_id,
        quantity=cmd.quantity,
        at=tx.at,
    )
    change = stock_change(group, opened)
    move_stock(tx, offer.pool_id, offer.campaign_id, group_id, change)
    tx.append(GROUP, group_id, opened)
    return reply


USE_CASE = UseCase(
    "open_group",
    OpenGroup,
    PlacedOrder,
    handle,
    scope="shop",
    streams=lambda cmd, tx: (
        Stream(CAMPAIGN, cmd.campaign_id),
        Stream(QUOTA, quota_id(cmd.campaign_id, buyer_of(tx))),
    ),
)
