"""The way to whichever process owns a cell: its address from the owner row, kept-alive connections to it.

Whatever is passed on may have been done even when no answer comes back, so nothing is repeated here: the
client does that, with the same key.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

import msgspec
import psycopg
from psycopg import sql
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from commands.api.problems import FAILED
from commands.ports import (
    Answer,
    Headers,
    Inbox,
    KeyReused,
    NotOwner,
    Overloaded,
    Pending,
    Relayed,
    Submission,
    Submitter,
    Unreachable,
)
from commands.use_case import UseCase
from infra.http_posts import Posted, Poster
from infra.identity.register import Register
from infra.identity.service_tokens import ServiceTokens

FRESH_SECONDS: Final = 1.0  # of an owner's address
LOOKUP_SECONDS: Final = 2.0
PASSED_BACK: Final = frozenset(
    {
        b"content-type",
        b"cache-control",
        b"x-content-type-options",
        b"tuan-token",
        b"tuan-command-id",
        b"idempotency-replayed",
        b"preference-applied",
        b"location",
        b"retry-after",
        b"www-authenticate",
    }
)


class Owners:
    """Where each cell's owner listens. An address that did not answer is asked for again at once."""

    def __init__(
        self, pool: AsyncConnectionPool[Any], register: Register, monotonic: Callable[[], float]
    ) -> None:
        self._pool = pool
        self._register = register
        self._monotonic = monotonic
        self._known: dict[str, tuple[float, str]] = {}  # cell -> (until, address)
        self._asking = asyncio.Lock()

    async def address(self, tenant: str) -> str:
        """Base URL of the owner of the tenant's cell; "" while there is none or it cannot be known."""
        cell = await self._register.cell_of(tenant)
        if cell is None:
            return ""
        return self._fresh(cell) or await self._ask(cell)

    def doubt(self, address: str) -> None:
        """It did not answer, or no longer owns the cell."""
        self._known = {cell: known for cell, known in self._known.items() if known[1] != address}

    def _fresh(self, cell: str) -> str:
        until, address = self._known.get(cell, (0.0, ""))
        return address if self._monotonic() < until else ""

    async def _ask(self, cell: str) -> str:
        query = sql.SQL("SELECT address FROM {}.owner").format(sql.Identifier(cell))
        async with self._asking:
            if address := self._fresh(cell):
                return address  # somebody asked while we waited
            try:
                async with asyncio.timeout(LOOKUP_SECONDS), self._pool.connection() as connection:
                    row = await (await connection.execute(query)).fetchone()
            except (psycopg.Error, PoolTimeout, TimeoutError, OSError):
                return ""
            address = str(row[0]) if row else ""
            if address:
                self._known[cell] = (self._monotonic() + FRESH_SECONDS, address)
            return address


class AlwaysElsewhere:
    """The submitter of a gateway: it owns no cell."""

    def __init__(self, owners: Owners) -> None:
        self._owners = owners

    async def submit(self, submission: Submission) -> Answer:
        """Raises: NotOwner, always."""
        raise NotOwner(await self._owners.address(submission.tenant))


class OwnCellOnly:
    """The submitter of an engine process: tenants of other cells are sent to their owner."""

    def __init__(self, engine: Submitter, cell: str, owners: Owners, register: Register) -> None:
        self._engine = engine
        self._cell = cell
        self._owners = owners
        self._register = register

    async def submit(self, submission: Submission) -> Answer:
        """Raises: what the engine raises, and NotOwner for other cells' tenants."""
        if await self._register.cell_of(submission.tenant) != self._cell:
            raise NotOwner(await self._owners.address(submission.tenant))
        return await self._engine.submit(submission)


