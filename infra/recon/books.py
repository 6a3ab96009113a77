"""Our side of a bill date, as the read models have it: rows that wait for their line, breaks that wait for theirs."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date, datetime, time, timedelta
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

from psycopg import AsyncConnection
from psycopg.rows import dict_row

from domain.bill_day_state import Key
from domain.bill_lines import BillKey, TradeLine
from domain.fund_flow import Payout
from domain.ids import BreakId
from domain.ledger_entry import SHANGHAI
from domain.matching_rows import RULES, Ahead, Known, Row
from projections import bill_days, breaks, clearing, ledger

HANDLERS: Final = (clearing.NAME, bill_days.NAME, breaks.NAME, ledger.NAME)
DAY: Final = timedelta(days=1)
OF_TRADE: Final = ("pay", "refund")
DEAD: Final = {"CLOSED": "closed", "ABNORMAL": "abnormal", "RETURNED": "abnormal", "PAID_ELSEWHERE": "abnormal", "SUCCEEDED": "succeeded"}  # fmt: skip

READY: LiteralString = """
select coalesce(min(position), -1), coalesce(sum(parked), 0) + count(halted)
from read.checkpoints where handler = any(%s) and cell = %s"""
DAY_ROW: LiteralString = """
select * from read.bill_days_v1
where (tenant, channel, mchid, bill_date) = (%(tenant)s, %(channel)s, %(mchid)s, %(date)s)"""
# What is open, what just follows midnight, what waits in suspense, and what this date's fund flow settled before.
ROWS: LiteralString = """
select c.*, case when b.closed is null then c.break_id end as held, r.status as refund_status
from read.clearing_v1 c
left join read.breaks_v1 b on b.break_id = c.break_id
left join read.refund_desk_v1 r on r.refund_id = c.refund_id
where c.tenant = %(tenant)s and c.channel = %(channel)s and (
  ((c.code is null or c.code = 'PENDING_CUTOFF') and (c.booked <= %(date)s
    or (c.booked = %(date)s + 1 and (c.kind not in ('pay', 'refund') or c.at < %(edge)s))))
  or (c.break_id is not null and b.closed is null and b.side = 'ledger')
  or (c.code = 'MATCHED' and c.bill_date = %(date)s and c.kind not in ('pay', 'refund')))"""
DONE: LiteralString = """
select side, line from read.bill_day_lines_v1
where (tenant, channel, mchid, bill_date) = (%(tenant)s, %(channel)s, %(mchid)s, %(date)s)
  and line is not null and (booked is null or side <> 'trade' or bill_id = %(bill)s or code = 'PENDING_CUTOFF')"""
PLACED: LiteralString = """
select line, bool_and(code = 'MATCHED' and break_id is null and number <> '') as plain
from read.bill_day_lines_v1 where (tenant, channel, mchid, bill_date) = (%(tenant)s, %(channel)s, %(mchid)s, %(date)s)
  and side = %(side)s and line = any(%(lines)s) group by line"""
WAITING: LiteralString = """
select l.line, l.booked from read.bill_day_lines_v1 l
where (l.tenant, l.channel, l.mchid) = (%(tenant)s, %(channel)s, %(mchid)s) and l.side = 'trade'
  and l.code = 'PENDING_CUTOFF' and l.waits_until >= %(date)s and l.bill_date < %(date)s
  and l.bill_date >= %(date)s - 3"""
AHEAD: LiteralString = """
select channel_number, net_fen from read.bill_day_lines_v1
where (tenant, channel, mchid) = (%(tenant)s, %(channel)s, %(mchid)s) and side = 'fund'
  and code = 'PENDING_CUTOFF' and waits_until = %(date)s and bill_date < %(date)s"""
HELD: LiteralString = """
select * from read.breaks_v1 where tenant = %(tenant)s and channel = %(channel)s and mchid = %(mchid)s
  and closed is null and side = 'trade' and ours is null and theirs is not null and line is not null"""
PAYOUTS: LiteralString = """
select reference, rule, sum(debit_fen - credit_fen)::bigint as fen from read.ledger_lines_v2
where tenant = %(tenant)s and account = '1121' and reference = any(%(numbers)s) group by reference, rule"""
KNOWN: LiteralString = """
select l.id, l.kind, l.order_id, o.status, c.kind as cleared
from read.lookup_v1 l
left join read.order_status_v2 o on o.order_id = l.order_id
left join read.clearing_v1 c on c.tenant = l.tenant and (c.number = l.id or c.channel_number = l.id)
where l.tenant = %(tenant)s and l.id = any(%(numbers)s)"""
BOOKED: LiteralString = """
select coalesce(sum(debit_fen - credit_fen) filter (where account = '1120' and sub_key = %(clearing)s), 0)::bigint,
  coalesce(sum(debit_fen - credit_fen) filter (where account = '1121' and value_date <= %(date)s), 0)::bigint
