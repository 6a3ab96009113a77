"""A payment channel that does everything a channel may do to you, and keeps books that nobody can talk it out of."""

import random
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from commands.ports import ChannelInDoubt, ChannelRefund, ChannelRefused
from domain.money import Money
from tests.in_memory import Cell

SECOND = timedelta(seconds=1)


@dataclass
class Number:
    """One refund number in its books."""

    transaction: str
    fen: int
    state: str
    visible_at: datetime


class EnemyChannel:
    """`chaos` is the share of calls that go wrong; `ends` what becomes of refunds it has taken on."""

    name = "wechatpay"

    def __init__(
        self, cell: Cell, dice: random.Random, *, chaos: float = 0.5, ends: tuple[str, ...] = ()
    ) -> None:
        self.cell = cell
        self.dice = dice
        self.chaos = chaos
        self.ends = ends or ("succeeded",)
        self.numbers: dict[str, Number] = {}
        self.calls: list[str] = []

    async def refund(
        self,
        *,
        transaction_id: str,
        out_refund_no: str,
        amount: Money,
        total: Money,
        reason: str,
        before: datetime,
    ) -> ChannelRefund:
        if self.cell.at >= before:
            raise ChannelInDoubt("not sent: it is too late", "too_late")
        self.calls.append(out_refund_no)
        assert reason
        if self.dice.random() < self.chaos:
            self._refuse_or_vanish()
        known = self.numbers.get(out_refund_no)
        if known is None:
            late = timedelta(seconds=self.dice.choice((0, 0, 5, 25)))
            known = Number(transaction_id, amount.fen, "processing", self.cell.at + late)
            self.numbers[out_refund_no] = known
        assert (known.transaction, known.fen) == (transaction_id, amount.fen)
        if self.dice.random() < self.chaos:
            raise ChannelInDoubt("executed, and the answer was lost", "timeout")
        return self._told(out_refund_no)

    async def query_refund(self, out_refund_no: str) -> ChannelRefund:
        if self.dice.random() < self.chaos / 2:
            raise ChannelInDoubt("no answer", "http_502")
        known = self.numbers.get(out_refund_no)
        if known is None or self.cell.at < known.visible_at:
            return ChannelRefund(out_refund_no, "not_found")
        if known.state == "processing" and self.dice.random() < 0.7:
            known.state = self.dice.choice(self.ends)
        return self._told(out_refund_no)

    async def return_refund(
        self, *, channel_refund_id: str, out_refund_no: str, before: datetime
    ) -> ChannelRefund:
        self.numbers[out_refund_no].state = "processing"
        self.ends = ("succeeded",)
        return self._told(out_refund_no)

    def _refuse_or_vanish(self) -> None:
        kind = self.dice.choice(("before", "busy", "funds", "system"))
        if kind == "busy":
            raise ChannelRefused("FREQUENCY_LIMITED", "频率过高")
        if kind == "funds":
            raise ChannelRefused("NOT_ENOUGH", "余额不足")
        if kind == "system":
            raise ChannelInDoubt("maybe", "SYSTEM_ERROR")
        raise ChannelInDoubt("never arrived", "reset")

    def _told(self, number: str) -> ChannelRefund:
        known = self.numbers[number]
        state: Any = known.state
        return ChannelRefund(
            number, state, f"50{number[:10]}", known.transaction, Money(known.fen), "零钱", None
        )

    # --- what its books say -------------------------------------------------------------------

    def live(self, refund: str) -> list[str]:
        """The numbers of one refund under which money has gone or may go."""
        return [no for no, it in self.numbers.items() if no[:32] == refund and it.state != "closed"]

    def paid_back(self, transaction: str) -> int:
        """Fen of a transaction that have gone back, or are on their way."""
        every = self.numbers.values()
        return sum(it.fen for it in every if it.transaction == transaction and it.state != "closed")
