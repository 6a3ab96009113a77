"""`tuan stream`: what happened to one thing, what it changed, and who asked for it."""

import asyncio
import itertools
import json
from collections.abc import Sequence
from typing import Any, NamedTuple
from uuid import UUID, uuid4

import msgspec
import pytest
from pydantic import SecretStr
from uuid_utils.compat import uuid7

from commands.cancel_order import CancelOrder
from commands.launch_campaign import LaunchCampaign
from commands.open_group import OpenGroup
from commands.open_pool import OpenPool
from commands.ports import Answer, Submission
from commands.receive_stock import ReceiveStock
from commands.register_sku import RegisterSku
from commands.registry import DECIDERS, USE_CASES
from commands.use_case import Command
from domain.ids import OrderId
from infra.cell.offline import Offline, OfflineWriter
from infra.cell.stream import main
from infra.clock import SystemClock
from infra.settings import Settings
from tests.builders import ann, bob, terms
from tests.engine.running import HandClock, Running, running
from tests.servers import Database

NAMES = {use_case.command: name for name, use_case in USE_CASES.items()}
keys = itertools.count(1)


class Shop(NamedTuple):
    """A cell in which ann opened a group at noon and cancelled a minute later, and bob could not."""

    dsn: str
    order: UUID
    group: UUID
    pool: UUID
    opening: UUID  # the commands
    cancelling: UUID
    refused: UUID


@pytest.fixture(scope="module")
def shop(database: Database) -> Shop:
    return asyncio.run(trade(database.dsn))


async def trade(dsn: str) -> Shop:
    clock = HandClock()
    async with running(dsn, clock=clock, use_cases=USE_CASES, deciders=DECIDERS) as cell:
        sku = reply(await ask(cell, RegisterSku("tea-house", "春茶", 1990, "physical")))["sku_id"]
        pool = reply(await ask(cell, OpenPool(sku, "warehouse", "广州仓")))["pool_id"]
        await ask(cell, ReceiveStock(pool, 100, "DN-1"))
        launched = reply(await ask(cell, LaunchCampaign("春茶团", sku, pool, terms(seats=3))))
        campaign = launched["campaign_id"]
        opening = await ask(cell, OpenGroup(campaign, "44"), by=ann)
        placed = reply(opening)
        clock.forward(minutes=1)
        order = OrderId(UUID(placed["order_id"]))
        refused = await ask(cell, CancelOrder(order), by=bob)
        cancelling = await ask(cell, CancelOrder(order), by=ann)
        return Shop(
            *(dsn, order, UUID(placed["group_id"]), UUID(launched["pool_id"])),
            *(opening.command_id, cancelling.command_id, refused.command_id),
        )


async def ask(cell: Running, command: Command, by: UUID = ann) -> Answer:
    body, name = msgspec.json.encode(command), NAMES[type(command)]
    command = msgspec.json.decode(body, type=type(command))
    id, key = uuid7(), f"key-{next(keys)}"
    return await cell.engine.submit(
        Submission(id, "demo", str(by), name, key, command, body, b"mac", id)
    )


def reply(answer: Answer) -> dict[str, Any]:
    assert answer.outcome == "accepted", answer
    decoded: dict[str, Any] = msgspec.json.decode(answer.reply)
    return decoded


@pytest.fixture
def tell(shop: Shop, capsys: pytest.CaptureFixture[str]) -> "Tell":
    return Tell(shop.dsn, capsys)


