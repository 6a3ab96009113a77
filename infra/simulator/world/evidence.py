"""Looks into the platform's own store and the channel's own books, after the shoppers have gone home."""

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Any, Final, Self

import msgspec
from psycopg import AsyncConnection, sql

from domain.events import Event
from infra.cell.verify import Report, verify
from infra.delivery.connect import connect
from infra.delivery.messages import START
from infra.delivery.replay import LOCK, catch_up, empty_tables, equal, goals, no_progress
from infra.settings import Settings
from infra.simulator.world.books import Key
from infra.simulator.world.client import Client
from infra.simulator.world.invariants import CommandRow, Purchase, Waiting
from infra.simulator.world.money import Movement
from infra.simulator.world.payouts import Transfer
from infra.simulator.world.refunds import Repayment
from infra.simulator.world.story import Story
from projections import PROJECTIONS, refusals
from projections.recorded import Projection

PAGE: Final = 5000
BOOK_PAGE: Final = 1000

EVENTS: Final = "select position, data from {cell}.events order by position"
COMMANDS: Final = """
select command_id, tenant, principal, name, idempotency_key, outcome, reply, last_position
from {cell}.commands order by seq"""
HALF: Final = """
select count(*) from {cell}.commands c
where (c.outcome <> 'accepted' and c.first_position is not null)
   or (c.first_position is not null and c.last_position - c.first_position + 1 <>
       (select count(*) from {cell}.events e where e.command_id = c.command_id
         and e.position between c.first_position and c.last_position))"""
STRAY: Final = """
select count(*) from {cell}.events e where not exists
  (select from {cell}.commands c where c.command_id = e.command_id
    and e.position between c.first_position and c.last_position)"""
BACKWARDS: Final = """
select (select count(*) from (select recorded_at < lag(recorded_at) over (order by position) as back
                              from {cell}.events) e where back)
     + (select count(*) from (select at < lag(at) over (order by seq) as back
                              from {cell}.commands) c where back)"""
# A point whose refund people look after waits for them, whatever the runner still asks now and then.
IN_PEOPLES_HANDS: Final = "people:%"
WAITING: Final = """
select (select count(*) from {cell}.timers where due_at <= %(now)s),
       (select count(*) from read.todo where why is null or why not like %(people)s),
       (select count(*) from {cell}.inbox where done_as is null),
       (select coalesce(max(case handler when %(refusals)s then o.command_seq else o.head_position end
                            - position), 0) from read.checkpoints),
       (select count(*) from read.parked),
       (select count(*) from read.checkpoints where halted is not null)
from {cell}.owner o"""
LEDGER: Final = """
select account, sub_key, sum(debit_fen)::bigint, sum(credit_fen)::bigint
from read.ledger_lines_v2 where position <= %s group by account, sub_key"""
ALARMS: Final = "select kind || ': ' || detail from read.alarms where cell = %s order by alarm_id"
REFUSALS: Final = """
with told as (select tenant, minute, command, outcome, times, seq from read.refusals_v1),
     made as (select tenant, date_trunc('minute', at), name, outcome, count(*), max(seq)
              from {cell}.commands
              where seq <= (select position from read.checkpoints
                            where handler = %(refusals)s and cell = %(cell)s)
              group by 1, 2, 3, 4)
select (select count(*) from (table told except table made) a)
     + (select count(*) from (table made except table told) b)"""


