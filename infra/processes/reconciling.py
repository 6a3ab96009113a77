"""Matches every bill that is there with our books, date by date, until each date is closed.

A look reads what is there, issues commands, and ends; the next one sees what came of them. So a runner that is
killed at any place has done nothing that is not done again harmlessly, and any number may run.
"""

import asyncio
import logging
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID, uuid5

import msgspec
from psycopg import AsyncConnection, sql
from psycopg_pool import AsyncConnectionPool

from commands.close_bill_day import CloseBillDay
from commands.confirm_refund_by_bill import ConfirmRefundByBill
from commands.ports import Answer, Clock, PaymentChannel
from commands.processes.todo import Point
from commands.use_case import Command
from domain.bill_day_state import Key, day_id
from domain.bill_lines import BillKey
from domain.ids import RefundId
from infra.delivery.alarms import raise_alarm
from infra.processes.bills import Asker, ask_again
from infra.processes.runner import LATER
from infra.recon import actions, books
from infra.recon.asking import commands_of, open_break
from infra.recon.beginning import begin, late_fact, opening_break, restate
from infra.recon.matching import ACCOUNT, Case, Files, Laid
from infra.recon.restating import Unlike
from infra.wanted import still_wanted

NAME: Final = "reconcile"
LOOK_SECONDS: Final = 1.0  # real time, however fast the shared clock runs
AGAIN: Final = timedelta(minutes=1)  # by the shared clock, between two looks at one date
BACK: Final = 10  # dates that are looked at, counted from the oldest open one
ALARM: Final = "reconciliation"
DAY: Final = timedelta(days=1)

TENANTS: LiteralString = "select tenants_of(%s)"
HEAD: LiteralString = "select coalesce(max(position), 0) from {cell}.events"
# Both bills of the date are there, or the channel says that there are none; and it is not closed.
OPEN: LiteralString = """
select t.channel, t.mchid, t.bill_date, case t.state when 'have' then t.sha256 else '' end,
  case f.state when 'have' then f.sha256 else '' end
from bills.schedule t join bills.schedule f on (f.tenant, f.channel, f.mchid, f.bill_date, f.kind, f.account)
  = (t.tenant, t.channel, t.mchid, t.bill_date, 'fundflow', %(account)s)
left join bill_days_v1 d on (d.tenant, d.channel, d.mchid, d.bill_date)
  = (t.tenant, t.channel, t.mchid, t.bill_date)
where t.tenant = %(tenant)s and t.kind = 'trade' and t.state in ('have', 'absent')
  and f.state in ('have', 'absent') and d.closed_at is null
order by t.bill_date limit %(back)s"""
LOCK: LiteralString = "select pg_try_advisory_xact_lock(hashtextextended(%s, 0))"

log = logging.getLogger(__name__)


class Work(NamedTuple):
    """One open date with the digests of its files."""

    tenant: str
    key: Key
    files: Files

    @property
    def id(self) -> UUID:
        return day_id(self.tenant, self.key)


