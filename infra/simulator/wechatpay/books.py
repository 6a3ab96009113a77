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

T = TypeVar("T")

BATCH_MAX = 128  # requests committed together
SCHEMA = """
CREATE TABLE IF NOT EXISTS orders (
    seq INTEGER PRIMARY KEY,
    mchid TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    parameters TEXT NOT NULL,          -- canonical JSON: a repetition must say exactly this
    total INTEGER NOT NULL CHECK (total > 0),  -- fen
    openid TEXT NOT NULL,
    notify_url TEXT NOT NULL,
    expires_at INTEGER NOT NULL,       -- seconds since 1970; it cannot be paid at or after this
    at TEXT NOT NULL,                  -- RFC 3339, as everywhere below
    UNIQUE (out_trade_no, mchid)
) STRICT;
CREATE TABLE IF NOT EXISTS prepays (
    seq INTEGER PRIMARY KEY,
    prepay_id TEXT NOT NULL UNIQUE,
    mchid TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    valid_until INTEGER NOT NULL,      -- seconds since 1970
    FOREIGN KEY (out_trade_no, mchid) REFERENCES orders (out_trade_no, mchid)
) STRICT;
CREATE INDEX IF NOT EXISTS prepays_of_order ON prepays (out_trade_no, mchid);
CREATE TABLE IF NOT EXISTS closings (
    seq INTEGER PRIMARY KEY,
    mchid TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,        -- may name an order that never was: then it never can be
    at TEXT NOT NULL,
    UNIQUE (out_trade_no, mchid)
) STRICT;
CREATE TABLE IF NOT EXISTS payments (
    seq INTEGER PRIMARY KEY,
    mchid TEXT NOT NULL,
    out_trade_no TEXT NOT NULL,
    transaction_id TEXT NOT NULL UNIQUE,
    total INTEGER NOT NULL CHECK (total > 0),  -- fen
    openid TEXT NOT NULL,
    success_time TEXT NOT NULL,
    notification_id TEXT NOT NULL UNIQUE,
    at TEXT NOT NULL,
    UNIQUE (out_trade_no, mchid),      -- at most one payment an order
    FOREIGN KEY (out_trade_no, mchid) REFERENCES orders (out_trade_no, mchid)
) STRICT;
CREATE TABLE IF NOT EXISTS deliveries (
    seq INTEGER PRIMARY KEY,
    payment INTEGER NOT NULL REFERENCES payments (seq),
    attempt INTEGER NOT NULL,          -- from 1
    status INTEGER NOT NULL,           -- HTTP status of the merchant's answer; 0: none in time
    at TEXT NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS deliveries_of_payment ON deliveries (payment);
CREATE TRIGGER IF NOT EXISTS never_pay_a_closed_order BEFORE INSERT ON payments
    WHEN EXISTS (SELECT 1 FROM closings c
        WHERE c.out_trade_no = new.out_trade_no AND c.mchid = new.mchid)
    BEGIN SELECT RAISE (ABORT, 'a closed order was paid'); END;
CREATE TRIGGER IF NOT EXISTS never_close_a_paid_order BEFORE INSERT ON closings
    WHEN EXISTS (SELECT 1 FROM payments p
        WHERE p.out_trade_no = new.out_trade_no AND p.mchid = new.mchid)
    BEGIN SELECT RAISE (ABORT, 'a paid order was closed'); END;
"""
FACTS = ("orders", "prepays", "closings", "payments", "deliveries")
FOREVER = "".join(
    f"CREATE TRIGGER IF NOT EXISTS {table}_forbid_{verb} BEFORE {verb} ON {table}"
    f" BEGIN SELECT RAISE (ABORT, 'the books are only ever added to'); END;\n"
    for table in FACTS
    for verb in ("UPDATE", "DELETE")
)


def add(books: sqlite3.Connection, table: str, **fact: object) -> None:
    """Write one fact, field by field."""
    marks = ", ".join(f":{column}" for column in fact)
    books.execute(f"INSERT INTO {table} ({', '.join(fact)}) VALUES ({marks})", fact)


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
