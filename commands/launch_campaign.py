"""Launch a campaign: its units move into a pool of its own. Asked by: operators."""

from commands.end_campaign import EndCampaign
from commands.fields import Title
from commands.use_case import Command, Reply, Stream, Tx, UseCase
from domain import campaign as campaigns
from domain import sku as skus
from domain import stock
from domain.campaign import CAMPAIGN
from domain.ids import CampaignId, PoolId, SkuId
from domain.offer import Offer
from domain.sku import SKU
from domain.stock import STOCK
from domain.terms import ClassicTerms


class LaunchCampaign(Command, frozen=True):
    """Offer a SKU on these terms, out of this pool."""

    title: Title
    sku_id: SkuId
    source_pool: PoolId
    terms: ClassicTerms


class LaunchedCampaign(Reply, frozen=True):
    """Groups open under `campaign_id`; `pool_id` holds the allotment."""

    campaign_id: CampaignId
    pool_id: PoolId


def handle(cmd: LaunchCampaign, tx: Tx) -> LaunchedCampaign:
    sku = tx.read(SKU, cmd.sku_id)
    source = tx.read(STOCK, cmd.source_pool)
    if not skus.known(sku):
        raise skus.SkuNotFound
    if not stock.known(source):
        raise stock.PoolNotFound
    if source.sku_id != sku.id:
        raise stock.PoolOfAnotherSku

    campaign_id, pool_id = CampaignId(tx.id("campaign")), PoolId(tx.id("pool"))
    launched = campaigns.launch(
        tx.create(CAMPAIGN, campaign_id),
        title=cmd.title,
        source_pool=source.id,
        offer=Offer(campaign_id, sku.id, sku.fulfilment, pool_id, cmd.terms),
        at=tx.at,
    )
    units = cmd.terms.allotment
    left = stock.move_out(source, to_pool=pool_id, quantity=units, at=tx.at)
    allotted = stock.open_allotment(
        tx.create(STOCK, pool_id), pool_id=pool_id, source=source, quantity=units, at=tx.at
    )
    tx.append(CAMPAIGN, campaign_id, launched)
    tx.append(STOCK, source.id, left)
    tx.append(STOCK, pool_id, allotted)
    ends_at = cmd.terms.ends_at
    tx.set_timer(ends_at, EndCampaign(campaign_id, not_before=ends_at), of=campaign_id)
    return LaunchedCampaign(campaign_id, pool_id)


USE_CASE = UseCase(
    "launch_campaign",
    LaunchCampaign,
    LaunchedCampaign,
    handle,
    scope="catalog:write",
    streams=lambda cmd, tx: (Stream(SKU, cmd.sku_id), Stream(STOCK, cmd.source_pool)),
)