from read.ledger_lines_v2 where tenant = %(tenant)s and ((account = '1120' and sub_key = %(clearing)s)
  or (account = '1121' and sub_key in (%(available)s, %(frozen)s)))"""
LATE: LiteralString = """
select c.*, (select max(x.bill_date) + 1 from read.bill_days_v1 x where (x.tenant, x.channel, x.mchid) =
  (%(tenant)s, %(channel)s, %(mchid)s) and x.closed_at is not null) as next_date
from read.clearing_v1 c join read.bill_days_v1 d on (d.tenant, d.channel, d.bill_date) = (c.tenant, c.channel, c.booked)
where c.tenant = %(tenant)s and c.channel = %(channel)s and d.mchid = %(mchid)s and d.closed_at is not null
  and c.code is null order by c.position limit 100"""
UNWITNESSED: LiteralString = """
select c.refund_id, c.number, c.bill_line from read.clearing_v1 c join read.refund_desk_v1 r on r.refund_id = c.refund_id
where c.tenant = %(tenant)s and c.channel = %(channel)s and c.kind = 'refund' and c.code = 'MATCHED'
  and c.bill_date = %(date)s and c.bill_line is not null and r.bill_sha256 is null"""
OPEN_BREAKS: LiteralString = """
select * from read.breaks_v1
where (tenant, channel, mchid, bill_date) = (%(tenant)s, %(channel)s, %(mchid)s, %(date)s) and closed is null"""
# Of a closed date as well: what nothing is in suspense for closes nothing, and waits for its cause to go.
UNFINISHED_BREAKS: LiteralString = """
select * from read.breaks_v1 where (tenant, channel, mchid) = (%(tenant)s, %(channel)s, %(mchid)s)
  and bill_date <= %(date)s and closed is null order by opened_at, break_id"""


class Waiting(NamedTuple):
    """Our side: rows of payments and refunds, and those that only the fund flow shows."""

    rows: list[Row]
    fund_rows: list[Row]


class Books:
    """One account's read models, over one connection."""

    def __init__(self, conn: AsyncConnection[Any], tenant: str, key: Key) -> None:
        self._conn = conn
        self._key = key
        midnight = datetime.combine(key.date + DAY, time(), SHANGHAI)
        self._of: dict[str, Any] = key._asdict() | {
            "tenant": tenant,
            "edge": midnight + RULES.midnight,
        }

    async def rows(self, query: LiteralString, **more: Any) -> list[dict[str, Any]]:
        cursor = self._conn.cursor(row_factory=dict_row)
        return await (await cursor.execute(query, self._of | more)).fetchall()

    async def day(self, on: date) -> dict[str, Any] | None:
        found = await self.rows(DAY_ROW, date=on)
        return found[0] if found else None

    async def waiting(self) -> Waiting:
        found = [row_of(each) for each in await self.rows(ROWS)]
        trade = [row for row in found if row.kind in OF_TRADE]
        return Waiting(trade, [row for row in found if row.kind not in OF_TRADE])

    async def done(self, bill: UUID | None) -> Mapping[str, frozenset[int]]:
        """Lines of this date's bills that have their place already."""
        found = await self.rows(DONE, bill=bill)
        return {
            side: frozenset(row["line"] for row in found if row["side"] == side)
            for side in ("trade", "fund")
        }

    async def placed(self, side: str, lines: Iterable[int]) -> dict[int, bool]:
        """Of lines that have their place, whether they were simply matched."""
        found = await self.rows(PLACED, side=side, lines=list(lines))
        return {row["line"]: row["plain"] for row in found}

    async def carried(self) -> dict[date, set[int]]:
        """Lines of earlier bills that wait for a row."""
        places: dict[date, set[int]] = {}
        for row in await self.rows(WAITING):
            places.setdefault(row["booked"], set()).add(row["line"])
        return places

    async def suspended(self) -> list[tuple[TradeLine, BreakId]]:
        """Lines whose money is in suspense, as their breaks tell them."""
        return [
            (line_of(row, self._key), BreakId(row["break_id"])) for row in await self.rows(HELD)
        ]

    async def ahead(self) -> list[Ahead]:
        return [Ahead(row["channel_number"], row["net_fen"]) for row in await self.rows(AHEAD)]

    async def payouts(self, numbers: Iterable[str]) -> dict[str, Payout]:
        """Payouts that the ledger has taken out of what the channel holds, and those that came back."""
        made: dict[str, Payout] = {}
        for row in await self.rows(PAYOUTS, numbers=list(numbers)):
            back = row["fen"] > 0
            known = made.get(row["reference"])
            if known is None or back:
                made[row["reference"]] = Payout(
                    abs(row["fen"]), "returned" if back else "confirmed"
                )
        return made

    async def known(self, numbers: Iterable[str]) -> dict[str, Known]:
        """What is under these numbers that is in no row we hold here."""
        written = {number.lower(): number for number in numbers}  # as the look-up keeps them
        found = known_of(await self.rows(KNOWN, numbers=list(written)))
        return {written[number]: it for number, it in found}

    async def booked(self) -> tuple[int, int]:
        """Clearing of this date, and what the channel should hold at its end."""
        channel = self._key.channel
        places = {
            "clearing": f"{channel} {self._key.date}",
            "available": f"{channel} available",
            "frozen": f"{channel} frozen",
        }
        found = await (await self._conn.execute(BOOKED, self._of | places)).fetchone()
        assert found is not None
        return int(found[0]), int(found[1])


