"""Writes bills, and remembers who may fetch them.

A bill is written anew from the books whenever it is asked for, so what was changed since gives another file.
Texts are kept beside the books by their digest while their address is good.
"""

import asyncio
import secrets
import sqlite3
from contextlib import closing
from datetime import datetime, timedelta
from hashlib import sha1
from pathlib import Path
from typing import Final, NamedTuple

import msgspec

from commands.ports import Clock
from infra.simulator.wechatpay.bill_books import BillPlan, Wanted, lines, written_at
from infra.simulator.wechatpay.bill_text import FUND, TRADE, Change, written
from infra.simulator.wechatpay.books import Books
from infra.simulator.wechatpay.protocol import BEIJING, No, Refused

KEPT: Final = timedelta(days=92)  # about three months
LIVES: Final = timedelta(minutes=5)  # an address of a text
SHAPES: Final = {"trade": TRADE, "fundflow": FUND}

CREATING = No(
    400, "STATEMENT_CREATING", "账单生成中，请先检查当前商户号在指定日期内是否有成功的交易"
)
NOTHING = No(400, "NO_STATEMENT_EXIST", "请检查当前商户号是否在指定日期内有成功的交易")
TOO_EARLY = No(400, "INVALID_REQUEST", "账单日期不能为当日或未来")
TOO_LATE = No(400, "INVALID_REQUEST", "仅支持三个月内的账单下载申请")
STALE = No(400, "INVALID_REQUEST", "下载地址已失效")

PLAN = "SELECT plan FROM bill_plans ORDER BY seq DESC LIMIT 1"
CHANGES = """
SELECT act, number, wanted FROM bill_changes
WHERE mchid = ? AND kind = ? AND bill_date = ? ORDER BY seq
"""


class Copy(NamedTuple):
    """A text that may be fetched for a while."""

    mchid: str
    file: Path
    zipped: bool
    until: datetime


class BillPress:
    """Prints on request."""

    def __init__(self, books: Books, books_path: Path, clock: Clock) -> None:
        self._books = books
        self._books_path = books_path
        self._directory = books_path.parent / f"{books_path.stem}.bills"
        self._clock = clock
        self._copies: dict[str, Copy] = {}

    def plan(self) -> BillPlan:
        """What is in force."""
        rows = self._books.read(PLAN)
        return msgspec.json.decode(rows[0]["plan"], type=BillPlan) if rows else BillPlan()

    async def write(self, wanted: Wanted, zipped: bool) -> tuple[str, str]:
        """The SHA-1 of the text, and the token to fetch it with. Raises: Refused."""
        plan, now = self.plan(), self._clock.now()
        today = now.astimezone(BEIJING).date()
        if wanted.day >= today:
            raise Refused(TOO_EARLY)
        if wanted.day < today - KEPT:
            raise Refused(TOO_LATE)
        if now < written_at(plan, wanted):
            raise Refused(CREATING)
        file = await asyncio.to_thread(self._print, plan, wanted)
        if file is None:
            raise Refused(NOTHING)
        self._copies = {token: copy for token, copy in self._copies.items() if copy.until > now}
        token = secrets.token_urlsafe(32)
        self._copies[token] = Copy(wanted.mchid, file, zipped, now + LIVES)
        return file.stem, token

    def copy(self, token: str, mchid: str) -> Copy:
        """Raises: Refused."""
        copy = self._copies.get(token)
        if copy is None or copy.mchid != mchid or copy.until <= self._clock.now():
            raise Refused(STALE)
        return copy

    def _print(self, plan: BillPlan, wanted: Wanted) -> Path | None:
        """The file of the text, named by its digest; None when there is no line. Runs in a thread."""
        self._directory.mkdir(exist_ok=True)
        fresh = self._directory / f".{secrets.token_hex(8)}"
        digest, count = sha1(usedforsecurity=False), 0
        try:
            with self._open() as books, fresh.open("xb") as text:
                asked = (wanted.mchid, wanted.kind, str(wanted.day))
                changes = [
                    Change(row["act"], row["number"], msgspec.json.decode(row["wanted"]))
                    for row in books.execute(CHANGES, asked)
                ]
                for line in written(lines(books, plan, wanted), SHAPES[wanted.kind], changes):
                    digest.update(line)
                    text.write(line)
                    count += 1
            if count == len(("heading", "heading of the sums", "sums")):
                return None
            return fresh.rename(self._directory / f"{digest.hexdigest()}.csv")
        finally:
            fresh.unlink(missing_ok=True)

    def _open(self) -> closing[sqlite3.Connection]:
        books = sqlite3.connect(f"file:{self._books_path}?mode=ro", uri=True)
        books.row_factory = sqlite3.Row
        return closing(books)
