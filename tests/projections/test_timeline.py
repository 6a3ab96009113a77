"""A timeline holds what the log says about its order: no more, no less, whatever happened."""

from collections import defaultdict
from typing import get_args

import pytest

from domain.events import EVENTS
from domain.events.group import LeadershipPassed
from projections import timeline
from projections.timeline_book import normal
from tests.builders import ann, bob, cat
from tests.delivery.history import facts_of, world
from tests.in_memory import Cell
from tests.projections.conftest import Model
from tests.shop import Shop
from tests.timelines import Steps, expected


async def stored(model: Model) -> Steps:
    told: Steps = defaultdict(list)
    query = "select order_id, position, kind from timeline_v1 order by order_id, position"
    for order, position, kind in await model.rows(query):
        told[order].append((position, kind))
    return told


@pytest.mark.parametrize("seed", range(6))
async def test_timelines_equal_the_log(model: Model, seed: int) -> None:
    facts = world(seed, groups=30)
    await model.given(timeline.PROJECTION, facts, batch=1 + seed * 40)
    assert await stored(model) == expected(facts)


async def test_members_hear_who_leads_on_and_a_leaver_does_not(model: Model) -> None:
    shop = Shop(Cell())
    opened = shop.opens_and_pays(ann)
    stays, pays_still = shop.joins_and_pays(bob, opened.group_id), shop.joins(cat, opened.group_id)
    shop.withdraws(opened.order_id)
    facts = facts_of(shop.cell)
    await model.given(timeline.PROJECTION, facts, batch=1)
    passed = LeadershipPassed.__struct_config__.tag
    heard = {
        order for order, it in (await stored(model)).items() if passed in {kind for _, kind in it}
    }
    assert heard == {stays.order_id, pays_still.order_id}
    assert await stored(model) == expected(facts)


async def test_refunds_and_their_numbers_are_found(model: Model) -> None:
    shop = Shop(Cell())
    opened = shop.opens_and_pays(ann)
    shop.withdraws(opened.order_id)
    shop.repays()
    facts = facts_of(shop.cell)
    await model.given(timeline.PROJECTION, facts)
    assert await stored(model) == expected(facts)
    refund = next(it for it in facts if it.category == "refund")
    number = next(it.event.number for it in facts if hasattr(it.event, "number"))
    channel = next(
        it.event.channel_refund_id for it in facts if hasattr(it.event, "channel_refund_id")
    )
    paid = next(it.event.transaction_id for it in facts if hasattr(it.event, "transaction_id"))
    known = {(kind, id) for kind, id in await model.rows("select kind, id from lookup_v1")}
    assert {
        ("refund", refund.stream.hex),
        ("out_refund_no", normal(number)),
        ("channel_refund", normal(channel)),
        ("transaction", normal(paid)),
    } <= known


async def test_no_member_is_told_the_other_members_orders(model: Model) -> None:
    shop = Shop(Cell())
    opened = shop.opens_and_pays(ann)
    shop.joins_and_pays(bob, opened.group_id)
    last = shop.joins_and_pays(cat, opened.group_id)
    await model.given(timeline.PROJECTION, facts_of(shop.cell))
    query = "select data from timeline_v1 where kind = 'group.succeeded.v1' and order_id = %s"
    ((data,),) = await model.rows(query, last.order_id)
    assert data["orders"] == 3
    assert str(opened.order_id) not in str(data)


# A buyer's limit, and money between us, merchants, leaders and channels: no part of the buyer's own story, and
# kept in read models of their own.
ELSEWHERE = frozenset({
    "quota", "earning", "statement", "split", "break", "channel", "chargeback", "compensation", "deposit",
    "freight", "ladder", "leader", "points", "voucher",
})  # fmt: skip


def test_every_event_that_names_an_order_is_listened_to() -> None:
    listens = set(get_args(timeline.Interest))
    names = {it for it in EVENTS if {"order_id", "orders", "refund_id"} & set(it.__struct_fields__)}
    families = {str(it.__struct_config__.tag).partition(".")[0] for it in names - listens}
    assert families == ELSEWHERE


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("00000000-0000-8466-A7B2-6CA19D935187", "0000000000008466a7b26ca19d935187"),
        ("0000000000008466A7B26CA19D935187", "0000000000008466a7b26ca19d935187"),
        ("4200-1", "4200-1"),
        ("OP-1234", "op-1234"),
    ],
)
def test_ids_are_kept_in_one_spelling(given: str, kept: str) -> None:
    assert normal(given) == kept