async def readiness(conn: AsyncConnection[Any], cell: str) -> tuple[int, bool]:
    """How far the slowest of the read models is, and whether nothing of them is parked or halted."""
    row = await (await conn.execute(READY, (list(HANDLERS), cell))).fetchone()
    assert row is not None
    return int(row[0]), not row[1]


def row_of(it: dict[str, Any]) -> Row:
    status = it["refund_status"] or ""
    return Row(
        kind=it["kind"],
        number=it["number"],
        channel_number=it["channel_number"],
        amount_fen=it["amount_fen"],
        fee_fen=it["fee_fen"],
        booked=it["booked"],
        at=it["at"],
        status=DEAD.get(status, "processing") if status else "",
        order_id=it["order_id"],
        refund_id=it["refund_id"],
        held=BreakId(it["held"]) if it["held"] else None,
    )


def line_of(it: dict[str, Any], key: Key) -> TradeLine:
    """The line of an earlier bill, from what its break says of it."""
    said, pay = it["theirs"], it["kind"] == "pay"
    at = datetime.fromisoformat(said["at"]) if said["at"] else it["opened_at"]
    return TradeLine(
        bill=BillKey(key.channel, key.mchid, "trade", it["bill_date"]),
        line=it["line"],
        kind=it["kind"],
        status=said["status"] if pay else "REFUND",
        out_trade_no=it["number"] if pay else "",
        transaction_id=it["channel_number"] if pay else "",
        out_refund_no="" if pay else it["number"],
        channel_refund_id="" if pay else it["channel_number"],
        amount_fen=said["amount"]["fen"],
        settled_fen=said["amount"]["fen"],
        fee_fen=said["fee"]["fen"],
        refund_status="" if pay else said["status"],
        sub_mchid=said["merchant"],
        currency=said["currency"],
        payer="",
        at=at,
    )


def known_of(rows: Iterable[dict[str, Any]]) -> Iterator[tuple[str, Known]]:
    for row in sorted(rows, key=lambda row: row["cleared"] is not None):
        if row["kind"] in ("refund", "out_refund_no", "refund_number"):
            yield row["id"], Known("captured" if row["cleared"] else "asked", row["order_id"])
        elif row["cleared"]:
            yield row["id"], Known("captured", row["order_id"])
        else:
            over = row["status"] in ("CLOSED", "CLOSING")
            yield row["id"], Known("closed" if over else "unpaid", row["order_id"])