class Reconciling:
    """`asker` issues commands as a service, `channel` is the tenant's."""

    def __init__(
        self,
        asker: Asker,
        channel: Callable[[str], PaymentChannel | None],
        pool: AsyncConnectionPool[Any],
        clock: Clock,
        cell: str,
    ) -> None:
        self._asker = asker
        self._channel = channel
        self._pool = pool
        self._clock = clock
        self._cell = cell
        self._due: dict[UUID, Any] = {}
        self._goal = 0  # the position that read models must have reached: nothing of ours is unseen
        self.why: dict[str, str] = {}  # date -> why it is not closed yet

    async def run(self) -> None:
        """Reconcile for ever. Cancel it to stop."""
        while True:
            try:
                await self.look()
            except LATER as later:
                still_wanted()
                log.warning("nothing is reconciled: %s", later)
            except Exception:
                log.exception("reconciling failed; it is tried again")
            await asyncio.sleep(LOOK_SECONDS)

    async def look(self) -> bool:
        """One round over every open date that is due; False when nothing was, or read models are behind."""
        async with self._pool.connection() as conn:
            position, sound = await books.readiness(conn, self._cell)
            if position < self._goal:
                return False
            cursor = await conn.execute(TENANTS, (self._cell,))
            tenants = [row[0] for row in await cursor.fetchall()]
            works = [work for tenant in tenants for work in await open_dates(conn, tenant)]
        did = False
        for work in works:
            if self._due.get(work.id, self._clock.now()) > self._clock.now():
                continue
            self._due[work.id] = self._clock.now() + AGAIN
            did |= await self._date(work, position, sound)
        if did:
            async with self._pool.connection() as conn:
                self._goal = await head(conn, self._cell)
        return did

    async def _date(self, work: Work, position: int, sound: bool) -> bool:
        async with self._pool.connection() as conn, conn.transaction():
            mine = await (await conn.execute(LOCK, (f"{NAME} {work.id}",))).fetchone()
            if not mine or not mine[0]:
                return False
            case = Case(conn, work.tenant, work.key, work.files)
            before = await case.books.day(work.key.date - DAY)
            opening = before["closing_fen"] if before else None
            laid = await case.laid(opening)
            issued = await self._issue(work, case, laid, before is None)
            followed = await self._follow(work, case, laid)
            if issued == followed == 0 and laid.gap is None:
                await self._close(work, case, laid, position, sound)
            return bool(issued or followed)

    async def _issue(self, work: Work, case: Case, laid: Laid, first: bool) -> int | None:
        """Begin the date, and record what is new on it. Counts what changed anything; None: it is stuck."""
        if laid.gap is not None:
            return await self._gap(work, case, laid)
        begun = await self._ask(work, begin(work.key, laid), "begin")
        if begun.outcome == "bill_restated_midway":
            return await self._restate(work, case, laid, begun)
        if begun.outcome != "accepted":
            await self._stuck(work, f"begin: {begun.outcome}")
            return None
        issued = int(changed(begun))
        if first and laid.opening_fen:
            opened = await self._ask(work, opening_break(work.key, laid), "opening")
            issued += changed(opened)
        for number, command in enumerate(commands_of(laid.new, work.key, laid.bills)):
            answer = await self._ask(work, command, f"{number}")
            if answer.outcome == "accepted":
                issued += changed(answer)
            else:  # a stale read: what it was about has its place; the next look sees it
                log.info("%s of %s: %s", type(command).__name__, work.key, answer.outcome)
        return issued

    async def _restate(self, work: Work, case: Case, laid: Laid, refused: Answer) -> int | None:
        """Go on over the file in force, if that is the same bill for all that has its place."""
        facts = msgspec.json.decode(refused.reply)["facts"]
        was = Files(facts["trade_sha256"], facts["fund_sha256"])
        try:
            differs = await case.differs(was)
        except Unlike as why:
            await self._stuck(work, f"the bill was restated: {why}")
            return None
        answer = await self._ask(work, restate(work.key, laid, was, differs), "restate")
        if answer.outcome != "accepted":
            await self._stuck(work, f"restate: {answer.outcome}")
            return None
        return int(changed(answer))

    async def _gap(self, work: Work, case: Case, laid: Laid) -> int:
        assert laid.gap is not None
        known = {row["code"] for row in await case.books.rows(books.OPEN_BREAKS)}
        if "BALANCE_GAP" in known:
            return 0
        await self._ask(work, open_break(laid.gap, work.key, laid.bills), "gap")
        return 1

    async def _page(self, work: Work, broken: dict[str, Any], why: str) -> None:
        """Call people to a break; a bill with a gap is fetched again before they are here."""
        async with self._pool.connection() as conn:
            if broken["code"] == "BALANCE_GAP":
                fund = BillKey(*work.key[:2], "fundflow", broken["bill_date"], ACCOUNT)
                await ask_again(conn, work.tenant, fund, self._clock.now())
            where = f"{work.tenant} {work.key.channel} {broken['bill_date']} {broken['break_id']}"
            numbers = f"{broken['number']} {broken['channel_number']}".strip()
            await raise_alarm(
                conn, self._cell, ALARM, f"{where}: {why} {numbers} {broken['detail']}".rstrip()
            )

    async def _follow(self, work: Work, case: Case, laid: Laid) -> int:
        """What breaks entail by themselves, the bill's word to refunds, and facts that came too late."""
        channel, done = self._channel(work.tenant), 0

        async def ask(command: Command, mark: str) -> Answer:
            return await self._ask(work, command, f"{broken['break_id']} {mark}")

        for broken in await case.books.rows(books.UNFINISHED_BREAKS):
            if not broken["rules"]:
                page = partial(self._page, work, broken)
                done += await actions.act(broken, channel, ask, page)
            whole = laid.gap is None and broken["bill_date"] == work.key.date
            done += await actions.end(broken, whole, ask)
        for row in await case.books.rows(books.UNWITNESSED) if work.files.trade else ():
            witness = ConfirmRefundByBill(
                RefundId(row["refund_id"]), row["number"], work.files.trade, row["bill_line"]
            )
            await self._ask(work, witness, f"witness {row['number']}")
        for row in await case.books.rows(books.LATE):
            late = late_fact(work.key, row)
            done += changed(await self._ask(work, late, f"late {row['position']}"))
        return done

    async def _close(self, work: Work, case: Case, laid: Laid, position: int, sound: bool) -> None:
        clearing, balance = await case.books.booked()
        broken = await case.books.rows(books.OPEN_BREAKS)
        command = CloseBillDay(
            *work.key,
            clearing_fen=clearing,
            balance_fen=balance,
            ledger_position=max(position, 0),
            ledger_ready=sound,
            agreed=laid.agreed,
            open_breaks=len(broken),
        )
        answer = await self._ask(work, command, "close")
        name = f"{work.tenant} {work.key.channel} {work.key.date}"
        self.why.pop(name, None)
        if answer.outcome != "accepted":
            self.why[name] = f"{answer.outcome} {answer.reply.decode()}"[:300]
            log.info("%s is not closed yet: %s", name, self.why[name])

    async def _stuck(self, work: Work, why: str) -> None:
        name = f"{work.tenant} {work.key.channel} {work.key.date}"
        if self.why.get(name) != why:
            self.why[name] = why
            async with self._pool.connection() as conn:
                await raise_alarm(conn, self._cell, ALARM, f"{name}: {why}")

    async def _ask(self, work: Work, command: Command, mark: str) -> Answer:
        """Each look is a request of its own: a refusal of the last one is not repeated for ever."""
        look = f"{self._goal} {self._clock.now().isoformat()}"
        point = Point(NAME, work.tenant, work.id, work.id, 0)
        return await self._asker.ask(point, command, mark=uuid5(work.id, f"{mark} {look}").hex)


def changed(answer: Answer) -> bool:
    """Whether the command did anything: most of a second look does not."""
    return answer.outcome == "accepted" and bool(msgspec.json.decode(answer.reply).get("changed"))


async def open_dates(conn: AsyncConnection[Any], tenant: str) -> list[Work]:
    values = {"tenant": tenant, "account": ACCOUNT, "back": BACK}
    rows = await (await conn.execute(OPEN, values)).fetchall()
    return [
        Work(tenant, Key(channel, mchid, on), Files(trade, fund))
        for channel, mchid, on, trade, fund in rows
    ]


async def head(conn: AsyncConnection[Any], cell: str) -> int:
    row = await (await conn.execute(sql.SQL(HEAD).format(cell=sql.Identifier(cell)))).fetchone()
    return int(row[0]) if row else 0
