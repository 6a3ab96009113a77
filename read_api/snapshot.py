"""One read: one tenant's rows at one instant, and how fresh that instant is.

Every query runs as a role that sees only the rows of the tenant in `app.tenant`, so a forgotten WHERE shows
nothing of anybody else. Rows and their freshness come from the same snapshot of the database.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Annotated, Any, LiteralString
from uuid import UUID

from fastapi import Header, Request, Response
from psycopg import AsyncConnection, AsyncServerCursor, IsolationLevel
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool
from starlette.datastructures import State

from domain.identity import Principal
from domain.problem import NOT_FOUND
from read_api.access import ALL, admit
from read_api.problems import TOKEN_INVALID, Refused
from read_api.waiting import Token, Waiting, parse

ENTER: LiteralString = """
select set_config('role', 'tuan_reader', true), set_config('app.tenant', %s, true)"""
CHECKPOINTS: LiteralString = """
select own.cell, coalesce(min(c.epoch), 0), coalesce(min(c.position), 0), count(c.handler)
from (select coalesce(read.cell_of_tenant(), %s) as cell) own
left join read.checkpoints c on c.cell = own.cell and c.handler = any(%s) group by own.cell"""
PARKED: LiteralString = """
select from read.parked where handler = %(handler)s and stream_id = %(id)s limit 1"""


class Snapshot:
    """The rows of `principal`'s tenant, as they were at `token`."""

    def __init__(self, conn: AsyncConnection[Any], principal: Principal, token: Token) -> None:
        self._conn = conn
        self.principal = principal
        self.token = token

    @property
    def tenant(self) -> str:
        return self.principal.tenant

    async def rows(self, query: LiteralString, **values: Any) -> list[dict[str, Any]]:
        """The answer of one query, a dict a row. Never prepared: filters that are absent cost nothing."""
        cursor = self._conn.cursor(row_factory=dict_row)
        return await (await cursor.execute(query, values, binary=True, prepare=False)).fetchall()

    def cursor(self, name: str) -> AsyncServerCursor[dict[str, Any]]:
        """For answers too long to hold: their rows come as they are fetched."""
        return self._conn.cursor(name, row_factory=dict_row)

    async def absent(self, handler: str, id: UUID) -> Refused:
        """Not found; an operator is told when that may only be because its events are parked."""
        parked = await self.rows(PARKED, handler=handler, id=id)
        told = parked and ALL in self.principal.scopes
        return Refused(NOT_FOUND, **({"degraded": True} if told else {}))


async def configure(conn: AsyncConnection[Any]) -> None:
    """How connections of the pool must be: each transaction is one instant, and changes nothing."""
    await conn.set_autocommit(True)
    await conn.set_isolation_level(IsolationLevel.REPEATABLE_READ)
    await conn.set_read_only(True)


class Reading:
    """A dependency: lets the caller in, waits if asked to, and opens a snapshot of `handlers`.

    Without handlers it has nothing to do with positions: no waiting, and no token on the answer.
    """

    def __init__(self, *handlers: str, needs: frozenset[str]) -> None:
        self.needs = needs
        self.handlers = list(handlers)

    async def __call__(
        self,
        request: Request,
        response: Response,
        tuan_token: Annotated[
            str | None, Header(description="Answer only once the read model has reached it.")
        ] = None,
    ) -> AsyncIterator[Snapshot]:
        principal = await admit(request, self.needs)
        waiting: Waiting = request.app.state.waiting
        wanted = tuan_token or request.query_params.get("at_least")
        asked = parse(wanted) if wanted else None
        if asked is not None and not self.handlers:
            raise Refused(TOKEN_INVALID)
        if asked is not None:
            await waiting.until(asked, self.handlers)
        async with self.open(request.app.state, principal) as snapshot:
            if asked is not None and asked.cell != snapshot.token.cell:
                raise Refused(TOKEN_INVALID)
            response.headers["Cache-Control"] = "no-store"
            if self.handlers:
                request.state.token = response.headers["Tuan-Token"] = str(snapshot.token)
            yield snapshot

    @asynccontextmanager
    async def open(self, state: State, principal: Principal) -> AsyncIterator[Snapshot]:
        """One instant of the principal's tenant, until the end of the block."""
        pool: AsyncConnectionPool[Any] = state.pool
        async with pool.connection() as conn, conn.transaction():
            token = await self.enter(conn, principal.tenant, state.cell)
            yield Snapshot(conn, principal, token)

    async def enter(self, conn: AsyncConnection[Any], tenant: str, default_cell: str) -> Token:
        """Become the reader of one tenant; returns how fresh the snapshot is."""
        async with conn.pipeline():
            await conn.execute(ENTER, (tenant,))
            cursor = await conn.execute(CHECKPOINTS, (default_cell, self.handlers))
        row = await cursor.fetchone()
        assert row is not None
        cell, epoch, position, known = row
        complete = known == len(self.handlers)
        return Token(cell, epoch if complete else 0, position if complete else 0)
