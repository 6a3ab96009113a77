"""One process asks another over real sockets: same answers, same troubles, nothing done twice."""

import asyncio
import socket
from collections.abc import AsyncIterator
from datetime import datetime
from uuid import UUID

import httpx
import msgspec
import pytest

from commands.cancel_order import CancelOrder
from commands.ports import Answer, KeyReused, Overloaded, Submission, Unreachable
from commands.registry import USE_CASES
from domain.identity import Principal, Unauthenticated
from infra import http_posts
from infra.forwarding import HttpForwarder, open_session
from infra.identity.service_tokens import ServiceTokens
from infra.serving import http_server
from tests.api.edge import ACCEPTED, ANN, CANCEL, NOON, ORDER, Edge, code_of, no, token
from tests.waiting import eventually_async

BODY = f'{{"order_id":"{ORDER}"}}'.encode()


class Noon:
    def now(self) -> datetime:
        return NOON


class Owner:
    """An engine's write API on a real port, believing service tokens as a real one does."""

    def __init__(self) -> None:
        self.edge = Edge()
        self.services = ServiceTokens(b"m" * 32, Noon())
        self.edge.counter = self.edge.counter._replace(
            door=self.edge.counter.door.__class__(self, self.edge.counter.door.limits)
        )
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port: int = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{self.port}"
        app = self.edge.app()
        self.server = http_server(app, "127.0.0.1", self.port, hot=app.hot)

    async def verify(self, text: str) -> Principal:
        try:
            return self.services.read(text)
        except Unauthenticated:
            return await self.edge.tokens.verify(text)

    def still_valid(self, principal: Principal) -> bool:
        return self.edge.tokens.still_valid(principal)


class Asker:
    """A gateway before it: its edge passes on over real connections."""

    def __init__(self, forwarder: HttpForwarder, doubted: list[str]) -> None:
        self.forwarder = forwarder
        self.doubted = doubted
        self.edge = Edge()
        self.edge.counter = self.edge.counter._replace(forwarder=forwarder)


@pytest.fixture
async def owner() -> AsyncIterator[Owner]:
    one = Owner()
    serving = asyncio.create_task(one.server.serve())

    async def started() -> bool:
        return one.server.started

    await eventually_async(started)
    yield one
    one.server.should_exit = True
    await serving


@pytest.fixture
async def asker(owner: Owner) -> AsyncIterator[Asker]:
    doubted: list[str] = []
    async with open_session() as session:
        forwarder = HttpForwarder(session, owner.services, USE_CASES, doubted.append)
        yield Asker(forwarder, doubted)


def submission(key: str = "k1", mac: bytes = b"m" * 32, principal: str = ANN) -> Submission:
    return Submission(
        command_id=UUID(int=5),
        tenant="demo",
        principal=principal,
        name="cancel_order",
        idempotency_key=key,
        command=msgspec.json.decode(BODY, type=CancelOrder),
        body=BODY,
        body_mac=mac,
        correlation_id=UUID(int=77),
        causation_id=UUID(int=88),
    )


async def test_a_client_sees_the_owner_s_answer_as_if_it_had_asked_there(
    owner: Owner, asker: Asker
) -> None:
    asker.edge.engine.moved(owner.address)
    passed = await asker.edge.post()
    again = await asker.edge.post()
    direct = await owner.edge.post()
    assert (passed.status_code, passed.content) == (200, ACCEPTED)
    for name in ("content-type", "tuan-token", "tuan-command-id", "cache-control"):
        assert passed.headers[name] == direct.headers[name]
    assert again.headers["idempotency-replayed"] == "true"
    (got, *_) = owner.edge.engine.got
    assert (got.tenant, got.principal) == ("demo", ANN)