class Evidence:
    """Open as `async with await Evidence.of(settings, channel) as evidence`."""

    def __init__(self, conn: AsyncConnection[Any], settings: Settings, channel: Client) -> None:
        self._conn = conn
        self._settings = settings
        self._channel = channel

    @classmethod
    async def of(cls, settings: Settings, channel: Client) -> Self:
        conn = await connect(settings.dsn("tuan_projector"), "tuan-judge")
        return cls(conn, settings, channel)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._conn.close()

    # --- the store -----------------------------------------------------------------------------

    async def story(self, now: datetime) -> Story:
        """All events, told again."""
        story = Story(now)
        decode = msgspec.json.Decoder(Event).decode
        async for position, data in self._rows(EVENTS):
            story.take(position, decode(data))
        return story

    async def commands(self) -> list[CommandRow]:
        return [CommandRow(*row) async for row in self._rows(COMMANDS)]

    async def half_applied(self) -> tuple[int, int]:
        """Commands that miss some of their events, and events without their command."""
        [[half]] = await self._all(HALF)
        [[stray]] = await self._all(STRAY)
        return half, stray

    async def backwards(self) -> int:
        """How often a record is older than the one before it."""
        [[times]] = await self._all(BACKWARDS)
        return int(times)

    async def chain(self) -> Report:
        """Every hash computed again."""
        dsn, cell = self._settings.dsn("tuan_engine"), self._settings.cell
        return await asyncio.to_thread(verify, dsn, cell, None)

    async def waiting(self, now: datetime) -> Waiting:
        values = {"now": now, "refusals": refusals.NAME, "people": IN_PEOPLES_HANDS}
        [row] = await self._all(WAITING, values)
        totals = (await self._channel.call("GET", "/sim/books")).json()["merchants"].values()
        untold = sum(one["payments"] - one["notified"] for one in totals)
        return Waiting._make((*row, untold))

    async def alarms(self) -> list[str]:
        """What the platform itself complained about."""
        return [text for (text,) in await self._all(ALARMS, (self._settings.cell,))]

    async def ledger(self, position: int) -> dict[Key, tuple[int, int]]:
        """Debits and credits of the ledger's own lines, as far as the log was read."""
        rows = await self._all(LEDGER, (position,))
        return {(account, sub_key): (debit, credit) for account, sub_key, debit, credit in rows}

    async def differing_read_models(self, told: Callable[[str], None]) -> list[str]:
        """The read models whose rows are not those of a replay of the whole log."""
        differing = [await self._differing(projection, told) for projection in PROJECTIONS]
        values = {"refusals": refusals.NAME, "cell": self._settings.cell}
        [[rows]] = await self._all(REFUSALS, values)
        if rows:
            differing.append(f"{refusals.NAME} differs from the commands in {rows} rows")
        return [name for name in differing if name]

    async def _differing(self, projection: Projection, told: Callable[[str], None]) -> str:
        told(projection.name)
        conn, places = self._conn, {self._settings.cell: START}
        await empty_tables(conn, projection)
        await catch_up(conn, projection, places, no_progress)
        async with conn.transaction():  # what came meanwhile, and not one event more
            await conn.execute(LOCK, (projection.name,))
            if None in (await goals(conn, projection, places)).values():
                return f"{projection.name} is at a position that the log does not have"
            await catch_up(conn, projection, places, no_progress)
            same = await equal(conn, projection)
        return "" if same else f"{projection.name} differs from a replay"

    # --- the channel ---------------------------------------------------------------------------

    async def purchases(self) -> list[Purchase]:
        """The channel's own book of payments."""
        rows = await self._book("payments")
        return [Purchase(r["out_trade_no"], r["transaction_id"], r["total"]) for r in rows]

    async def repayments(self) -> list[Repayment]:
        """The channel's own book of refunds, each with its last state."""
        state = {r["refund"]: str(r["state"]) for r in await self._book("refund_steps")}
        return [
            Repayment(r["out_refund_no"], r["transaction_id"], r["amount"], state[r["seq"]])
            for r in await self._book("refunds")
        ]

    async def transfers(self) -> list[Transfer]:
        """The channel's own book of transfers to merchants, each with its end."""
        ends = {r["transfer"]: str(r["state"]) for r in await self._book("transfer_ends")}
        return [
            Transfer(r["out_bill_no"], r["amount"], ends.get(r["seq"], ""))
            for r in await self._book("transfers")
        ]

    async def account(self) -> list[Movement]:
        """What moved our account at the channel, but for what we paid in or took out ourselves."""
        numbers = {
            "payment": {r["seq"]: r["transaction_id"] for r in await self._book("payments")},
            "refund": {r["seq"]: r["out_refund_no"] for r in await self._book("refunds")},
        }
        return [
            Movement(numbers[of][row[of]], row["amount"])
            for row in await self._book("funds")
            for of in numbers
            if row[of] is not None
        ]

    async def account_total(self) -> int:
        """Fen that the channel holds for us now, whatever they came from."""
        last = {row["mchid"]: row["balance"] for row in await self._book("funds")}
        return sum(last.values())

    async def _book(self, name: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        after = 0
        while True:
            path = f"/sim/books/{name}?after={after}&limit={BOOK_PAGE}"
            page = (await self._channel.call("GET", path, name="books")).json()
            if not page["rows"]:
                return found
            found += page["rows"]
            after = page["next"]

    # --- reading -------------------------------------------------------------------------------

    def _statement(self, query: str) -> sql.Composed:
        return sql.SQL(query).format(cell=sql.Identifier(self._settings.cell))

    async def _all(self, query: str, values: Any = None) -> list[Any]:
        return await (await self._conn.execute(self._statement(query), values)).fetchall()

    async def _rows(self, query: str) -> AsyncIterator[Any]:
        """Row by row, a page at a time."""
        async with self._conn.transaction(), self._conn.cursor("judge", binary=True) as cursor:
            await cursor.execute(self._statement(query))
            while page := await cursor.fetchmany(PAGE):
                for row in page:
                    yield row
