"""Fetches the bills of every channel, each morning after ten, keeps them as they came, and has them recorded.

A bill is asked for again on the two mornings after, in case the channel restates it; one that is not written
yet, every half hour. Any number may fetch: each try is claimed by one, and asking twice is harmless anyway.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from datetime import date, datetime, time, timedelta
from tempfile import TemporaryFile
from typing import Any, BinaryIO, Final, LiteralString, NamedTuple, Protocol
from uuid import UUID

from psycopg import AsyncConnection
from psycopg_pool import AsyncConnectionPool

from commands.bill_source import BillNotReady, BillSource, BillText, NoBill
from commands.billing import BillOf, FileOf
from commands.ports import Answer, ChannelInDoubt, ChannelRefused, Clock
from commands.processes.todo import Point
from commands.record_bill import RecordBill
from commands.record_no_bill import RecordNoBill
from commands.reject_bill import RejectBill
from commands.use_case import Command
from domain.bill import bill_id
from domain.bill_lines import BillKey
from infra.bills.formats import examine
from infra.bills.reading import SHANGHAI, Unreadable
from infra.bills.store import keep
from infra.delivery.alarms import raise_alarm
from infra.processes.runner import LATER
from infra.wanted import still_wanted

NAME: Final = "fetch_bills"
LOOK_SECONDS: Final = 1.0  # real time, however fast the shared clock runs
OPENS: Final = time(10)  # of the day after, in Shanghai
MORNINGS: Final = 3  # on which a bill is asked for; what changes later is for people to fetch
AGAIN: Final = timedelta(minutes=30)
SOON: Final = timedelta(minutes=5)  # after a call that was lost
KEPT: Final = timedelta(days=90)  # the channel forgets it soon after
ALARM: Final = "bill_rejected"

TENANTS: LiteralString = "select tenants_of(%s)"
PLAN: LiteralString = """
insert into bills.schedule (tenant, channel, mchid, kind, account, bill_date, next_at)
select %(tenant)s, %(channel)s, %(mchid)s, %(kind)s, %(account)s, d::date,
  (d::date + 1 + %(opens)s::time) at time zone 'Asia/Shanghai'
from generate_series(
  greatest(%(today)s::date - %(kept)s, coalesce(%(since)s::date,
    (select max(bill_date) + 1 from bills.schedule where tenant = %(tenant)s and channel = %(channel)s
       and mchid = %(mchid)s and kind = %(kind)s and account = %(account)s), %(today)s::date)),
  %(today)s::date, interval '1 day') d
on conflict do nothing"""
CLAIM: LiteralString = """
with due as materialized (
  select * from bills.schedule where tenant = any(%(tenants)s) and next_at <= %(now)s
  order by next_at, bill_date, kind limit 1 for update skip locked)
update bills.schedule s set next_at = %(now)s + %(again)s, asked_at = %(now)s, tries = s.tries + 1
from due where (s.tenant, s.channel, s.mchid, s.kind, s.account, s.bill_date)
  = (due.tenant, due.channel, due.mchid, due.kind, due.account, due.bill_date)
