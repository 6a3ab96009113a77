"""The write API with everything around it replaced by what a test can see into."""

import itertools
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import msgspec

from commands.api.app import WriteApi, create_app
from commands.api.counter import Counter
from commands.api.door import Door
from commands.api.limits import Limits, Pace
from commands.api.openapi import ApiRoute
from commands.api.wire import Macs
from commands.ports import (
    Answer,
    Headers,
    KeyReused,
    NotOwner,
    Overloaded,
    Pending,
    Relayed,
    Submission,
    Unreachable,
)
from commands.registry import USE_CASES
from domain.identity import IdentityUnavailable, Principal, Unauthenticated

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
ANN = "0193535a-0000-7000-8000-00000000000a"
BOB = "0193535a-0000-7000-8000-00000000000b"
ORDER = "0193535a-0000-7000-8000-000000000001"
CANCEL = "/v1/commands/cancel_order"
FREE = Pace(per_second=1e6, burst=1e6)
CANCEL_BODY = {"order_id": ORDER}
ACCEPTED = b'{"order_id":"0193535a-0000-7000-8000-000000000001","status":"closed"}'


class Tokens:
    """Tokens that say what they are: "tenant subject scope scope"."""

    down = False

    async def verify(self, token: str) -> Principal:
        if self.down:
            raise IdentityUnavailable
        tenant, _, rest = token.partition("~")
        subject, _, scopes = rest.partition("~")
        if not scopes:
            raise Unauthenticated
        named = frozenset(scopes.split("~"))
        return Principal(
            tenant, subject, named - {"platform"}, NOON + timedelta(days=1), "platform" in named
        )

    def still_valid(self, principal: Principal) -> bool:
        return not self.down


def token(*scopes: str, tenant: str = "demo", subject: str = ANN) -> dict[str, str]:
    return {"authorization": f"Bearer {'~'.join((tenant, subject, *scopes))}"}


class Engine:
    """A submitter with a memory for keys. `outcome` and `reply` are what it answers next."""

    def __init__(self) -> None:
        self.got: list[Submission] = []
        self.answers: dict[tuple[Any, ...], tuple[bytes, Answer]] = {}
        self.decide: Callable[[Submission], Answer] = accepted
        self.trouble: Exception | None = None

    async def submit(self, submission: Submission) -> Answer:
        if self.trouble is not None:
            raise self.trouble
        self.got.append(submission)
        key = (submission.tenant, submission.principal, submission.name, submission.idempotency_key)
        if key not in self.answers:
            self.answers[key] = (submission.body_mac, self.decide(submission))
            return self.answers[key][1]
        body_mac, answer = self.answers[key]
        if body_mac != submission.body_mac:
            raise KeyReused
        return answer._replace(replayed=True)

    def busy(self, seconds: int) -> None:
        self.trouble = Overloaded(seconds)

    def moved(self, address: str) -> None:
        self.trouble = NotOwner(address)


def accepted(submission: Submission, reply: bytes = ACCEPTED) -> Answer:
    return Answer(submission.command_id, "accepted", reply, "cell_0.1.7", replayed=False)


def no(code: str, **facts: int | str) -> Callable[[Submission], Answer]:
    def decide(submission: Submission) -> Answer:
        reply = msgspec.json.encode({"code": code, "zh": "不行", "en": "No.", "facts": facts})
        return Answer(submission.command_id, code, reply, "cell_0.1.7", replayed=False)

    return decide


class Elsewhere:
    """The other process: remembers what was passed on, and answers like an engine."""

    def __init__(self) -> None:
        self.relayed: list[tuple[str, str, dict[bytes, bytes], bytes]] = []
        self.submitted: list[tuple[str, Submission]] = []
        self.gone = False

    async def relay(self, address: str, path: str, headers: Headers, body: bytes) -> Relayed:
        if self.gone:
            raise Unreachable
        self.relayed.append((address, path, dict(headers), body))
        return Relayed(200, [(b"content-type", b"application/json")], ACCEPTED)

    async def submit(self, address: str, submission: Submission) -> Answer:
        if self.gone:
            raise Unreachable
        self.submitted.append((address, submission))
        return accepted(submission)


class Postbox:
    """An inbox in memory."""

    def __init__(self) -> None:
        self.got: list[Submission] = []
        self.done: dict[UUID, Answer] = {}

    async def put(self, submission: Submission) -> UUID:
        self.got.append(submission)
        return submission.command_id

    async def status(
        self, tenant: str, principal: str, command_id: UUID
    ) -> Answer | Pending | None:
        mine = [one for one in self.got if (one.tenant, one.principal) == (tenant, principal)]
        if command_id not in [one.command_id for one in mine]:
            return None
        return self.done.get(command_id) or Pending(command_id)


class Ticker:
    """Real time as a test wants it."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


class Edge:
    """One write API and its surroundings."""

    def __init__(self, callers: Pace = FREE, services: Pace = FREE) -> None:
        self.tokens = Tokens()
        self.engine = Engine()
        self.elsewhere = Elsewhere()
        self.inbox = Postbox()
        self.ticker = Ticker()
        ids = (UUID(int=number) for number in itertools.count(1))
        self.counter = Counter(
            door=Door(self.tokens, Limits(callers, services, self.ticker)),
            submitter=self.engine,
            forwarder=self.elsewhere,
            inbox=self.inbox,
            macs=Macs(b"m" * 32),
            new_id=lambda: next(ids),
        )

    def app(self, *others: ApiRoute) -> WriteApi:
        return create_app(USE_CASES, self.counter, others)

    @asynccontextmanager
    async def client(self, *others: ApiRoute) -> AsyncIterator[httpx.AsyncClient]:
        transport = httpx.ASGITransport(self.app(*others), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://edge") as client:
            yield client

    async def post(
        self,
        path: str = CANCEL,
        body: Any = CANCEL_BODY,
        *,
        key: str | None = "k1",
        who: Mapping[str, str] = token("shop"),
        content: bytes | None = None,
        others: tuple[ApiRoute, ...] = (),
        **headers: str,
    ) -> httpx.Response:
        """A command as most tests want it: valid but for the one thing they change."""
        sent = {**who, **{name.replace("_", "-"): value for name, value in headers.items()}}
        if key is not None:
            sent["idempotency-key"] = key
        raw = msgspec.json.encode(body) if content is None else content
        sent.setdefault("content-type", "application/json")
        async with self.client(*others) as client:
            return await client.post(path, content=raw, headers=sent)


def code_of(response: httpx.Response) -> tuple[int, str]:
    """Status and code of a problem, once it is clear that it is a proper one."""
    assert response.headers["content-type"] == "application/problem+json"
    assert response.headers["cache-control"] == "no-store"
    problem = response.json()
    assert problem["status"] == response.status_code
    assert problem["zh"]
    assert problem["en"]
    return response.status_code, problem["code"]
