"""What the platform's own read models say at the end of each day, and what nobody could explain."""

from collections.abc import Sequence
from datetime import date
from typing import Any, Final, LiteralString, NamedTuple, Self

from psycopg import AsyncConnection
from psycopg.rows import namedtuple_row

from domain import accounts
from infra.delivery.connect import connect
from infra.settings import Settings

DAYS: LiteralString = """
select bill_date, closed_at is not null as closed, matched, void, pending, broken, late_facts,
  pays_fen, refunds_fen, fees_fen, moved_fen, coalesce(closing_fen, 0) as closing_fen, coalesce(open_breaks, 0) as open_breaks
from read.bill_days_v1 order by bill_date"""
ONE: LiteralString = """
select closed_at is not null as closed, begun_at is not null as begun from read.bill_days_v1 where bill_date = %s"""
BREAKS: LiteralString = """
select code, bill_date, number, long_fen, short_fen, detail from read.breaks_v1 where closed is null order by opened_at"""
SUMS: LiteralString = """
select account, sub_key, (debit_fen - credit_fen)::bigint as fen from read.ledger_balances_v2
where account = any(%s) and debit_fen <> credit_fen order by account, sub_key"""
# What has to come to its end: pending, payable, on its way to merchants or buyers, owed to buyers.
UNDER_WAY: Final = (
    accounts.MERCHANT_PENDING,
    accounts.MERCHANT_PAYABLE,
    accounts.PAYOUT_TRANSIT,
    accounts.TRANSIT,
    accounts.PAYABLE,
    accounts.CLEARING,
)
UNEXPLAINED: Final = (accounts.SHORT, accounts.LONG, accounts.CLEARING)


class DayRow(NamedTuple):
    """One bill date as the house closed it."""

    bill_date: date
    closed: bool
    matched: int
    void: int
    pending: int
    broken: int
    late_facts: int
    pays_fen: int
    refunds_fen: int
    fees_fen: int
    moved_fen: int
    closing_fen: int
    open_breaks: int


class Books:
    """Open as `async with await Books.of(settings) as books`."""

    def __init__(self, conn: AsyncConnection[Any]) -> None:
        self._conn = conn

    @classmethod
    async def of(cls, settings: Settings) -> Self:
        conn = await connect(settings.dsn("tuan_projector"), "tuan-month")
        conn.row_factory = namedtuple_row
        return cls(conn)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._conn.close()

    async def days(self) -> Sequence[DayRow]:
        return [DayRow(*row) for row in await self._rows(DAYS)]

    async def closed(self, on: date) -> bool:
        return any(row.closed for row in await self._rows(ONE, (on,)))

    async def why(self, on: date) -> str:
        """Why it is not closed, as far as can be seen from here."""
        rows = await self._rows(ONE, (on,))
        open_breaks = len(await self._rows(BREAKS))
        begun = bool(rows) and rows[0].begun
        return f"{'matching' if begun else 'waiting for bills'}, {open_breaks} breaks open"

    async def under_way(self) -> Sequence[str]:
        """What another morning may bring to its end; a break is closed the morning after its cause has gone."""
        waiting = [f"break {row.code} {row.number}" for row in await self._rows(BREAKS)]
        return [*waiting, *await self._sums(UNDER_WAY)]

    async def unexplained(self, at_the_channel: int) -> Sequence[str]:
        """Suspense, clearing that no bill took, breaks that are open, and a balance that is not the channel's."""
        broken = [
            f"break {row.code} of {row.bill_date}: {row.number} {row.detail}"
            for row in await self._rows(BREAKS)
        ]
        rows = await self._rows(SUMS, ([accounts.CHANNEL_BALANCE],))
        ours = sum(row.fen for row in rows)
        if ours != at_the_channel:
            broken.append(f"{ours} fen in {accounts.CHANNEL_BALANCE}, {at_the_channel} there")
        return [*broken, *await self._sums(UNEXPLAINED)]

    async def _sums(self, of: Sequence[str]) -> Sequence[str]:
        rows = await self._rows(SUMS, (list(of),))
        return [f"{row.account} {row.sub_key}: {row.fen} fen" for row in rows]

    async def _rows(self, query: LiteralString, values: Any = None) -> list[Any]:
        return await (await self._conn.execute(query, values)).fetchall()
