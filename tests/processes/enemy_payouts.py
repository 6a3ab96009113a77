"""A channel that does everything a channel may do to transfers, and keeps books that nobody can talk it out of."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from commands.ports import ChannelInDoubt, ChannelPayout, ChannelRefused
from domain.money import Money
from tests.in_memory import Cell


@dataclass
class Bill:
    """One number in its books."""

    fen: int
    payee: str
    state: str
    visible_at: datetime
    code: str = ""


class EnemyPayouts:
    """`chaos` is the share of calls that go wrong; `ends` what becomes of transfers it has taken on."""

    name = "wechatpay"

    def __init__(
        self, cell: Cell, dice: random.Random, *, chaos: float = 0.5, ends: tuple[str, ...] = ()
    ) -> None:
        self.cell = cell
        self.dice = dice
        self.chaos = chaos
        self.ends = ends or ("confirmed",)
        self.bills: dict[str, Bill] = {}
        self.calls: list[str] = []

    async def pay_out(
        self, *, number: str, amount: Money, payee: str, note: str, before: datetime
    ) -> ChannelPayout:
        if self.cell.at >= before:
            raise ChannelInDoubt("not sent: it is too late", "too_late")
        self.calls.append(number)
        assert note
        if self.dice.random() < self.chaos:
            self._refuse_or_vanish()
        if number not in self.bills:
            late = timedelta(seconds=self.dice.choice((0, 0, 5, 25)))
            self.bills[number] = Bill(amount.fen, payee, "processing", self.cell.at + late)
        assert (self.bills[number].fen, self.bills[number].payee) == (amount.fen, payee)
        if self.dice.random() < self.chaos:
            raise ChannelInDoubt("executed, and the answer was lost", "timeout")
        return self._told(number)

    async def query_payout(self, number: str) -> ChannelPayout:
        if self.dice.random() < self.chaos / 2:
            raise ChannelInDoubt("no answer", "http_502")
        known = self.bills.get(number)
        if known is None or self.cell.at < known.visible_at:
            return ChannelPayout(number, "not_found")
        if known.state in ("processing", "awaiting_payee") and self.dice.random() < 0.5:
            known.state = self.dice.choice((*self.ends, "awaiting_payee"))
            known.code = "OVERDUE_CLOSE" if known.state == "failed" else ""
        return self._told(number)

    def _refuse_or_vanish(self) -> None:
        kind = self.dice.choice(("before", "busy", "funds", "system"))
        if kind == "busy":
            raise ChannelRefused("FREQUENCY_LIMITED", "频率过高")
        if kind == "funds":
            raise ChannelRefused("NOT_ENOUGH", "余额不足")
        if kind == "system":
            raise ChannelInDoubt("maybe", "SYSTEM_ERROR")
        raise ChannelInDoubt("never arrived", "reset")

    def _told(self, number: str) -> ChannelPayout:
        known = self.bills[number]
        state: Any = known.state
        return ChannelPayout(number, state, f"13{number[:10]}", Money(known.fen), known.code)

    # --- what its books say -------------------------------------------------------------------

    def live(self, of: set[str]) -> list[str]:
        """The numbers among these under which money has gone or may go."""
        return [number for number in of if number in self.bills and self._may_pay(number)]

    def paid(self) -> int:
        return sum(bill.fen for bill in self.bills.values() if bill.state == "confirmed")

    def _may_pay(self, number: str) -> bool:
        return self.bills[number].state != "failed"
