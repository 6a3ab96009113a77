"""End a campaign: nothing new is opened, and free units go home. Asked by: operators, its own timer."""

from commands.fields import Instant
from commands.settle import send_home
from commands.use_case import Command, Reply, Stream, Tx, UseCase
from domain import campaign as campaigns
from domain.campaign import CAMPAIGN
from domain.ids import CampaignId
from domain.stock import STOCK


class EndCampaign(Command, frozen=True):
    """Stop opening groups and selling alone; open groups go on. Nothing happens before `not_before`."""

    campaign_id: CampaignId
    not_before: Instant | None = None


class EndedCampaign(Reply, frozen=True):
    """Units that went back to the source pool at once; units in open groups follow if those fail."""

    returned: int


def handle(cmd: EndCampaign, tx: Tx) -> EndedCampaign:
    campaign = tx.read(CAMPAIGN, cmd.campaign_id)
    ended = campaigns.end(campaign, at=tx.at)
    if not ended or campaign.offer is None:
        tx.drop_timer(EndCampaign, of=cmd.campaign_id)
        return EndedCampaign(returned=0)
    due_at = min(cmd.not_before or tx.at, campaign.offer.terms.ends_at)
    if tx.at < due_at:
        tx.set_timer(due_at, cmd, of=cmd.campaign_id)
        return EndedCampaign(returned=0)
    pool = tx.read(STOCK, campaign.offer.pool_id)
    returned = send_home(tx, pool, campaign.source_pool)
    tx.append(CAMPAIGN, cmd.campaign_id, ended)
    tx.drop_timer(EndCampaign, of=cmd.campaign_id)
    return EndedCampaign(returned)


USE_CASE = UseCase(
    "end_campaign",
    EndCampaign,
    EndedCampaign,
    handle,
    scope="catalog:write",
    streams=lambda cmd, tx: (Stream(CAMPAIGN, cmd.campaign_id),),
)
