"""The write API with a cashier: a payment channel and a vault that a test can see into."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx
import msgspec

from commands.api.notifications import notification_route
from commands.api.openapi import ApiRoute
from commands.api.payments import Cashier, payment_route
from commands.ports import (
    Answer,
    BadNotification,
    ChannelBalance,
    ChannelPayment,
    ChannelRefund,
    Submission,
)
from commands.record_prepay import RecordedPrepay
from commands.start_payment import StartedPayment
from domain.ids import PaymentId
from domain.money import Money
from tests.api.edge import NOON, ORDER, Edge, accepted

OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
PAYMENT = PaymentId(UUID("0193535a-0000-7000-8000-0000000000f1"))
STARTED = StartedPayment(PAYMENT, PAYMENT.hex, 1990, "苹果 5 斤", NOON + timedelta(minutes=15))
BODY = {"order_id": ORDER, "channel": "wechatpay", "openid": OPENID}
CAPTURED = ChannelPayment(PAYMENT.hex, "paid", "4200001", Money(1990), NOON)


class WeChat:
    """A channel in memory: `trouble` is what it raises next."""

    name = "wechatpay"

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.trouble: Exception | None = None
        self.says: ChannelPayment | ChannelRefund = CAPTURED
        self.answers = CAPTURED
        self.asked_about: list[str] = []

    async def prepare(self, **asked: Any) -> str:
        self.asked.append(asked)
        if self.trouble is not None:
            raise self.trouble
        return f"wx{len(self.asked)}"

    def client_parameters(self, prepay_id: str) -> Mapping[str, str]:
        return {"package": f"prepay_id={prepay_id}"}

    async def query(self, out_trade_no: str) -> ChannelPayment:
        self.asked_about.append(out_trade_no)
        if self.trouble is not None:
            raise self.trouble
        return self.answers

    async def close(self, out_trade_no: str) -> None:
        return None

    async def refund(self, **asked: Any) -> ChannelRefund:
        raise NotImplementedError

    async def query_refund(self, out_refund_no: str) -> ChannelRefund:
        raise NotImplementedError

    async def return_refund(self, **asked: Any) -> ChannelRefund:
        raise NotImplementedError

    async def balance(self) -> ChannelBalance:
        raise NotImplementedError

    def read_notification(
        self, headers: Mapping[str, str], body: bytes
    ) -> ChannelPayment | ChannelRefund:
        if headers["wechatpay-signature"] != "good":
            raise BadNotification("signature")
        return self.says


class Sealing:
    """Seals differently each time, as the real one does."""

    count = 0

    async def seal(self, tenant: str, subject: str, plaintext: str) -> str:
        self.count += 1
        return f"sealed-{self.count}-for-{subject}"

    async def unseal(self, tenant: str, sealed: str) -> str:
        raise NotImplementedError


class Shop:
    """The edge with a cashier."""

    def __init__(self) -> None:
        self.edge = Edge()
        self.channel = WeChat()
        self.edge.engine.decide = decided
        self.cashier = Cashier(self, Sealing())

    def find(self, tenant: str, name: str) -> WeChat | None:
        return self.channel if (tenant, name) == ("demo", "wechatpay") else None

    def routes(self) -> tuple[ApiRoute, ...]:
        counter, cashier = self.edge.counter, self.cashier
        return payment_route(counter, cashier), notification_route(counter, cashier)

    async def pay(self, body: Any = BODY, key: str = "k1", **more: Any) -> httpx.Response:
        return await self.edge.post("/v1/payments", body, key=key, others=self.routes(), **more)

    async def notify(
        self, path: str = "/v1/notifications/wechatpay/demo", signature: str = "good"
    ) -> httpx.Response:
        async with self.edge.client(*self.routes()) as client:
            headers = {"Wechatpay-Signature": signature}
            return await client.post(path, content=b"{}", headers=headers)

    def submitted(self, name: str) -> list[Submission]:
        return [one for one in self.edge.engine.got if one.name == name]


def decided(submission: Submission) -> Answer:
    replies = {
        "start_payment": msgspec.json.encode(STARTED),
        "record_prepay": msgspec.json.encode(RecordedPrepay(PAYMENT)),
        "record_capture": b"{}",
        "hear_refund": b"{}",
    }
    return accepted(submission, replies[submission.name])
