"""The channel's own books: facts, only ever added, on disk before anybody hears of them.

One SQLite file. A single writer takes the requests that have gathered, lets each decide on what is written
so far, and commits them together: one flush of the disk for all. Nothing is answered before. A process
killed at any moment has lost no answer it gave, and whoever judges may read the file while the server runs.
"""

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self, TypeAlias, TypeVar

from infra.simulator.wechatpay.protocol import Refused
from infra.simulator.wechatpay.schema import FACTS, FOREVER, SCHEMA

T = TypeVar("T")

BATCH_MAX = 128  # requests committed together


def add(books: sqlite3.Connection, table: str, **fact: object) -> int:
    """Write one fact, field by field; returns its number in the books."""
    marks = ", ".join(f":{column}" for column in fact)
    written = books.execute(f"INSERT INTO {table} ({', '.join(fact)}) VALUES ({marks})", fact)
    assert written.lastrowid is not None
    return written.lastrowid


class Page(NamedTuple):
    """Facts in the order they happened. Ask again with `next` for those after."""

    rows: list[dict[str, Any]]
    next: int


class _Request(NamedTuple):
    act: Callable[[sqlite3.Connection], Any]
    answer: asyncio.Future[Any]


_Outcome: TypeAlias = tuple[Any, BaseException | None]


class Books:
    """Open as an async context manager; then `write` and `read`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._gathering: list[_Request] = []
        self._arrived = asyncio.Event()
        self._committing: asyncio.Task[list[_Outcome]] | None = None
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="books")

    async def __aenter__(self) -> Self:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self._writer = self._connect()
        self._writer.executescript(SCHEMA + FOREVER)
        self._reader = self._connect()
        self._reader.execute("PRAGMA query_only = 1")
        self._loop = asyncio.create_task(self._keep_writing())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.cancel()
        await asyncio.gather(self._loop, return_exceptions=True)
        if self._committing:
            await asyncio.wait([self._committing])
        self._thread.shutdown()
        self._reader.close()
        self._writer.close()

    async def write(self, act: Callable[[sqlite3.Connection], T]) -> T:
        """Run `act` alone, and return its result once it is on disk.

        `act` may raise Refused, before it writes anything. Any other error undoes its whole batch.
        """
        answer: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._gathering.append(_Request(act, answer))
        self._arrived.set()
        return await answer

    def read(self, sql: str, *parameters: object) -> list[sqlite3.Row]:
        """Rows of what is on disk now."""
        return self._reader.execute(sql, parameters).fetchall()

    def page(self, table: str, after: int, limit: int) -> Page:
        """Facts of one kind after a cursor; 0 is the beginning. Raises: KeyError for an unknown kind."""
        if table not in FACTS:
            raise KeyError(table)
        sql = f"SELECT * FROM {table} WHERE seq > ? ORDER BY seq LIMIT ?"
        rows = [dict(row) for row in self.read(sql, after, limit)]
        return Page(rows, rows[-1]["seq"] if rows else after)

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = 1")
        return connection

    async def _keep_writing(self) -> None:
        while True:
            await self._arrived.wait()
            batch, self._gathering = self._gathering[:BATCH_MAX], self._gathering[BATCH_MAX:]
            if not self._gathering:
                self._arrived.clear()
            committing = asyncio.create_task(self._commit([request.act for request in batch]))
            self._committing = committing
            await asyncio.wait([committing])
            broken = committing.exception()  # then nothing of this batch is on disk
            outcomes = [(None, broken)] * len(batch) if broken else committing.result()
            for request, (result, error) in zip(batch, outcomes, strict=True):
                if request.answer.done():  # the asker has gone
                    continue
                if error is not None:
                    request.answer.set_exception(error)
                else:
                    request.answer.set_result(result)

    async def _commit(self, acts: list[Callable[[sqlite3.Connection], Any]]) -> list[_Outcome]:
        """Deciding takes microseconds and stays in the loop; the flush of the disk must not hold it up."""
        outcomes: list[_Outcome] = []
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            for act in acts:
                try:
                    outcomes.append((act(self._writer), None))
                except Refused as refused:
                    outcomes.append((None, refused))
            loop = asyncio.get_running_loop()
            await loop.run_in_executor(self._thread, self._writer.execute, "COMMIT")
        except BaseException:
            self._writer.execute("ROLLBACK")
            raise
        return outcomes
