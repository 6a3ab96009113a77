"""Buy alone at the single price, without a group. Asked by: shoppers who do not want to wait."""

from commands.fields import Province, Units
from commands.replies import PlacedOrder
from commands.settle import buyer_of, move_stock, record_placed
from commands.use_case import Command, Stream, Tx, UseCase
from domain import campaign as campaigns
from domain import order as orders
from domain.campaign import CAMPAIGN
from domain.ids import CampaignId, OrderId
from domain.order import ORDER
from domain.quota import QUOTA, quota_id
from domain.stock import Change


class BuyAlone(Command, frozen=True):
    """Buy from a campaign without waiting for others."""

    campaign_id: CampaignId
    province: Province
    quantity: Units = 1


def handle(cmd: BuyAlone, tx: Tx) -> PlacedOrder:
    buyer = buyer_of(tx)
    offer = campaigns.on_sale(tx.read(CAMPAIGN, cmd.campaign_id), tx.at)
    order_id = OrderId(tx.id("order"))
    placed = orders.place(
        tx.create(ORDER, order_id),
        order_id=order_id,
        kind="single",
        buyer=buyer,
        offer=offer,
        group_id=None,
        quantity=cmd.quantity,
        province=cmd.province,
        pay_deadline=orders.pay_deadline(offer.terms, at=tx.at),
        at=tx.at,
    )
    reply = record_placed(tx, offer, placed)
    move_stock(tx, offer.pool_id, offer.campaign_id, order_id, Change(hold=cmd.quantity))
    return reply


USE_CASE = UseCase(
    "buy_alone",
    BuyAlone,
    PlacedOrder,
    handle,
    scope="shop",
    streams=lambda cmd, tx: (
        Stream(CAMPAIGN, cmd.campaign_id),
        Stream(QUOTA, quota_id(cmd.campaign_id, buyer_of(tx))),
    ),
)
