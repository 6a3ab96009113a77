"""One bill date laid open: its two files, our rows, and what the matcher says of them."""

import asyncio
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import date
from functools import partial
from typing import Any, BinaryIO, Final, NamedTuple

from psycopg import AsyncConnection

from commands.restate_bill_day import Differing
from domain.bill import bill_id
from domain.bill_day_state import Key
from domain.bill_lines import BillKey, BillKind, FundLine, TradeLine
from domain.fund_flow import OF_TRADE, PAYOUT
from domain.ids import BillId
from domain.matching_rows import Finding, Known
from domain.matching_run import Date, outcomes
from infra.bills.formats import fund_lines, trade_lines
from infra.bills.store import lay_open
from infra.recon.asking import Bills, Sorted, sort
from infra.recon.books import Books
from infra.recon.restating import Unlike, fund_stands, trade_differs

ACCOUNT: Final = "BASIC"  # whose fund flow has the payments
BILLED: Final = """
select bill_date, sha256 from bills.schedule where (tenant, channel, mchid) = (%s, %s, %s)
  and kind = 'trade' and bill_date = any(%s) and sha256 is not null and state = 'have'"""


class Files(NamedTuple):
    """Digests of the two files; "" for a bill that the channel says there is none of."""

    trade: str
    fund: str


class Laid(NamedTuple):
    """The date as it is: what it holds, what has its place, and what is new."""

    bills: Bills
    files: Files
    trade_lines: int
    fund_lines: int
    agreed: int  # lines of the fund flow that belong to the trade
    opening_fen: int
    closing_fen: int
    gap: Finding | None
    new: Sorted


class Case:
    """One date of one account of a tenant."""

    def __init__(self, conn: AsyncConnection[Any], tenant: str, key: Key, files: Files) -> None:
        self._conn = conn
        self._tenant = tenant
        self._key = key
        self._files = files
        self.books = Books(conn, tenant, key)

    async def laid(self, opening_fen: int | None) -> Laid:
        """Match it. `opening_fen`: where the date before ended, None when nobody knows."""
        async with AsyncExitStack() as stack:
            trade = await stack.enter_async_context(self._file(self._files.trade))
            fund = await stack.enter_async_context(self._file(self._files.fund))
            earlier = await self._earlier(stack)
            trades = partial(trade_of, self._bill("trade"), trade)
            funds = partial(fund_of, self._bill("fundflow"), fund)
            facts = await asyncio.to_thread(look_through, funds, opening_fen)
            lines = await asyncio.to_thread(lambda: sum(1 for _ in trades()))
            bills = self._bills(trade, fund, earlier)
            done = await self.books.done(bills.trade)
            of = await self._date(trades, funds, opening_fen, earlier, facts, done)
            loop = asyncio.get_running_loop()

            def known(numbers: Iterable[str]) -> Mapping[str, Known]:
                asked = self.books.known(list(numbers))
                return asyncio.run_coroutine_threadsafe(asked, loop).result()

            found = await asyncio.to_thread(lambda: list(outcomes(of._replace(known=known))))
        broken = next(
            (it for it in found if isinstance(it, Finding) and it.code == "BALANCE_GAP"), None
        )
        return Laid(
            bills, self._files, lines, facts.lines, facts.of_trade, facts.opening_fen, facts.closing_fen,
            broken, sort(found, self._key, done),
        )  # fmt: skip

    async def differs(self, was: Files) -> list[Differing]:
        """What the files in force say otherwise than those that were matched. Raises: Unlike."""
        if "" in (*was, *self._files):
            raise Unlike("one of the bills is gone, or was not there")
        done = await self.books.done(self._bills(True, True, ()).trade)
        trade, fund = [await self.books.placed(side, done[side]) for side in ("trade", "fund")]
        async with AsyncExitStack() as stack:
            files = [
                await stack.enter_async_context(self._file(sha256))
                for sha256 in (*was, *self._files)
            ]
            (old, old_fund), (new, new_fund) = files[:2], files[2:]
            key, fund_key = self._bill("trade"), self._bill("fundflow")
            funds = fund_of(fund_key, old_fund), fund_of(fund_key, new_fund)
            await asyncio.to_thread(fund_stands, *funds, fund)
            trades = trade_of(key, old), trade_of(key, new)
            return await asyncio.to_thread(trade_differs, *trades, trade)

    async def _date(
        self, trades: Any, funds: Any, opening: int | None, earlier: Any, facts: "Facts", done: Any
    ) -> Date:
        waiting, suspended = await self.books.waiting(), await self.books.suspended()
        carried = [
            line
            for on, (lines, file) in earlier.items()
            for line in trade_of(self._bill("trade", on), file)
            if line.line in lines
        ]
        return Date(
            bill_date=self._key.date,
            trades=trades,
            funds=funds,
            opening_fen=opening,
            rows=waiting.rows,
            fund_rows=waiting.fund_rows,
            carried=[*carried, *(line for line, _ in suspended)],
            held={(line.bill.date, line.line): held for line, held in suspended},
            payouts=await self.books.payouts(facts.payouts),
            ahead=await self.books.ahead(),
            done=done["trade"],
        )

    async def _earlier(self, stack: AsyncExitStack) -> dict[date, tuple[set[int], BinaryIO | None]]:
        """Files of earlier dates, whose lines wait for a row."""
        places = await self.books.carried()
        of = (self._tenant, self._key.channel, self._key.mchid, list(places))
        rows = await (await self._conn.execute(BILLED, of)).fetchall() if places else []
        found: dict[date, tuple[set[int], BinaryIO | None]] = {}
        for on, sha256 in rows:
            file = await stack.enter_async_context(self._file(sha256))
            found[on] = places[on], file
        return found

    @asynccontextmanager
    async def _file(self, sha256: str) -> AsyncIterator[BinaryIO | None]:
        if not sha256:
            yield None
            return
        file = await lay_open(self._conn, self._tenant, sha256)
        try:
            yield file
        finally:
            file.close()

    def _bill(self, kind: BillKind, on: date | None = None) -> BillKey:
        account = ACCOUNT if kind == "fundflow" else ""
        return BillKey(self._key.channel, self._key.mchid, kind, on or self._key.date, account)

    def _bills(self, trade: Any, fund: Any, earlier: Iterable[date]) -> Bills:
        def id(kind: BillKind, on: date | None = None) -> BillId:
            return bill_id(self._tenant, self._bill(kind, on))

        return Bills(
            id("trade") if trade else None,
            id("fundflow") if fund else None,
            {on: id("trade", on) for on in earlier},
        )


class Facts(NamedTuple):
    """What a fund flow says of itself."""

    lines: int
    of_trade: int
    opening_fen: int
    closing_fen: int
    payouts: list[str]  # our numbers of those that the channel made


def look_through(funds: Any, opening: int | None) -> Facts:
    lines = of_trade = 0
    first, last = opening or 0, opening or 0
    payouts = list[str]()
    for line in funds():
        if not lines:
            moved = line.amount_fen if line.direction == "in" else -line.amount_fen
            first = line.balance_fen - moved
        lines += 1
        of_trade += line.business_type in OF_TRADE
        last = line.balance_fen
        if line.business_type in PAYOUT:
            payouts.append(line.voucher_no)
    return Facts(lines, of_trade, first, last, payouts)


def trade_of(key: BillKey, file: BinaryIO | None) -> Iterator[TradeLine]:
    return trade_lines(key, file) if file else iter(())


def fund_of(key: BillKey, file: BinaryIO | None) -> Iterator[FundLine]:
    return fund_lines(key, file) if file else iter(())
