"""A log to deliver: what shoppers did in the in-memory cell, appended to a real one as the engine would."""

import random
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import psycopg

from commands.approve_correction import ApproveCorrection
from commands.billing import BillOf, FileOf
from commands.engine.chain import event_hash
from commands.propose_adjustment import ProposeAdjustment
from commands.propose_correction import ProposeCorrection
from commands.record_bill import RecordBill
from commands.record_no_bill import RecordNoBill
from domain.bill_lines import TradeSums
from domain.errors import Rejected
from domain.events.correction import Correction, CorrectionLine
from domain.events.order import OrderReadied
from domain.ids import UserId
from tests.builders import NOON
from tests.in_memory import Cell
from tests.payouts import pay_out
from tests.recon_desk import Recon
from tests.settlement import MAKER, Finance
from tests.shop import Shop

INSERT = """
insert into cell_0.events (position, epoch, tenant, category, stream_id, version, type, data, command_id,
  recorded_at, hash)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)"""
LAST = "select position, hash from cell_0.events order by position desc limit 1"
VERSION = "select coalesce(max(version), 0) from cell_0.events where stream_id = %s"
FORGET = """
set session_replication_role = replica;
delete from cell_0.events where position > {0};
delete from cell_0.commands where seq > {0};
set session_replication_role = origin"""


class Fact(NamedTuple):
    """One event to append. `raw` replaces its bytes, `type` its name: for events no code can read."""

    category: str
    stream: UUID
    event: Any
    raw: bytes | None = None
    type: str = ""


class History:
    """The log of cell_0 in one database."""

    def __init__(self, dsn: str) -> None:
        self.conn = psycopg.connect(dsn, autocommit=True)

    def append(self, facts: Sequence[Fact], *, tenant: str = "acme", epoch: int = 1) -> int:
        """One commit; returns the position of the last event."""
        position, hash = self.conn.execute(LAST).fetchone() or (0, b"\0" * 32)
        versions: dict[UUID, int] = {}
        rows = []
        for fact in facts:
            position += 1
            if fact.stream not in versions:
                found = self.conn.execute(VERSION, (fact.stream,)).fetchone()
                versions[fact.stream] = found[0] if found else 0
            version = versions[fact.stream] = versions[fact.stream] + 1
            kind = fact.type or fact.event.__struct_config__.tag
            data = fact.raw if fact.raw is not None else msgspec.json.encode(fact.event)
            at: datetime = getattr(fact.event, "at", NOON)
            hash = event_hash(
                *(hash, position, epoch, tenant, fact.category, fact.stream, version, kind, data),
                b"\1" * 32,
            )
            command = UUID(int=position)
            rows.append(
                (
                    position,
                    epoch,
                    tenant,
                    fact.category,
                    fact.stream,
                    version,
                    kind,
                    data,
                    command,
                    at,
                    hash,
                )
            )
        with self.conn.transaction(), self.conn.cursor() as cursor:
            cursor.executemany(INSERT, rows)
        return int(position)

    def forget_after(self, position: int) -> None:
        """What a failover to a replica that lagged leaves behind."""
        self.conn.execute(FORGET.format(int(position)))

    @property
    def head(self) -> int:
        row = self.conn.execute(LAST).fetchone()
        return int(row[0]) if row else 0

    def rows(self, query: str, *values: Any) -> list[tuple[Any, ...]]:
        """Look at anything."""
        return self.conn.execute(query, values).fetchall()


def cell_of(tenant: str) -> Cell:
    """A cell in memory whose ids no other tenant's cell mints."""
    cell = Cell(tenant=tenant)
    cell.asked = int.from_bytes(tenant.encode()[:6]) << 40
    return cell


def facts_of(cell: Cell) -> list[Fact]:
    """Everything that happened there."""
    return [Fact(one.category, one.stream, one.event) for one in cell.log]


def world(seed: int, *, groups: int, tenant: str = "acme") -> list[Fact]:
    """What `groups` groups and as many lone buyers did: most succeed, some fail, are cancelled or paid late.

    What lone buyers bought is earned, stated and paid out to the merchant.
    """
    dice = random.Random(seed)
    cell = cell_of(tenant)
    shop = Shop(cell, stock=20 * groups, allotment=10 * groups)
    finance = Finance(cell, shop)
    finance.signs(settle_days=0)
    finance.collects()
    buyers = iter(range(1, 10**9))
    for _ in range(groups):  # a campaign of a week has time for a few hundred
        try:
            play(shop, dice, buyers)
        except Rejected:
            continue  # a shopper was refused; life goes on
        cell.wait(minutes=dice.choice((1, 5, 30)))
    settle(finance)
    cell.wait(until=cell.at + timedelta(days=2))
    shop.follows_up()
    shop.repays(seen="processing")
    gives_bills(cell)
    puts_right(cell)
    Recon(cell).finds_a_gap()
    for n in range(groups):
        pay_out(cell, n)
    return facts_of(cell)


def puts_right(cell: Cell) -> None:
    """Finance wants an entry of the books corrected, and another person agrees."""
    lines = CorrectionLine("5910", "x", 1, 0), CorrectionLine("5010", "wechatpay", 0, 1)
    wish = cell.ask(ProposeCorrection((Correction(UUID(int=1), lines),), "a fen"), by="ann")
    cell.ask(ApproveCorrection(wish.correction_id, wish.shown), by="bob")


def gives_bills(cell: Cell) -> None:
    """The channel gives a bill of one day, restates it, and has none of the next."""
    day = cell.at.date()
    bill = BillOf("wechatpay", "1900007291", "trade", day)
    for digit in "ab":
        file = FileOf(digit * 64, f"sha1:{digit * 40}", 300)
        cell.ask(RecordBill(bill, file, 1, 0, TradeSums(1, 990, 0, 0, 6)))
    cell.ask(RecordNoBill(msgspec.structs.replace(bill, date=day + timedelta(days=1))))


def settle(finance: Finance) -> None:
    """Whoever bought alone has bought; one merchant's order is to be adjusted."""
    ready = finance.cell.happened(OrderReadied)
    for event in ready:
        finance.earns(event.order_id)
    if ready:
        finance.cell.ask(ProposeAdjustment(ready[0].order_id, 100, "赔付"), by=MAKER)


def play(shop: Shop, dice: random.Random, buyers: Any) -> None:
    """One group with its members, and one purchase alone."""

    def buyer() -> UserId:
        return UserId(UUID(int=next(buyers)))

    opened = shop.opens_and_pays(buyer())
    for _ in range(dice.choice((1, 2, 2, 2))):
        joined = shop.joins(buyer(), opened.group_id)
        match dice.choice(("pays", "pays", "pays", "cancels", "forgets", "late")):
            case "pays":
                shop.pays(joined.order_id)
            case "cancels":
                shop.cancels(joined.order_id)
            case "late":
                shop.starts_paying(joined.order_id)
                shop.cell.wait(minutes=20)
                shop.pays(joined.order_id, paid_at=shop.cell.at)
    shop.pays(shop.buys_alone(buyer()).order_id)
