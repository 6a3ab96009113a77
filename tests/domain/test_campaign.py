"""A campaign launches on sound terms and ends once."""

from typing import Any

import pytest

from domain import campaign
from domain.campaign import CAMPAIGN, Campaign
from domain.events.catalog import CampaignEnded, CampaignLaunched
from domain.money import Money
from tests.builders import ALLOTMENT, DAY, NOON, SUMMER, TEA, WAREHOUSE, offer, terms
from tests.given import given_for

given = given_for(CAMPAIGN)

LAUNCHED = CampaignLaunched(SUMMER, "春茶", TEA, "physical", ALLOTMENT, WAREHOUSE, terms(), NOON)
ENDED = CampaignEnded(SUMMER, NOON)


def launch(**changes: Any) -> dict[str, Any]:
    return {"title": "春茶", "source_pool": WAREHOUSE, "offer": offer(**changes), "at": NOON}


def test_a_campaign_launches_once() -> None:
    given().when(campaign.launch, **launch()).then(LAUNCHED)


@pytest.mark.parametrize(
    ("field", "changes"),
    [
        ("group_price", {"group_price": Money(0)}),
        ("single_price", {"single_price": Money(989)}),
        ("leader_price", {"leader_price": Money(0)}),
        ("leader_price", {"leader_price": Money(991)}),
        ("seats", {"seats": 1}),
        ("seats", {"seats": 501, "allotment": 501}),
        ("hours", {"hours": 0}),
        ("hours", {"hours": 169}),
        ("max_quantity", {"max_quantity": 0}),
        ("per_user_limit", {"per_user_limit": 2}),
        ("allotment", {"allotment": 2}),
        ("pay_minutes", {"pay_minutes": 1}),
        ("pay_minutes", {"pay_minutes": 121}),
        ("starts_at", {"starts_at": NOON.replace(tzinfo=None)}),
        ("ends_at", {"ends_at": NOON.replace(tzinfo=None)}),
        ("ends_at", {"ends_at": NOON}),
        ("ends_at", {"starts_at": NOON + 8 * DAY}),
    ],
)
def test_terms_that_cannot_be_kept_are_refused(field: str, changes: dict[str, Any]) -> None:
    given().when(campaign.launch, **launch(**changes)).rejected(campaign.TermsUnsound, field=field)


def test_a_campaign_ends_once() -> None:
    given(LAUNCHED).when(campaign.end, at=NOON).then(ENDED)


def test_an_unknown_campaign_does_not_end() -> None:
    given().when(campaign.end, at=NOON).rejected(campaign.CampaignNotFound)


def test_an_offer_is_on_sale_within_its_window_only() -> None:
    live = CAMPAIGN.fold((LAUNCHED,))
    assert campaign.on_sale(live, NOON) == offer()
    with pytest.raises(campaign.CampaignNotFound):
        campaign.on_sale(Campaign(), NOON)
    with pytest.raises(campaign.CampaignNotStarted):
        campaign.on_sale(live, NOON - 2 * DAY)
    with pytest.raises(campaign.CampaignOver):
        campaign.on_sale(live, NOON + 7 * DAY)
    with pytest.raises(campaign.CampaignOver):
        campaign.on_sale(CAMPAIGN.fold((LAUNCHED, ENDED)), NOON)