class InboxOfCell:
    """`commands.ports.Inbox` over those of all cells: a promise is stored where it will be decided."""

    def __init__(self, register: Register, open_inbox: Callable[[str], Inbox]) -> None:
        self._register = register
        self._open_inbox = open_inbox
        self._inboxes: dict[str, Inbox] = {}

    async def put(self, submission: Submission) -> UUID:
        return await (await self._of(submission.tenant)).put(submission)

    async def status(
        self, tenant: str, principal: str, command_id: UUID
    ) -> Answer | Pending | None:
        return await (await self._of(tenant)).status(tenant, principal, command_id)

    async def _of(self, tenant: str) -> Inbox:
        cell = await self._register.cell_of(tenant)
        if cell is None:
            raise Overloaded(1)  # the caller was verified a moment ago: we cannot read the register
        if cell not in self._inboxes:
            self._inboxes[cell] = self._open_inbox(cell)
        return self._inboxes[cell]


class HttpForwarder:
    """`commands.ports.Forwarder`."""

    def __init__(
        self,
        poster: Poster,
        tokens: ServiceTokens,
        use_cases: Mapping[str, UseCase],
        doubt: Callable[[str], None],
    ) -> None:
        self._poster = poster
        self._tokens = tokens
        self._use_cases = use_cases
        self._doubt = doubt

    async def relay(self, address: str, path: str, headers: Headers, body: bytes) -> Relayed:
        """Raises: Unreachable, Overloaded."""
        status, got, answer = await self._post(address, path, headers, body)
        return Relayed(status, [one for one in got if one[0] in PASSED_BACK], answer)

    async def submit(self, address: str, submission: Submission) -> Answer:
        """As ourselves, for the principal it names. Raises: Unreachable and all a `Submitter` raises."""
        scope = self._use_cases[submission.name].scope
        token = self._tokens.token(submission.tenant, submission.principal, scope)
        headers = [
            (b"authorization", f"Bearer {token}".encode()),
            (b"content-type", b"application/json"),
            (b"idempotency-key", (submission.idempotency_key or "").encode()),
            (b"tuan-body-mac", submission.body_mac.hex().encode()),
            (b"tuan-forwarded", b"1"),
            (b"traceparent", b"00-%s-1111111111111111-01" % submission.correlation_id.hex.encode()),
        ]
        if submission.causation_id is not None:
            headers.append((b"tuan-causation-id", str(submission.causation_id).encode()))
        path = f"/v1/commands/{submission.name}"
        return answer_of(await self._post(address, path, headers, submission.body))

    async def _post(self, address: str, path: str, headers: Headers, body: bytes) -> Posted:
        try:
            posted = await self._poster.post(address, path, headers, body)
        except Unreachable:
            self._doubt(address)
            raise
        if posted.status == 503:
            self._doubt(address)  # perhaps it only stands by now
        return posted


def open_session() -> Poster:
    """Kept-alive connections to other processes of ours; an async context manager."""
    return Poster()


def answer_of(posted: Posted) -> Answer:
    """An HTTP answer of a write API as the answer of an engine. Raises: what that means instead."""
    headers = dict(posted.headers)
    decided = headers.get(b"tuan-command-id")
    if decided is None:
        raise trouble_of(posted.status, headers, posted.body)
    outcome, reply = "accepted", posted.body
    if posted.status != 200:
        problem = msgspec.json.decode(posted.body)
        outcome = "error" if problem["code"] == FAILED.code else problem["code"]
        told = {"code": outcome, "zh": problem["zh"], "en": problem["en"]}
        reply = msgspec.json.encode(told | {"facts": problem.get("facts", {})})
    return Answer(
        command_id=UUID(decided.decode()),
        outcome=outcome,
        reply=reply,
        token=headers.get(b"tuan-token", b"").decode(),
        replayed=b"idempotency-replayed" in headers,
    )


def trouble_of(status: int, headers: Mapping[bytes, bytes], body: bytes) -> Exception:
    """Nothing was decided: why."""
    try:
        code = msgspec.json.decode(body, type=dict[str, Any]).get("code")
    except msgspec.DecodeError:
        code = None
    match code:
        case "idempotency_key_reused":
            return KeyReused()
        case "overloaded" | "too_many_requests":
            return Overloaded(int(headers.get(b"retry-after", b"1")))
        case "no_owner" | "identity_unavailable" | "internal" | None:
            return Unreachable(f"answered {status}")
        case _:
            return RuntimeError(f"our own command was refused with {status} {code}")
