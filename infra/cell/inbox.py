"""Commands stored for later (`Prefer: respond-async`): a 202 is a promise, so they wait in Postgres."""

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, LiteralString
from uuid import UUID

import msgspec
import psycopg
from psycopg import sql
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from commands.api.problems import KEY_REUSED
from commands.engine.intake import UNREADABLE
from commands.ports import Answer, KeyReused, Overloaded, Pending, Submission
from commands.use_case import UseCase
from infra.cell.keys import key_digest

WAITING_MAX = 100_000  # commands; more are refused
COUNT_SECONDS = 1.0  # how old the count of waiting commands may be
REACH_SECONDS = 2.0  # a caller waits this long for a connection
RETRY_AFTER_SECONDS = 2
RACES_MAX = 5  # repetitions of a `put` that met another one with its key

log = logging.getLogger(__name__)

_PUT: Final[LiteralString] = """
with earlier as (
  select c.command_id, i.body_mac from {idempotency} i join {commands} c on c.seq = i.command_seq
  where i.key_digest = %(digest)s order by i.at desc limit 1
), stored as (
  insert into {inbox} (command_id, tenant, principal, name, idempotency_key, body, body_mac, correlation_id, key_digest)
  select %(id)s, %(tenant)s, %(principal)s, %(name)s, %(key)s, %(body)s, %(mac)s, %(correlation)s, %(digest)s
  where not exists (select from earlier)
  on conflict do nothing returning command_id, body_mac
)
select * from earlier union all select * from stored union all
select command_id, body_mac from {inbox} where key_digest = %(digest)s and done_as is null
limit 1"""
_STATUS: Final[LiteralString] = """
select i.command_id is not null, i.done_as, i.body_mac is not null and i.body_mac <> c.body_mac,
       c.command_id, c.outcome, c.reply, coalesce(c.last_position, c.seen_position), o.epoch
from {owner} o
left join {inbox} i on i.command_id = %(id)s and i.tenant = %(tenant)s and i.principal = %(principal)s
left join {commands} c on c.command_id = coalesce(i.done_as, %(id)s)
  and c.tenant = %(tenant)s and c.principal = %(principal)s"""
_WAITING: Final[LiteralString] = """
select count(*) from (select from {inbox} where done_as is null limit %(most)s) waiting"""


class PostgresInbox:
    """`commands.ports.Inbox`. The pool's role is tuan_api."""

    def __init__(
        self,
        pool: AsyncConnectionPool[Any],
        cell: str,
        *,
        waiting_max: int = WAITING_MAX,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._pool = pool
        self._cell = cell
        self._waiting_max = waiting_max
        self._monotonic = monotonic
        self._waiting = 0
        self._counted_at = float("-inf")
        tables = ("inbox", "idempotency", "commands", "owner")
        names = {table: sql.Identifier(cell, table) for table in tables}
        self._put = sql.SQL(_PUT).format(**names)
        self._status = sql.SQL(_STATUS).format(**names)
        self._count = sql.SQL(_WAITING).format(**names)

    async def put(self, submission: Submission) -> UUID:
        """The row is durable when this returns; asked again with the same key, it is the same row."""
        key = submission.idempotency_key
        assert key is not None, "only callers with a key are promised anything"
        values = {
            "id": submission.command_id,
            "tenant": submission.tenant,
            "principal": submission.principal,
            "name": submission.name,
            "key": key,
            "body": submission.body,
            "mac": submission.body_mac,
            "correlation": submission.correlation_id,
            "digest": key_digest(submission.tenant, submission.principal, submission.name, key),
        }
        await self._refuse_when_full()
        for _ in range(RACES_MAX):
            row = await self._one(self._put, values)
            if row is not None:
                command_id, body_mac = row
                if body_mac != submission.body_mac:
                    raise KeyReused
                self._waiting += command_id == submission.command_id
                found: UUID = command_id
                return found
        raise Overloaded(RETRY_AFTER_SECONDS)

    async def status(
        self, tenant: str, principal: str, command_id: UUID
    ) -> Answer | Pending | None:
        values = {"id": command_id, "tenant": tenant, "principal": principal}
        row = await self._one(self._status, values)
        assert row is not None, "a cell has an owner row"
        stored, done_as, misused, decided_as, outcome, reply, position, epoch = row
        if stored and done_as is None:
            return Pending(command_id)
        if decided_as is None:
            return None
        token = f"{self._cell}.{epoch}.{position}"
        if misused:
            return Answer(command_id, KEY_REUSED.code, _misuse(), token, False)
        return Answer(decided_as, outcome, reply, token, decided_as != command_id)

    async def _refuse_when_full(self) -> None:
        now = self._monotonic()
        if now - self._counted_at > COUNT_SECONDS or self._waiting >= self._waiting_max:
            row = await self._one(self._count, {"most": self._waiting_max})
            self._waiting, self._counted_at = row[0] if row else 0, now
        if self._waiting >= self._waiting_max:
            raise Overloaded(RETRY_AFTER_SECONDS)

    async def _one(self, query: sql.Composed, values: Mapping[str, object]) -> Sequence[Any] | None:
        """The first row. Raises: Overloaded when the database cannot do it now."""
        try:
            async with self._pool.connection(REACH_SECONDS) as connection:
                row: Sequence[Any] | None = await (
                    await connection.execute(query, values, binary=True)
                ).fetchone()
                return row
        except (psycopg.OperationalError, psycopg.InternalError, PoolTimeout) as trouble:
            log.warning("inbox of %s: %s", self._cell, trouble)
            raise Overloaded(RETRY_AFTER_SECONDS) from trouble


def _misuse() -> bytes:
    """The key had been used for another body by the time this command's turn came."""
    said = {"code": KEY_REUSED.code, "zh": KEY_REUSED.zh, "en": KEY_REUSED.en, "facts": {}}
    return msgspec.json.encode(said)


def read_submission(row: Sequence[Any], use_cases: Mapping[str, UseCase]) -> Submission:
    """A stored command as the engine takes it; `UNREADABLE` when this code cannot read it any more."""
    command_id, tenant, principal, name, key, body, body_mac, correlation_id = row
    try:
        command = msgspec.json.decode(body, type=use_cases[name].command)
    except (KeyError, msgspec.DecodeError):
        log.exception("stored command %s (%s) cannot be read", command_id, name)
        command = UNREADABLE
    return Submission(
        command_id, tenant, principal, name, key, command, body, body_mac, correlation_id
    )
