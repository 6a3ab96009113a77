"""Asks each channel what it holds, every minute, and warns before refunds run out of money."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from commands.ports import ChannelInDoubt, ChannelRefused, Clock, PaymentChannel
from infra.delivery.alarms import raise_alarm
from infra.delivery.connect import UNREACHABLE
from infra.processes.metrics import AVAILABLE, NEEDED
from infra.wanted import still_wanted
from projections.group_odds import LEFT
from read_api.forecast import GROUPS, HOURS, ODDS, WAITING, Forecast, Odds, forecast

EVERY: Final = timedelta(minutes=1)  # by the shared clock,
LOOK_SECONDS: Final = 1.0  # and never faster than this, however fast that runs
ALARM: Final = "refund_liquidity"

TENANTS: LiteralString = "select tenants_of(%s)"
MINE: LiteralString = """
insert into channel_balances as old (tenant, channel, asked_at) values (%(tenant)s, %(channel)s, %(now)s)
on conflict (tenant, channel) do update set asked_at = excluded.asked_at
where old.asked_at not between %(now)s - %(every)s and %(now)s + %(every)s"""
TOLD: LiteralString = """
update channel_balances set available_fen = %(available)s, pending_fen = %(pending)s, told_at = %(now)s, error = null
where tenant = %(tenant)s and channel = %(channel)s"""
UNTOLD: LiteralString = """
update channel_balances set error = %(error)s where tenant = %(tenant)s and channel = %(channel)s"""
SHORT: LiteralString = """
update channel_balances set short_since = %(now)s
where tenant = %(tenant)s and channel = %(channel)s and short_since is null"""
ENOUGH: LiteralString = """
update channel_balances set short_since = null
where tenant = %(tenant)s and channel = %(channel)s and short_since is not null"""

log = logging.getLogger(__name__)
OUTAGE: Final = (*UNREACHABLE, PoolTimeout)


class Balances:
    """Any number may watch: each account is asked by one of them, once a minute."""

    def __init__(
        self,
        channel: Callable[[str], PaymentChannel | None],
        pool: AsyncConnectionPool[Any],
        clock: Clock,
        cell: str,
    ) -> None:
        self._channel = channel
        self._pool = pool
        self._clock = clock
        self._cell = cell

    async def run(self) -> None:
        """Watch for ever. Cancel it to stop."""
        while True:
            try:
                await self.look()
            except OUTAGE as gone:
                still_wanted()
                log.warning("balances cannot be kept: %s", gone)
            except Exception:
                log.exception("looking at balances failed; it is tried again")
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> None:
        """Ask about every account of the cell that nobody asked about within a minute."""
        async with self._pool.connection() as conn:
            tenants = [
                row[0] for row in await (await conn.execute(TENANTS, (self._cell,))).fetchall()
            ]
        for tenant in tenants:
            channel = self._channel(tenant)
            if channel is not None and await self._mine(tenant, channel.name):
                await self._ask(tenant, channel)

    async def _mine(self, tenant: str, channel: str) -> bool:
        values = {"tenant": tenant, "channel": channel, "now": self._clock.now(), "every": EVERY}
        async with self._pool.connection() as conn:
            asked: int = (await conn.execute(MINE, values)).rowcount
        return asked > 0

    async def _ask(self, tenant: str, channel: PaymentChannel) -> None:
        of: dict[str, Any] = {"tenant": tenant, "channel": channel.name}
        try:
            balance = await channel.balance()
        except (ChannelInDoubt, ChannelRefused) as unclear:
            async with self._pool.connection() as conn:
                await conn.execute(
                    UNTOLD, of | {"error": f"{type(unclear).__name__}: {unclear}"[:300]}
                )
            return
        available, now = balance.available.fen, self._clock.now()
        told = of | {"available": available, "pending": balance.pending.fen, "now": now}
        async with self._pool.connection() as conn, conn.transaction():
            await conn.execute(TOLD, told)
            coming = await self._forecast(conn, tenant, now, available)
            AVAILABLE.labels(tenant).set(available)
            NEEDED.labels(tenant).set(coming.expected_fen)
            if coming.short_at is None:
                await conn.execute(ENOUGH, of)
            elif (await conn.execute(SHORT, told)).rowcount:
                await raise_alarm(conn, self._cell, ALARM, warning(tenant, available, coming))

    async def _forecast(
        self, conn: AsyncConnection[Any], tenant: str, now: datetime, available: int
    ) -> Forecast:
        cursor = conn.cursor(row_factory=dict_row)

        async def rows(query: LiteralString, **more: Any) -> list[dict[str, Any]]:
            return await (await cursor.execute(query, {"tenant": tenant, **more})).fetchall()

        groups = await rows(GROUPS, now=now, left=list(LEFT), hours=HOURS)
        (waiting,) = await rows(WAITING)
        return forecast(now, groups, Odds(await rows(ODDS)), waiting, available)


def warning(tenant: str, available_fen: int, coming: Forecast) -> str:
    """For the person who comes: how much, how much is needed, and by when."""
    return (
        f"{tenant}: the account holds {available_fen} fen; refunds are expected to need"
        f" {coming.expected_fen} within {HOURS} hours ({coming.waiting_fen} wait now,"
        f" {coming.worst_fen} if every open group fails), and it will not do from"
        f" {coming.short_at:%Y-%m-%d %H:%MZ} on"
    )
