"""The WeChat Pay v3 adapter of the `PaymentChannel` port: JSAPI orders and refunds of one merchant account."""

import secrets
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from types import TracebackType
from typing import Self
from urllib.parse import quote

import msgspec

from commands.ports import (
    ChannelBalance,
    ChannelInDoubt,
    ChannelPayment,
    ChannelRefund,
    ChannelRefused,
    Clock,
)
from domain.money import Money
from infra.wechatpay.bills import WeChatBills
from infra.wechatpay.client import Answer, Client
from infra.wechatpay.credentials import Merchant
from infra.wechatpay.notification import NotificationReader
from infra.wechatpay.platform_keys import PlatformKeys
from infra.wechatpay.profitsharing import ProfitSharing
from infra.wechatpay.refunds import read_balance, read_refund
from infra.wechatpay.signature import Signer, Verifier
from infra.wechatpay.transaction import Foreign, read_transaction
from infra.wechatpay.transfers import Transfers

ORDERS = "/v3/pay/transactions"
REFUNDS = "/v3/refund/domestic/refunds"
BALANCE = "/v3/merchant/fund/balance/BASIC"
DESCRIPTION_MAX = 127  # characters
REASON_MAX = 80  # characters
TIMEOUT_SECONDS = 8.0
BEIJING = timezone(timedelta(hours=8))
UNKNOWN_ORDER = frozenset({"ORDER_NOT_EXIST", "ORDERNOTEXIST"})
UNKNOWN_REFUND = frozenset({"RESOURCE_NOT_EXISTS", "REFUND_NOT_EXISTS"})
ALREADY_CLOSED = "ORDER_CLOSED"


class Prepared(msgspec.Struct):
    prepay_id: str


