"""A shop, its books in Postgres, and the channel's bills of them: reconciled by the real worker, look by look."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime
from hashlib import sha256
from io import BytesIO
from typing import Any
from uuid import UUID

import msgspec

from commands.ports import Answer, ChannelPayment
from commands.processes.todo import Point
from commands.use_case import Command
from domain.bill_lines import BillKey, FundLine, TradeLine
from domain.errors import Rejected
from domain.events.payment import PaymentCaptured
from domain.fees import channel_fee
from domain.ledger_entry import SHANGHAI
from domain.money import Money
from infra.bills.store import keep
from infra.delivery.connect import Connection
from infra.delivery.handlers import tags
from infra.processes.reconciling import Reconciling
from infra.recon.books import HANDLERS
from projections import PROJECTIONS
from projections.recorded import Recorded
from tests.in_memory import Cell
from tests.infra.bills.written import MCHID, fund_text, trade_text
from tests.shop import Shop

BEGAN = datetime(2026, 6, 1, 4, tzinfo=UTC)  # noon of the bill date in Shanghai
D = date(2026, 6, 1)
MORNING_AFTER = datetime(2026, 6, 2, 2, 30, tzinfo=UTC)


class Channel:
    """A payment channel that remembers what it was told to say."""

    def __init__(self) -> None:
        self.payments: dict[str, ChannelPayment] = {}
        self.asked: list[str] = []

    async def query(self, number: str) -> ChannelPayment:
        self.asked.append(number)
        return self.payments.get(number, ChannelPayment(number, "not_paid"))


class World:
    """`look()` projects what happened so far, and lets the worker look once."""

    def __init__(self, tx: Connection) -> None:
        self.tx = tx
        self.cell = Cell(BEGAN, paranoid=True)
        self.shop = Shop(self.cell)
        self.channel = Channel()
        self.projected = 0
        self.refused: list[str] = []
        self.worker = Reconciling(self, lambda tenant: self.channel, self, self, "cell_0")  # type: ignore[arg-type,return-value]

    # --- what the worker needs

    def now(self) -> datetime:
        return self.cell.at

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[Connection]:
        yield self.tx

    async def ask(self, point: Point, command: Command, *, mark: str = "") -> Answer:
        try:
            reply = self.cell.ask(command, by=f"process:{point.process}")
        except Rejected as no:
            self.refused.append(no.code)
            told = {"code": no.code, "facts": no.facts}
            return Answer(UUID(int=0), no.code, msgspec.json.encode(told), "", False)
        return Answer(UUID(int=0), "accepted", msgspec.json.encode(reply), "", False)

    # --- what happens

    def sells(self, who: Any) -> PaymentCaptured:
        bought = self.shop.buys_alone(who)
        self.shop.pays(bought.order_id)
        self.cell.wait(minutes=1)
        return self.captures()[-1]

    def captures(self) -> list[PaymentCaptured]:
        return [it.event for it in self.cell.log if isinstance(it.event, PaymentCaptured)]

    async def bills(
        self, lines: Sequence[TradeLine], funds: Sequence[FundLine], on: date = D
    ) -> None:
        """The channel's two files of the date are fetched."""
        for kind, account, text, held in (
            ("trade", "", trade_text(lines), bool(lines)),
            ("fundflow", "BASIC", fund_text(funds), bool(funds)),
        ):
            digest = sha256(text).hexdigest()
            await keep(self.tx, "acme", digest, BytesIO(text), self.cell.at)
            await self.tx.execute(
                "insert into bills.schedule (tenant, channel, mchid, kind, account, bill_date, state, sha256)"
                " values ('acme', 'wechatpay', %s, %s, %s, %s, %s, %s) on conflict"
                " (tenant, channel, mchid, kind, account, bill_date) do update set sha256 = excluded.sha256",
                (MCHID, kind, account, on, "have" if held else "absent", digest),
            )

    async def project(self) -> None:
        fresh = self.cell.log[self.projected :]
        recorded = [
            Recorded(n, it.event.at, "acme", it.stream, it.event)
            for n, it in enumerate(fresh, self.projected + 1)
        ]
        for projection in PROJECTIONS:
            wanted = tags(projection.interest)
            mine = [it for it in recorded if it.event.__struct_config__.tag in wanted]
            if mine:
                await projection.project(mine, self.tx)
        self.projected = len(self.cell.log)
        for handler in HANDLERS:
            await self.tx.execute(
                "insert into read.checkpoints (handler, cell, position) values (%s, 'cell_0', %s)"
                " on conflict (handler, cell) do update set position = excluded.position",
                (handler, self.projected),
            )

    async def look(self, times: int = 1) -> None:
        self.cell.at = max(self.cell.at, MORNING_AFTER)
        for _ in range(times):
            self.cell.wait(minutes=2)
            await self.project()
            await self.worker.look()
        await self.project()

    async def rows(self, query: Any, *values: Any) -> list[tuple[Any, ...]]:
        return await (await self.tx.execute(query, values)).fetchall()

    async def balance(self, account: str) -> int:
        query = "select coalesce(sum(debit_fen - credit_fen), 0)::bigint from read.ledger_lines_v2 where account = %s"
        return int((await self.rows(query, account))[0][0])


def billed(captures: Sequence[PaymentCaptured], on: date = D) -> list[TradeLine]:
    """The lines that the channel writes for them."""
    bill = BillKey("wechatpay", MCHID, "trade", on)
    return [
        TradeLine(
            bill, n, "pay", "SUCCESS", it.payment_id.hex, it.transaction_id, "", "", it.amount.fen,
            it.amount.fen, channel_fee("wechatpay", it.amount).fen, "", "", "CNY", "openid",
            it.paid_at.astimezone(SHANGHAI).replace(microsecond=0),
        )
        for n, it in enumerate(captures, 1)
    ]  # fmt: skip


def flowed(lines: Sequence[TradeLine], opening: int = 0, on: date = D) -> list[FundLine]:
    """What moved on the account by them, with the balance after each."""
    bill = BillKey("wechatpay", MCHID, "fundflow", on, "BASIC")
    made, balance = list[FundLine](), opening
    for line in lines:
        for name, fen in (("交易", line.settled_fen), ("扣除交易手续费", -line.fee_fen)):
            balance += fen
            made.append(
                FundLine(
                    bill, len(made) + 1, line.transaction_id, f"6000{len(made):06d}", "交易", name,
                    "in" if fen > 0 else "out", abs(fen), balance, "system", "", line.out_trade_no, line.at,
                )
            )  # fmt: skip
    return made


def stranger(n: int, at: datetime, fen: int = 12_90) -> TradeLine:
    """A payment that nobody here knows."""
    bill = BillKey("wechatpay", MCHID, "trade", D)
    return TradeLine(
        bill, n, "pay", "SUCCESS", f"stranger{n}", f"4299{n:024d}", "", "", fen, fen,
        channel_fee("wechatpay", Money(fen)).fen, "", "", "CNY", "openid", at.astimezone(SHANGHAI),
    )  # fmt: skip
