"""Transfers to payees (商家转账): what is asked, and what the channel's words about one mean to us."""

from base64 import b64encode
from collections.abc import Mapping
from datetime import datetime
from typing import Any
from urllib.parse import quote

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

from commands.ports import ChannelInDoubt, ChannelPayout, ChannelRefused, TransferState
from domain.money import Money
from infra.wechatpay.client import Client
from infra.wechatpay.credentials import Account
from infra.wechatpay.platform_keys import PlatformKeys

TRANSFERS = "/v3/fund-app/mch-transfer/transfer-bills"
REMARK_MAX = 32  # characters
UNKNOWN_TRANSFER = frozenset({"NOT_FOUND", "RESOURCE_NOT_EXISTS"})
# 1009 采购货款: its report says what was bought.
SCENE = "1009"
REPORT = [{"info_type": "采购商品名称", "info_content": "团购商品货款"}]
STATES: Mapping[str, TransferState] = {
    "ACCEPTED": "processing",
    "PROCESSING": "processing",
    "TRANSFERING": "processing",
    "CANCELING": "processing",
    "WAIT_USER_CONFIRM": "awaiting_payee",
    "SUCCESS": "confirmed",
    "FAIL": "failed",
    "CANCELLED": "failed",
}


class Bill(msgspec.Struct, frozen=True):
    """The fields we rely on. The answer to a request tells fewer of them than a query does."""

    out_bill_no: str
    transfer_bill_no: str
    state: str
    create_time: datetime
    update_time: datetime | None = None
    transfer_amount: int | None = None
    fail_reason: str = ""
    package_info: str = ""


class Transfers:
    """`commands.ports.PayoutChannel` of one merchant account. A payee is an openid, and from ¥2,000 on his name too:
    "openid name", the name encrypted for the channel on its way.
    """

    _client: Client
    _account: Account
    _keys: PlatformKeys

    async def pay_out(
        self, *, number: str, amount: Money, payee: str, note: str, before: datetime
    ) -> ChannelPayout:
        """Ask for a transfer. The same arguments give the same words, but for the name's encryption."""
        openid, _, name = payee.partition(" ")
        wanted: dict[str, Any] = {
            "appid": self._account.appid,
            "out_bill_no": number,
            "transfer_scene_id": SCENE,
            "openid": openid,
            "transfer_amount": amount.fen,
            "transfer_remark": note[:REMARK_MAX],
            "transfer_scene_report_infos": REPORT,
        }
        if name:
            wanted["user_name"] = self._encrypted(name)
        answer = await self._client.move_money(TRANSFERS, wanted, before)
        return meaning(number, answer.body)

    async def query_payout(self, number: str) -> ChannelPayout:
        """What the channel says about this number now. `not_found` is no proof that it never will know it."""
        try:
            answer = await self._client.get(f"{TRANSFERS}/out-bill-no/{quote(number, safe='')}")
        except ChannelRefused as refused:
            if refused.code in UNKNOWN_TRANSFER:
                return ChannelPayout(number, "not_found")
            raise
        return meaning(number, answer.body)

    def _encrypted(self, text: str) -> str:
        """For the channel's eyes only: RSAES-OAEP with SHA-1, as its libraries do."""
        key = self._keys.find(self._keys.first)
        assert key is not None
        scheme = padding.OAEP(padding.MGF1(hashes.SHA1()), hashes.SHA1(), None)
        return b64encode(key.encrypt(text.encode(), scheme)).decode()


def meaning(number: str, text: bytes) -> ChannelPayout:
    """The transfer of this number. Raises: ChannelInDoubt when the answer is about anything else."""
    try:
        bill = msgspec.json.decode(text, type=Bill)
    except (msgspec.DecodeError, UnicodeDecodeError) as unreadable:
        raise ChannelInDoubt(f"unreadable transfer: {unreadable}") from unreadable
    if bill.out_bill_no != number:
        raise ChannelInDoubt(f"asked about {number}, told about {bill.out_bill_no}")
    state = STATES.get(bill.state)
    if state is None:
        raise ChannelInDoubt(f"unknown state {bill.state!r} of a transfer")
    ended = state in ("confirmed", "failed")
    return ChannelPayout(
        number=number,
        state=state,
        channel_payout_id=bill.transfer_bill_no,
        amount=None if bill.transfer_amount is None else Money(bill.transfer_amount),
        code=bill.fail_reason or (bill.state if state == "failed" else ""),
        package=bill.package_info,
        accepted_at=bill.create_time,
        ended_at=(bill.update_time or bill.create_time) if ended else None,
    )
