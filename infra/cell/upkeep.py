"""What keeps a cell's tables in shape while it is owned: room ahead, and old keys dropped."""

import asyncio
import logging
from datetime import timedelta

import psycopg
from psycopg import sql

from commands.engine.engine import Engine
from commands.ports import Clock

EVERY_SECONDS = 3600.0
AHEAD = timedelta(days=14)  # partitions of idempotency keys that are ready before they are needed
COMMANDS_AHEAD = 50_000_000
# A new partition locks the whole table; waiting for that behind a long reader, all commits would wait too.
SESSION = "-c role=tuan_engine -c lock_timeout=1s"
KEYS_KEPT = timedelta(days=40)  # at least 30 are promised; whole weeks are dropped

log = logging.getLogger(__name__)


async def upkeep(dsn: str, engine: Engine, clock: Clock) -> None:
    """Serve for ever. What fails is tried again at the next turn: default partitions bridge the time."""
    while True:
        if engine.head is not None:
            try:
                await keep_up(dsn, engine.cell, engine.head.seq, clock)
            except psycopg.Error as error:
                log.warning("cell %s: upkeep failed: %s", engine.cell, error)
        await asyncio.sleep(EVERY_SECONDS)


async def keep_up(dsn: str, cell: str, seq: int, clock: Clock) -> None:
    """One turn. Raises: psycopg.Error."""
    now = clock.now()
    async with await psycopg.AsyncConnection.connect(
        dsn, autocommit=True, options=SESSION, connect_timeout=5
    ) as connection:
        await connection.execute(sql.SQL("set search_path to {}").format(sql.Identifier(cell)))
        days = AHEAD.days + 7
        ahead = "select ensure_idempotency_partitions(%s, %s), ensure_commands_partitions(%s)"
        await connection.execute(ahead, (now + AHEAD, days, seq + COMMANDS_AHEAD))
        await connection.execute("select drop_idempotency_before(%s)", (now - KEYS_KEPT,))
