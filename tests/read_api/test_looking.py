"""Looking things up: any id leads to its order, its story is told in words, and the machine's health is seen."""

from uuid import UUID

import msgspec
import pytest

from commands.propose_refund import ProposeRefund
from domain.events import EVENTS
from domain.events.group import GroupSucceeded
from domain.events.order import OrderPaid, OrderPlaced, RefundOwed
from domain.events.payment import PaymentCaptured
from domain.events.refund import RefundAttemptStarted, RefundSucceeded
from domain.ids import UserId
from infra.delivery.handlers import tags
from projections import timeline
from read_api.words import WORDS, in_words, yuan
from tests.builders import ann, bob
from tests.delivery.history import Fact, History, cell_of, facts_of
from tests.read_api.conftest import Readers, tell
from tests.servers import Database
from tests.shop import Shop
from tests.timelines import expected

BOSS, ENGINEER = "acme/boss/read:all", "acme/eve/admin"


async def test_a_timeline_holds_what_the_log_says_of_an_order(
    readers: Readers, acme: list[Fact]
) -> None:
    placed = [fact.event for fact in acme if isinstance(fact.event, OrderPlaced)]
    assert placed
    for event in placed[::5]:
        told = await readers.json(f"/v1/orders/{event.order_id}/timeline", BOSS)
        log = expected(acme)[event.order_id]
        assert [(it["position"], it["kind"]) for it in told["entries"]] == log
        assert all(entry["zh"] != entry["kind"] for entry in told["entries"])


async def test_a_buyer_reads_the_words_of_ones_own_order_only(
    readers: Readers, acme: list[Fact]
) -> None:
    event = next(fact.event for fact in acme if isinstance(fact.event, OrderPlaced))
    path = f"/v1/orders/{event.order_id}/timeline"
    told = await readers.json(path, f"acme/{event.buyer}/read:own")
    assert told["entries"][0]["zh"].startswith("下单")
    assert {entry["data"] for entry in told["entries"]} == {None}
    stranger = await readers.get(path, f"acme/{UUID(int=9)}/read:own")
    assert stranger.status_code == 404


async def test_a_buyer_is_not_told_what_people_say_among_themselves(
    readers: Readers, database: Database, history: History
) -> None:
    shop = Shop(cell_of("desk"))
    order_id = shop.buys_alone(ann).order_id
    shop.pays(order_id)
    shop.cell.ask(ProposeRefund(order_id, 100, "he shouted at us"), by=UserId(UUID(int=0xB055)))
    await tell(database, history, facts_of(shop.cell), "desk")
    path = f"/v1/orders/{order_id}/timeline"
    ours = await readers.get(path, "desk/boss/read:all")
    his = await readers.get(path, f"desk/{ann}/read:own")
    assert "he shouted at us" in ours.text
    assert "he shouted at us" not in his.text
    assert str(UUID(int=0xB055)) not in his.text
    assert len(ours.json()["entries"]) == len(his.json()["entries"])


async def test_an_id_is_found_however_it_is_spelt(
    readers: Readers, database: Database, history: History
) -> None:
    shop = Shop(cell_of("finds"))
    opened = shop.opens_and_pays(ann)
    shop.opens_and_pays(bob)
    shop.withdraws(opened.order_id)
    shop.repays()
    await tell(database, history, facts_of(shop.cell), "finds")
    (debt,) = shop.cell.happened(RefundOwed)
    (attempt,) = shop.cell.happened(RefundAttemptStarted)
    (done,) = shop.cell.happened(RefundSucceeded)
    known = {
        str(opened.order_id): "order",
        str(opened.group_id): "group",
        str(ann): "buyer",
        str(debt.payment_id): "payment",
        debt.transaction_id: "transaction",
        str(debt.refund_id): "refund",
        attempt.number: "out_refund_no",
        done.channel_refund_id: "channel_refund",
    }
    for id, kind in known.items():
        for spelling in {id, id.upper(), id.replace("-", "") if len(id) == 36 else id}:
            found = await readers.json(f"/v1/lookup/{spelling}", "finds/boss/read:all")
            assert [(it["kind"], it["order_id"]) for it in found["found"]] == [
                (kind, str(opened.order_id))
            ], spelling
        other = await readers.json(f"/v1/lookup/{id}", "nobody/boss/read:all")
        assert other["found"] == []