class Tell:
    """Run it and look at what it prints."""

    def __init__(self, dsn: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.settings = Settings(postgres_dsn=SecretStr(dsn))
        self.capsys = capsys

    def page(self, id: object, at: str = "") -> str:
        assert main(self.settings, str(id), DECIDERS, at=at) == 0
        return self.capsys.readouterr().out

    def lines(self, id: object, at: str = "", last: int | None = None) -> list[dict[str, Any]]:
        assert main(self.settings, str(id), DECIDERS, at=at, last=last, as_json=True) == 0
        return [json.loads(line) for line in self.capsys.readouterr().out.splitlines()]

    def fails(self, id: object, at: str = "") -> str:
        assert main(self.settings, str(id), DECIDERS, at=at) == 1
        said = self.capsys.readouterr()
        assert said.out == ""
        (line,) = said.err.splitlines()
        return line


def types(told: Sequence[dict[str, Any]]) -> list[str]:
    return [one["type"] for one in told if "type" in one]


def test_an_order_is_told_with_states_and_commands(shop: Shop, tell: Tell) -> None:
    placed, closed = tell.lines(shop.order)
    assert (placed["version"], placed["type"]) == (1, "order.placed.v1")
    assert placed["changed"]["status"] == ["NEW", "PENDING_PAYMENT"]
    assert placed["state"]["amount"] == {"fen": 990}
    assert placed["command"]["command_id"] == str(shop.opening)
    assert placed["command"]["body"]["province"] == "44"
    assert closed["changed"]["status"] == ["PENDING_PAYMENT", "CLOSED"]
    assert "cancelled" in closed["event"].values()
    assert closed["command"]["principal"] == str(ann)
    assert closed["command"]["name"] == "cancel_order"


def test_the_page_reads_like_a_story(shop: Shop, tell: Tell) -> None:
    page = tell.page(shop.order)
    told = [" ".join(line.split()) for line in page.splitlines()]
    for line in (
        "order.placed.v1 position 9, epoch 1, 2026-06-01 12:00:00.000000+00:00, tenant demo",
        "status NEW → PENDING_PAYMENT",
        "name open_group",
        "outcome accepted",
        "status PENDING_PAYMENT → CLOSED",
        "at 2026-06-01 12:01:00.000000+00:00",
    ):
        assert line in told, page
    assert max(map(len, page.splitlines())) <= 120


def test_the_past_is_told_by_position_or_time(shop: Shop, tell: Tell) -> None:
    everything = tell.lines(shop.group)
    first = everything[0]
    assert len(everything) > 1
    assert tell.lines(shop.group, at=str(first["position"])) == [first]
    assert tell.lines(shop.group, at="2026-06-01T12:00:30Z") == [first]
    assert tell.lines(shop.group, at="2026-06-01T20:00:30+08:00") == [first]
    assert tell.lines(shop.group, at="2026-06-01 12:00:30") == [first]
    assert tell.lines(shop.group, at="2027-01-01") == everything
    assert tell.lines(shop.group, last=2) == everything[-2:]


def test_a_command_is_told_with_all_its_events(shop: Shop, tell: Tell) -> None:
    opening, *events = tell.lines(shop.opening)
    assert opening["command"]["name"] == "open_group"
    assert opening["command"]["first_position"] == events[0]["position"]
    assert opening["command"]["last_position"] == events[-1]["position"]
    assert {"order.placed.v1", "stock.held.v1"} < set(types(events))
    assert {event["stream"] for event in events} > {str(shop.order), str(shop.group)}
    (refused,) = tell.lines(shop.refused)
    assert refused["command"]["outcome"] == "order_not_found"
    assert f"command {shop.refused}" in tell.page(shop.refused)


def test_what_is_not_there_is_said_in_one_line(shop: Shop, tell: Tell) -> None:
    nobody = uuid4()
    assert tell.fails(nobody) == f"cell_0 knows no stream and no command {nobody}"
    assert tell.fails("order-7") == "'order-7' is no id: streams and commands have UUIDs"
    assert "begins later, at position" in tell.fails(shop.order, at="1")
    assert "begins later, at position" in tell.fails(shop.order, at="2020-01-01")
    assert "--at takes a position" in tell.fails(shop.order, at="yesterday")


def test_what_this_code_cannot_read_is_shown_as_it_is_stored(shop: Shop, tell: Tell) -> None:
    stream, known = uuid4(), b'{"type":"stock.received.v1","quantity":"many"}'
    writer = OfflineWriter(shop.dsn, "cell_0", Offline("demo", "op", "test", SystemClock()))
    writer.write(
        lambda: [
            ("stock", stream, 1, "stock.received.v1", known),
            ("stock", stream, 2, "stock.shaken.v1", b"\xff\x1b[2J"),
        ]
    )
    writer.close()
    broken, bytes_ = tell.lines(stream)
    assert broken["event"] == {"quantity": "many"}
    assert broken["state"] is None
    assert "cannot apply version 1" in broken["trouble"]
    assert bytes_["event"] == "\\xff\x1b[2J"
    page = tell.page(stream)
    assert "cannot apply version 1" in page
    assert "\x1b" not in page
