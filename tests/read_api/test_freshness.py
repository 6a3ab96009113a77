"""Read your writes, and how far behind everything is."""

import asyncio

from domain.events.order import OrderPaid, OrderPlaced
from tests.builders import ann, bob
from tests.delivery.history import Fact, History, cell_of, facts_of, world
from tests.read_api.conftest import Readers, deliver, tell
from tests.servers import Database
from tests.shop import Shop

LONG_AGO = 7 * 24 * 3600


def position(token: str) -> int:
    cell, _, at = token.split(".")
    assert cell == "cell_0"
    return int(at)


async def test_every_answer_says_how_fresh_it_is(
    readers: Readers, history: History, acme: list[Fact]
) -> None:
    order = next(it.stream for it in acme if isinstance(it.event, OrderPlaced))
    for path in (
        f"/v1/orders/{order}",
        "/v1/orders",
        "/v1/groups",
        "/v1/stock-pools",
        "/v1/dashboard/sales",
    ):
        assert position((await readers.get(path)).headers["tuan-token"]) == history.head
    unknown = await readers.get("/v1/orders/00000000-0000-0000-0000-000000000001")
    assert (unknown.status_code, position(unknown.headers["tuan-token"])) == (404, history.head)


async def test_a_read_waits_for_the_write_before_it(
    readers: Readers, database: Database, history: History
) -> None:
    facts = world(3, groups=1, tenant="waits")
    written = history.append(facts, tenant="waits")
    order = next(it.stream for it in facts if isinstance(it.event, OrderPlaced))
    path, boss = f"/v1/orders/{order}", "waits/boss/read:all"
    assert (await readers.get(path, boss)).status_code == 404
    token = {"tuan-token": f"cell_0.1.{written}"}
    too_early = await readers.get(path, boss, token)
    assert (too_early.status_code, too_early.json()["code"]) == (409, "not_yet_visible")
    waiting = asyncio.create_task(patient(readers, path, boss, token))
    await deliver(database, history)
    found = await waiting
    assert found["order_id"] == str(order)
    assert (await readers.json(f"{path}?at_least=cell_0.1.{written}", boss))["order_id"] == str(
        order
    )


async def patient(
    readers: Readers, path: str, token: str, headers: dict[str, str]
) -> dict[str, str]:
    """Ask again as long as the answer is 409, as a client does."""
    while (answer := await readers.get(path, token, headers)).status_code == 409:
        pass
    found: dict[str, str] = answer.json()
    return found


async def test_many_waiting_reads_share_one_look(readers: Readers, history: History) -> None:
    token = {"tuan-token": f"cell_0.1.{history.head}"}
    answers = await asyncio.gather(
        *(readers.get("/v1/orders?limit=1", headers=token) for _ in range(50))
    )
    assert {it.status_code for it in answers} == {200}


async def test_lag_in_positions_and_seconds(
    readers: Readers, database: Database, history: History
) -> None:
    for model in (await readers.json("/v1/freshness"))["models"]:
        assert (model["lag_positions"], model["lag_seconds"]) == (0, 0)
    waiting = world(4, groups=1, tenant="lags")
    history.append(waiting, tenant="lags")
    models = {it["name"]: it for it in (await readers.json("/v1/freshness"))["models"]}
    assert models["order_status_v2"]["lag_positions"] == len(waiting)
    assert models["order_status_v2"]["lag_seconds"] == LONG_AGO
    assert models["order_status_v2"]["halted"] is False
    await deliver(database, history)


async def test_a_parked_order_says_degraded(
    readers: Readers, database: Database, history: History
) -> None:
    shop = Shop(cell_of("parks"))
    paid, lost = shop.buys_alone(ann).order_id, shop.buys_alone(bob).order_id
    shop.pays(paid)
    spoilt = {(paid, OrderPaid), (lost, OrderPlaced)}
    facts = [
        fact._replace(raw=b"{}") if (fact.stream, type(fact.event)) in spoilt else fact
        for fact in facts_of(shop.cell)
    ]
    await tell(database, history, facts, "parks")
    boss, buyer = "parks/boss/read:all", f"parks/{bob}/read:own"
    assert (await readers.json(f"/v1/orders/{paid}", boss))["degraded"] is True
    missing = await readers.get(f"/v1/orders/{lost}", boss)
    assert (missing.status_code, missing.json()["degraded"]) == (404, True)
    assert "degraded" not in (await readers.get(f"/v1/orders/{lost}", buyer)).json()
    assert "degraded" not in (await readers.get(f"/v1/orders/{lost}", "other/boss/read:all")).json()
    range = "since=2026-06-01T00:00:00Z&until=2026-06-02T00:00:00Z"
    assert (await readers.json(f"/v1/dashboard/sales?{range}", boss))["degraded"] is True
    assert (await readers.json(f"/v1/dashboard/sales?{range}"))["degraded"] is False
    parked = {it["name"]: it["parked"] for it in (await readers.json("/v1/freshness"))["models"]}
    assert parked["order_status_v2"] == 3  # the readying follows the payment
