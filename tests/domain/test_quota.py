"""A user has at most so many units of a campaign, and gets them back with the order."""

from typing import Any

from domain import quota
from domain.events.order import QuotaReturned, QuotaTaken
from domain.quota import QUOTA
from tests.builders import NOON, SUMMER, ann, bob, order
from tests.given import given_for

given = given_for(QUOTA)

TWO = QuotaTaken(SUMMER, ann, order(1), 2, NOON)
BACK = QuotaReturned(SUMMER, ann, order(1), 2, NOON)


def take(n: int, quantity: int) -> dict[str, Any]:
    return {
        "campaign_id": SUMMER,
        "user_id": ann,
        "order_id": order(n),
        "quantity": quantity,
        "limit": 4,
        "at": NOON,
    }


def test_units_count_against_the_limit() -> None:
    given().when(quota.take, **take(1, 2)).then(TWO)
    given(TWO).when(quota.take, **take(2, 2)).then(QuotaTaken(SUMMER, ann, order(2), 2, NOON))


def test_nobody_gets_more_than_the_limit() -> None:
    given(TWO).when(quota.take, **take(2, 3)).rejected(quota.QuotaExceeded, limit=4, left=2)


def test_an_order_gives_back_what_it_took_once() -> None:
    given(TWO).when(
        quota.give_back, campaign_id=SUMMER, user_id=ann, order_id=order(1), at=NOON
    ).then(BACK)
    given(TWO, BACK).when(quota.take, **take(2, 4)).then(QuotaTaken(SUMMER, ann, order(2), 4, NOON))


def test_every_user_has_a_quota_of_their_own() -> None:
    assert quota.quota_id(SUMMER, ann) == quota.quota_id(SUMMER, ann)
    assert quota.quota_id(SUMMER, ann) != quota.quota_id(SUMMER, bob)
