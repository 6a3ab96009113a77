"""What the dashboard and the pages of engineers say of things that have only just happened."""

from itertools import pairwise

from domain.events.order import OrderPlaced
from domain.events.payment import PaymentCaptured
from tests.builders import DAY, NOON, SECOND, ann, bob, cat
from tests.delivery.history import Fact, History, cell_of, facts_of
from tests.read_api.conftest import Fixed, Readers, tell
from tests.servers import Database
from tests.shop import Shop


async def test_pace_funnel_fills_and_groups_that_need_one_more(
    readers: Readers, database: Database, history: History
) -> None:
    shop = Shop(cell_of("pace"), ends_at=NOON + 9 * DAY)
    now = Fixed().now()
    shop.cell.wait(until=now - DAY + 600 * SECOND)
    ending = shop.opens_and_pays(ann)  # ends in ten minutes
    shop.joins_and_pays(bob, ending.group_id)
    for minutes, buyer in ((50, ann), (40, bob), (30, cat)):  # full twenty minutes after it began
        shop.cell.wait(until=now - minutes * 60 * SECOND)
        if buyer == ann:
            full = shop.opens_and_pays(ann)
        else:
            shop.joins_and_pays(buyer, full.group_id)
    shop.follows_up()
    shop.cell.wait(until=now - 30 * SECOND)
    shop.buys_alone(ann)
    shop.cell.wait(until=now - 5 * SECOND)
    shop.starts_paying(shop.buys_alone(bob).order_id)
    await tell(database, history, facts_of(shop.cell), "pace")
    found = await readers.json("/v1/dashboard/now", "pace/boss/read:all")
    assert found["orders_per_second"] == {"last_10s": 0.1, "last_60s": 2 / 60}
    assert found["funnel"] == {
        "placed": 5, "payment_started": 4, "paid": 3, "formed": 3, "readied": 3,
    }  # fmt: skip
    assert found["time_to_fill"] == {"groups": 1, "p50_seconds": 1200, "p90_seconds": 1200}
    assert found["one_short"] == 1
    assert [it["group_id"] for it in found["one_short_soon"]] == [str(ending.group_id)]
    assert (await readers.json("/v1/dashboard/now"))["one_short"] == 0


async def test_a_timeline_that_lacks_parked_events_says_so(
    readers: Readers, database: Database, history: History
) -> None:
    shop = Shop(cell_of("lacks"))
    lacking, whole = shop.buys_alone(ann).order_id, shop.buys_alone(bob).order_id
    shop.pays(lacking)
    shop.pays(whole)
    spoilt = [
        it._replace(raw=b"{")
        if isinstance(it.event, PaymentCaptured) and it.event.order_id == lacking
        else it
        for it in facts_of(shop.cell)
    ]
    await tell(database, history, spoilt, "lacks")
    for order_id, degraded in ((lacking, True), (whole, False)):
        found = await readers.json(f"/v1/orders/{order_id}/timeline", "lacks/boss/read:all")
        assert found["degraded"] is degraded


async def test_a_stream_is_shown_as_it_was_at_a_time_with_its_hashes(
    readers: Readers, history: History, acme: list[Fact]
) -> None:
    placed = next(it for it in acme if isinstance(it.event, OrderPlaced))
    path = f"/v1/streams/{placed.stream}"
    whole = (await readers.json(path, "acme/eve/admin"))["events"]
    kept = history.rows(
        "select encode(hash, 'hex') from cell_0.events where stream_id = %s order by version",
        placed.stream,
    )
    assert [it["hash"] for it in whole] == [hash for (hash,) in kept]
    for before, after in pairwise(whole):
        at = before["at"]
        shown = (await readers.json(f"{path}?at={at}", "acme/eve/admin"))["events"]
        assert [it["version"] for it in shown] == [it["version"] for it in whole if it["at"] <= at]
        assert after["before"] == before["state"]
    early = await readers.get(f"{path}?at=2020-01-01T00:00:00Z", "acme/eve/admin")
    assert early.status_code == 404