async def test_refusals_and_problems_come_back_whole(owner: Owner, asker: Asker) -> None:
    asker.edge.engine.moved(owner.address)
    owner.edge.engine.decide = no("group_full", available=0)
    refused = await asker.edge.post()
    assert code_of(refused) == (409, "group_full")
    assert refused.json()["facts"] == {"available": 0}
    owner.edge.engine.busy(7)
    busy = await asker.edge.post(key="k2")
    assert code_of(busy) == (503, "overloaded")
    assert busy.headers["retry-after"] == "7"


async def test_two_that_both_stand_by_do_not_play_ball(owner: Owner, asker: Asker) -> None:
    asker.edge.engine.moved(owner.address)
    owner.edge.engine.moved(owner.address)
    assert code_of(await asker.edge.post()) == (503, "no_owner")
    assert asker.doubted == [owner.address]


async def test_an_owner_that_is_gone_is_doubted_and_the_client_asked_to_repeat(
    owner: Owner, asker: Asker
) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        asker.edge.engine.moved(address)
        assert code_of(await asker.edge.post()) == (503, "no_owner")
    assert asker.doubted == [address]


async def test_no_more_than_a_bounded_number_is_on_its_way(
    owner: Owner, asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http_posts, "IN_FLIGHT_MAX", 1)
    entered, leave = asyncio.Event(), asyncio.Event()

    async def slow(one: Submission) -> Answer:
        entered.set()
        await leave.wait()
        return Answer(one.command_id, "accepted", ACCEPTED, "cell_0.1.7", False)

    monkeypatch.setattr(owner.edge.engine, "submit", slow)
    first = asyncio.create_task(asker.forwarder.submit(owner.address, submission()))
    await entered.wait()
    with pytest.raises(Overloaded):
        await asker.forwarder.submit(owner.address, submission())
    leave.set()
    assert (await first).outcome == "accepted"


# --- commands of our own ---------------------------------------------------------------------------


async def test_our_own_command_arrives_as_it_was_made(owner: Owner, asker: Asker) -> None:
    answer = await asker.forwarder.submit(owner.address, submission())
    (got,) = owner.edge.engine.got
    assert got._replace(command_id=UUID(int=5)) == submission()
    assert answer == Answer(got.command_id, "accepted", ACCEPTED, "cell_0.1.7", False)
    assert (await asker.forwarder.submit(owner.address, submission())).replayed


async def test_its_refusal_is_the_engine_s_own(owner: Owner, asker: Asker) -> None:
    owner.edge.engine.decide = no("group_full", available=0)
    answer = await asker.forwarder.submit(owner.address, submission())
    assert answer.outcome == "group_full"
    assert msgspec.json.decode(answer.reply) == {
        "code": "group_full",
        "zh": "不行",
        "en": "No.",
        "facts": {"available": 0},
    }
    owner.edge.engine.decide = no("error")
    assert (await asker.forwarder.submit(owner.address, submission("k2"))).outcome == "error"


async def test_its_troubles_are_the_engine_s_own(owner: Owner, asker: Asker) -> None:
    await asker.forwarder.submit(owner.address, submission())
    with pytest.raises(KeyReused):
        await asker.forwarder.submit(owner.address, submission(mac=b"x" * 32))
    owner.edge.engine.busy(9)
    with pytest.raises(Overloaded) as busy:
        await asker.forwarder.submit(owner.address, submission())
    assert busy.value.retry_after_seconds == 9
    owner.edge.engine.moved("")
    with pytest.raises(Unreachable):
        await asker.forwarder.submit(owner.address, submission())
    owner.edge.engine.trouble = RuntimeError("bug")
    with pytest.raises(Unreachable):
        await asker.forwarder.submit(owner.address, submission())


async def test_a_client_cannot_pose_as_the_platform(owner: Owner) -> None:
    async with httpx.AsyncClient() as client:
        headers = token("shop") | {"idempotency-key": "k", "tuan-body-mac": "ab" * 32}
        await client.post(f"{owner.address}{CANCEL}", content=BODY, headers=headers)
    (got,) = owner.edge.engine.got
    assert got.body_mac != bytes.fromhex("ab" * 32)
