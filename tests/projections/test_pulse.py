"""The pulse counts steps by the minute, each once, and knows how long groups took to fill."""

from collections import Counter
from datetime import datetime

import pytest

from domain.events.group import GroupStarted, GroupSucceeded
from domain.events.order import OrderPaymentStarted, OrderReadied
from projections import pulse
from tests.builders import ann, bob, cat
from tests.delivery.history import facts_of, world
from tests.in_memory import Cell
from tests.projections.conftest import Model
from tests.shop import Shop


@pytest.mark.parametrize("seed", range(3))
async def test_minutes_count_every_step_once(model: Model, seed: int) -> None:
    facts = world(seed, groups=20)
    await model.given(pulse.PROJECTION, facts, batch=50)
    expected: Counter[tuple[datetime, str]] = Counter()
    for fact in facts:
        minute = fact.event.at.replace(second=0, microsecond=0)
        expected[minute, "started"] += isinstance(fact.event, OrderPaymentStarted)
        expected[minute, "readied"] += isinstance(fact.event, OrderReadied)
        if isinstance(fact.event, GroupSucceeded):
            expected[minute, "formed"] += len(fact.event.orders)
    found: Counter[tuple[datetime, str]] = Counter()
    for minute, started, formed, readied in await model.rows(
        "select minute, payments_started, orders_formed, orders_readied from pulse_minutes_v1"
    ):
        found[minute, "started"] = started
        found[minute, "formed"] = formed
        found[minute, "readied"] = readied
    assert +found == +expected
    assert {step for _, step in +found} == {"started", "formed", "readied"}


async def test_time_to_fill_is_from_the_leaders_payment_to_the_last(model: Model) -> None:
    shop = Shop(Cell())
    opened = shop.opens_and_pays(ann)
    shop.cell.wait(minutes=3)
    shop.joins_and_pays(bob, opened.group_id)
    shop.cell.wait(minutes=4)
    shop.joins_and_pays(cat, opened.group_id)
    await model.given(pulse.PROJECTION, facts_of(shop.cell), batch=1)
    ((started, filled),) = await model.rows("select started_at, filled_at from pulse_fills_v1")
    assert (filled - started).total_seconds() == 7 * 60
    assert started == shop.cell.happened(GroupStarted)[0].at