async def test_any_id_of_an_order_leads_to_it(readers: Readers, acme: list[Fact]) -> None:
    debt = next(fact.event for fact in acme if isinstance(fact.event, RefundOwed))
    placed = next(
        fact.event
        for fact in acme
        if isinstance(fact.event, OrderPlaced) and fact.event.order_id == debt.order_id
    )
    ids = {
        str(debt.order_id): "order",
        debt.payment_id.hex.upper(): "payment",
        debt.transaction_id: "transaction",
        str(debt.refund_id): "refund",
        str(placed.buyer): "buyer",
        str(placed.group_id): "group",
    }
    for id, kind in ids.items():
        found = (await readers.json(f"/v1/lookup/{id}", BOSS))["found"]
        assert (str(debt.order_id), kind) in {(one["order_id"], one["kind"]) for one in found}, id
    assert (await readers.json("/v1/lookup/nobody-knows-this", BOSS)) == {"found": []}


def test_every_event_of_a_timeline_has_words_of_its_own() -> None:
    kinds = tags(timeline.Interest)
    assert kinds <= WORDS.keys()
    assert WORDS.keys() <= {event.__struct_config__.tag for event in EVENTS}


def test_words_name_only_fields_that_their_event_has() -> None:
    events = {event.__struct_config__.tag: event for event in EVENTS}
    for kind in WORDS:
        fields = {field.name for field in msgspec.structs.fields(events[kind])}
        blank = dict.fromkeys(fields, "值")
        for said in in_words(kind, blank):
            assert "—" not in said, kind


@pytest.mark.parametrize(
    ("fen", "said"), [(0, "¥0.00"), (5, "¥0.05"), (123456, "¥1,234.56"), (-90, "-¥0.90")]
)
def test_money_is_written_to_the_fen(fen: int, said: str) -> None:
    assert yuan(fen) == said


async def test_the_business_right_now(readers: Readers, acme: list[Fact]) -> None:
    told = await readers.json("/v1/dashboard/now?minutes=1440", BOSS)
    assert told["orders_per_second"] == {"last_10s": 0, "last_60s": 0}  # a week later
    assert told["funnel"] == dict.fromkeys(
        ("placed", "payment_started", "paid", "formed", "readied"), 0
    )
    assert any(
        isinstance(fact.event, GroupSucceeded | PaymentCaptured | OrderPaid) for fact in acme
    )


async def test_engineers_see_the_state_around_each_event(
    readers: Readers, acme: list[Fact]
) -> None:
    event = next(fact.event for fact in acme if isinstance(fact.event, OrderPaid))
    whole = await readers.json(f"/v1/streams/{event.order_id}", ENGINEER)
    assert not whole["more"]
    assert whole["events"][0]["before"] == {}
    for before, after in zip(whole["events"], whole["events"][1:], strict=False):
        assert after["before"] == before["state"]
        assert after["version"] == before["version"] + 1
    paid = next(one for one in whole["events"] if one["type"] == "order.paid.v1")
    assert paid["changed"]["status"] == ["PENDING_PAYMENT", "GROUPING"]
    page = await readers.json(f"/v1/streams/{event.order_id}?after=1&limit=1", ENGINEER)
    assert [one["version"] for one in page["events"]] == [2]
    assert page["more"]
    early = await readers.json(
        f"/v1/streams/{event.order_id}?until={whole['events'][0]['position']}", ENGINEER
    )
    assert [one["version"] for one in early["events"]] == [1]


async def test_the_platform_shows_how_it_is(readers: Readers) -> None:
    told = await readers.json("/v1/system", ENGINEER)
    assert told["owner"].keys() >= {"epoch", "head_position", "address", "silent_seconds"}
    heads = {model["name"]: model["head"] for model in told["models"]}
    assert heads[timeline.NAME] > 0
    assert told["parked"] == []
    refused = await readers.get("/v1/system", BOSS)
    assert refused.status_code == 403