returning s.tenant, s.channel, s.mchid, s.kind, s.bill_date, s.account, s.tries"""
NOTE: LiteralString = """
update bills.schedule set next_at = %s, state = %s, sha256 = coalesce(%s, sha256), why = %s
where (tenant, channel, mchid, kind, account, bill_date) = (%s, %s, %s, %s, %s, %s)"""
ASK_AGAIN: LiteralString = """
update bills.schedule set next_at = %s
where (tenant, channel, mchid, kind, account, bill_date) = (%s, %s, %s, %s, %s, %s)"""

log = logging.getLogger(__name__)


class Asker(Protocol):
    """Issues commands as a service."""

    async def ask(self, point: Point, command: Command, *, mark: str = "") -> Answer: ...


class Try(NamedTuple):
    """One claimed attempt."""

    tenant: str
    key: BillKey
    tries: int

    @property
    def id(self) -> UUID:
        return bill_id(self.tenant, self.key)


class Came(NamedTuple):
    """What a try came to, and when to ask again; None: not any more."""

    state: str
    again: datetime | None
    sha256: str | None = None
    why: str | None = None


class Bills:
    """`sources` are the accounts of a tenant."""

    def __init__(
        self,
        sources: Callable[[str], Sequence[BillSource]],
        asker: Asker,
        pool: AsyncConnectionPool[Any],
        clock: Clock,
        cell: str,
    ) -> None:
        self._sources = sources
        self._asker = asker
        self._pool = pool
        self._clock = clock
        self._cell = cell
        self._planned: set[tuple[str, str, str, date]] = set()

    async def run(self) -> None:
        """Fetch for ever. Cancel it to stop."""
        while True:
            try:
                while await self.look():
                    pass
            except LATER as later:
                still_wanted()
                log.warning("bills cannot be fetched: %s", later)
            except Exception:
                log.exception("fetching bills failed; it is tried again")
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> bool:
        """Fetch one bill that is due; False when there is none."""
        now = self._clock.now()
        async with self._pool.connection() as conn:
            cursor = await conn.execute(TENANTS, (self._cell,))
            tenants = [row[0] for row in await cursor.fetchall()]
            await self._plan(conn, tenants, now)
            values = {"tenants": tenants, "now": now, "again": AGAIN}
            row = await (await conn.execute(CLAIM, values)).fetchone()
        if row is None:
            return False
        tenant, *named, tries = row
        await self._try(Try(tenant, BillKey(*named), tries))
        return True

    async def _plan(
        self, conn: AsyncConnection[Any], tenants: Sequence[str], now: datetime
    ) -> None:
        """Once for each account and day."""
        today = now.astimezone(SHANGHAI).date()
        wanted = {
            (tenant, source.channel, source.mchid, today): (tenant, source)
            for tenant in tenants
            for source in self._sources(tenant)
        }
        for tenant, source in (wanted[key] for key in wanted.keys() - self._planned):
            await plan(conn, tenant, source, today)
        self._planned = set(wanted)

    async def _try(self, one: Try) -> None:
        source = self._source(one)
        if source is None:
            return await self._note(one, Came("failed", None, why="no such account any more"))
        with TemporaryFile() as file:
            try:
                text = await source.fetch(one.key, file)
            except BillNotReady as early:
                came = Came("creating", self._clock.now() + AGAIN, why=str(early))
            except NoBill as none:
                await self._ask(one, RecordNoBill(named(one.key)))
                came = Came("absent", next_morning(one.key.date, self._clock.now()), why=str(none))
            except ChannelInDoubt as unclear:
                came = Came("failed", self._clock.now() + SOON, why=f"in doubt: {unclear}")
            except ChannelRefused as no:
                came = Came("failed", self._patiently(one.key), why=f"refused: {no}")
            else:
                came = await self._take(one, text, file)
        await self._note(one, came)

    async def _take(self, one: Try, text: BillText, file: BinaryIO) -> Came:
        """Keep the file before anybody says a word about it, then have it recorded as what it is."""
        async with self._pool.connection() as conn:
            await keep(conn, one.tenant, text.sha256, file, self._clock.now())
        bill, told = named(one.key), FileOf(*text)
        try:
            found = await asyncio.to_thread(examine, one.key, file, text.channel_hash)
        except Unreadable as wrong:
            await self._ask(one, RejectBill(bill, told, wrong.count, wrong.errors))
            async with self._pool.connection() as conn:
                await raise_alarm(conn, self._cell, ALARM, f"{one.tenant} {one.key}: {wrong}")
            return Came("rejected", self._patiently(one.key), text.sha256, str(wrong))
        await self._ask(one, RecordBill(bill, told, *found))
        return Came("have", next_morning(one.key.date, self._clock.now()), text.sha256)

    async def _ask(self, one: Try, command: Command) -> None:
        """Every try is a request of its own: what the channel said before may be said again."""
        point = Point(NAME, one.tenant, one.id, one.id, one.tries)
        answer = await self._asker.ask(point, command)
        if answer.outcome != "accepted":
            raise RuntimeError(f"{type(command).__name__} of {one.key}: {answer.outcome}")

    async def _note(self, one: Try, came: Came) -> None:
        why = None if came.why is None else came.why[:500]
        values = (came.again, came.state, came.sha256, why, *place(one.tenant, one.key))
        async with self._pool.connection() as conn:
            await conn.execute(NOTE, values)

    def _source(self, one: Try) -> BillSource | None:
        mine = (one.key.channel, one.key.mchid)
        all = self._sources(one.tenant)
        return next((source for source in all if (source.channel, source.mchid) == mine), None)

    def _patiently(self, key: BillKey) -> datetime | None:
        """Every half hour while the bill is young, then once a day."""
        now = self._clock.now()
        young = now < opens(key.date) + MORNINGS * timedelta(days=1)
        again = now + (AGAIN if young else timedelta(days=1))
        return again if again < opens(key.date) + KEPT else None


async def plan(
    conn: AsyncConnection[Any],
    tenant: str,
    source: BillSource,
    today: date,
    since: date | None = None,
) -> None:
    """Put every day up to this one on the schedule, from the first on which the account was seen, or `since`."""
    for kind, account in source.kinds:
        of = {"tenant": tenant, "channel": source.channel, "mchid": source.mchid}
        days = {"today": today, "since": since, "kept": KEPT.days, "opens": OPENS}
        await conn.execute(PLAN, of | days | {"kind": kind, "account": account})


async def ask_again(conn: AsyncConnection[Any], tenant: str, key: BillKey, now: datetime) -> bool:
    """Have a bill fetched once more; False when it was never on the schedule."""
    return (await conn.execute(ASK_AGAIN, (now, *place(tenant, key)))).rowcount > 0


def opens(day: date) -> datetime:
    """From when the bill of a day may be asked for."""
    return datetime.combine(day + timedelta(days=1), OPENS, SHANGHAI)


def next_morning(day: date, now: datetime) -> datetime | None:
    """When to see whether a bill was restated; None when it has been looked at often enough."""
    mornings = (opens(day) + n * timedelta(days=1) for n in range(MORNINGS))
    return next((morning for morning in mornings if morning > now), None)


def named(key: BillKey) -> BillOf:
    return BillOf(key.channel, key.mchid, key.kind, key.date, key.account)  # type: ignore[arg-type]


def place(tenant: str, key: BillKey) -> tuple[Any, ...]:
    """Its row on the schedule."""
    return tenant, key.channel, key.mchid, key.kind, key.account, key.date
