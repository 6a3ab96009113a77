"""A worker's world in memory: what it asked for, and a channel that answers from a script."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from commands.ports import (
    Answer,
    BadNotification,
    ChannelBalance,
    ChannelPayment,
    ChannelRefund,
    PaymentChannel,
    PayoutChannel,
)
from commands.processes.todo import Point
from commands.split_ports import SplitChannel
from commands.use_case import Command
from domain.money import Money
from tests.builders import NOON


class FakeTools:
    """`commands.processes.todo.Tools`."""

    def __init__(
        self,
        channel: "ScriptedChannel | None" = None,
        outcome: str = "accepted",
        reply: bytes = b"{}",
    ) -> None:
        self.asked: list[Command] = []
        self._channel = channel
        self._outcome = outcome
        self._reply = reply

    async def ask(self, point: Point, command: Command, *, mark: str = "") -> Answer:
        self.asked.append(command)
        return Answer(UUID(int=1), self._outcome, self._reply, "cell_0.1.1", False)

    def channel(self, tenant: str) -> PaymentChannel | None:
        return self._channel

    def payouts(self, tenant: str) -> PayoutChannel | None:
        raise AssertionError("closing pays nobody out")

    def splits(self, tenant: str) -> SplitChannel | None:
        raise AssertionError("closing shares nothing out")

    async def unseal(self, tenant: str, sealed: str) -> str:
        raise AssertionError("closing reads nothing sealed")

    def pause(self, tenant: str) -> datetime | None:
        return None

    def now(self) -> datetime:
        return NOON

    def new_id(self) -> UUID:
        return UUID(int=2)


class ScriptedChannel:
    """Answers each query with the next of `answers`, an exception by raising it; notes what was called."""

    name = "wechatpay"

    def __init__(
        self, *answers: ChannelPayment | Exception, closing: Exception | None = None
    ) -> None:
        self._answers = list(answers)
        self._closing = closing
        self.calls: list[str] = []

    async def query(self, out_trade_no: str) -> ChannelPayment:
        self.calls.append("query")
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    async def close(self, out_trade_no: str) -> None:
        self.calls.append("close")
        if self._closing is not None:
            raise self._closing

    async def prepare(
        self,
        *,
        out_trade_no: str,
        amount: Money,
        payer: str,
        description: str,
        expires_at: datetime,
    ) -> str:
        raise AssertionError("closing announces nothing")

    def client_parameters(self, prepay_id: str) -> Mapping[str, str]:
        raise AssertionError("closing signs nothing")

    def read_notification(self, headers: Mapping[str, str], body: bytes) -> ChannelPayment:
        raise BadNotification("closing is told nothing")

    async def refund(self, **asked: Any) -> ChannelRefund:
        raise AssertionError("closing refunds nothing")

    async def query_refund(self, out_refund_no: str) -> ChannelRefund:
        raise AssertionError("closing refunds nothing")

    async def return_refund(self, **asked: Any) -> ChannelRefund:
        raise AssertionError("closing refunds nothing")

    async def balance(self) -> ChannelBalance:
        raise AssertionError("closing costs nothing")