class WeChatPay(Transfers, ProfitSharing):
    """`commands.ports.PaymentChannel`, `PayoutChannel` and `SplitChannel`. Use it as an async context manager: leaving closes connections."""

    name = "wechatpay"

    def __init__(
        self,
        merchant: Merchant,
        *,
        base_url: str,
        notify_url: str,
        clock: Clock,
        timeout_seconds: float = TIMEOUT_SECONDS,
    ) -> None:
        self._keys = PlatformKeys(merchant)
        verifier = Verifier(self._keys)
        self._account = merchant.account
        self._notify_url = notify_url
        self._clock = clock
        self._signer = Signer(merchant)
        self._client = Client(base_url, self._signer, verifier, clock, timeout_seconds)
        self.bills = WeChatBills(merchant.account.mchid, self._client)
        self._notifications = NotificationReader(merchant, verifier, clock)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._client.close()

    async def prepare(
        self,
        *,
        out_trade_no: str,
        amount: Money,
        payer: str,
        description: str,
        expires_at: datetime,
    ) -> str:
        """Order the payment. The same arguments give the same words, as repeating it demands."""
        answer = await self._client.post(
            f"{ORDERS}/jsapi",
            {
                "appid": self._account.appid,
                "mchid": self._account.mchid,
                "description": description[:DESCRIPTION_MAX],
                "out_trade_no": out_trade_no,
                "time_expire": expires_at.astimezone(BEIJING).isoformat(timespec="seconds"),
                "notify_url": self._notify_url,
                "amount": {"total": amount.fen, "currency": "CNY"},
                "payer": {"openid": payer},
            },
        )
        try:
            return msgspec.json.decode(answer.body, type=Prepared).prepay_id
        except msgspec.DecodeError as unreadable:
            raise ChannelInDoubt(f"unreadable answer: {unreadable}") from unreadable

    def client_parameters(self, prepay_id: str) -> Mapping[str, str]:
        """The arguments of the client's `requestPayment`."""
        timestamp, nonce = str(int(self._clock.now().timestamp())), secrets.token_hex(16)
        package = f"prepay_id={prepay_id}"
        return {
            "appId": self._account.appid,
            "timeStamp": timestamp,
            "nonceStr": nonce,
            "package": package,
            "signType": "RSA",
            "paySign": self._signer.sign(self._account.appid, timestamp, nonce, package),
        }

    async def query(self, out_trade_no: str) -> ChannelPayment:
        """What the channel says about this number now. `not_found` is no proof that it never will know it."""
        try:
            answer = await self._client.get(
                f"{ORDERS}/out-trade-no/{quote(out_trade_no, safe='')}?mchid={self._account.mchid}"
            )
        except ChannelRefused as refused:
            if refused.code in UNKNOWN_ORDER:
                return ChannelPayment(out_trade_no, "not_found")
            raise
        try:
            payment = read_transaction(answer.body, self._account)
        except Foreign as foreign:
            raise ChannelInDoubt(str(foreign)) from foreign
        if payment.out_trade_no != out_trade_no:
            raise ChannelInDoubt(f"asked about {out_trade_no}, told about {payment.out_trade_no}")
        return payment

    async def close(self, out_trade_no: str) -> None:
        """End it. Query first: a number that was closed before it was ordered can never be ordered."""
        try:
            answer = await self._client.post(
                f"{ORDERS}/out-trade-no/{quote(out_trade_no, safe='')}/close",
                {"mchid": self._account.mchid},
            )
        except ChannelRefused as refused:
            if refused.code == ALREADY_CLOSED:
                return
            raise
        if answer.status != 204:
            raise ChannelInDoubt(f"closing was answered {answer.status}", f"http_{answer.status}")

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
        """Have money sent back. The same arguments give the same words, as repeating it demands."""
        wanted = {
            "transaction_id": transaction_id,
            "out_refund_no": out_refund_no,
            "reason": reason[:REASON_MAX],
            "notify_url": self._notify_url,
            "amount": {"refund": amount.fen, "total": total.fen, "currency": "CNY"},
        }
        told = told_of(out_refund_no, await self._client.move_money(REFUNDS, wanted, before))
        if told.transaction_id != transaction_id:
            raise ChannelInDoubt(f"{out_refund_no} is a refund of {told.transaction_id}")
        return told

    async def query_refund(self, out_refund_no: str) -> ChannelRefund:
        """What the channel says about this number now. `not_found` is no proof that it never will know it."""
        try:
            answer = await self._client.get(f"{REFUNDS}/{quote(out_refund_no, safe='')}")
        except ChannelRefused as refused:
            if refused.code in UNKNOWN_REFUND:
                return ChannelRefund(out_refund_no, "not_found")
            raise
        return told_of(out_refund_no, answer)

    async def return_refund(
        self, *, channel_refund_id: str, out_refund_no: str, before: datetime
    ) -> ChannelRefund:
        """Have an abnormal refund's money sent to the bank account that the channel settles to."""
        target = f"{REFUNDS}/{quote(channel_refund_id, safe='')}/apply-abnormal-refund"
        wanted = {"out_refund_no": out_refund_no, "type": "MERCHANT_BANK_CARD"}
        return told_of(out_refund_no, await self._client.move_money(target, wanted, before))

    async def balance(self) -> ChannelBalance:
        """What lies on the account that refunds are paid from."""
        answer = await self._client.get(BALANCE)
        try:
            return read_balance(answer.body)
        except Foreign as foreign:
            raise ChannelInDoubt(str(foreign)) from foreign

    def read_notification(
        self, headers: Mapping[str, str], body: bytes
    ) -> ChannelPayment | ChannelRefund:
        """Verify and decrypt. The amount is the channel's word: compare it with what the order costs."""
        return self._notifications.read(headers, body)


def told_of(out_refund_no: str, answer: Answer) -> ChannelRefund:
    """The refund of this number. Raises: ChannelInDoubt when the answer is about anything else."""
    try:
        told = read_refund(answer.body)
    except Foreign as foreign:
        raise ChannelInDoubt(str(foreign)) from foreign
    if told.out_refund_no != out_refund_no:
        raise ChannelInDoubt(f"asked about {out_refund_no}, told about {told.out_refund_no}")
    return told
