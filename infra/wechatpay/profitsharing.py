"""Channel splits (分账): what is asked, and what the channel's words about shares and returns mean to us."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any, TypeVar
from urllib.parse import quote

import msgspec

from commands.ports import ChannelInDoubt, ChannelRefused
from commands.split_ports import ChannelSplit, ShareResult, ShareTold
from domain.money import Money
from infra.wechatpay.client import Client
from infra.wechatpay.credentials import Account

SHARING = "/v3/profitsharing"
SPLIT_WORDS = "订单分账"  # what receivers read
UNFREEZE_WORDS = "解冻剩余资金"
RETURN_WORDS = "订单退款，分账回退"
UNKNOWN_SHARING = frozenset({"RESOURCE_NOT_EXISTS", "NOT_FOUND"})
RESULTS: Mapping[str, ShareResult] = {
    "PENDING": "pending",
    "PROCESSING": "pending",
    "SUCCESS": "success",
    "CLOSED": "closed",
    "FAILED": "closed",
}
Fen = Annotated[int, msgspec.Meta(ge=0)]
T = TypeVar("T")


class Share(msgspec.Struct, frozen=True):
    """The fields we rely on. The channel may add others at any time."""

    account: str
    amount: Fen
    result: str
    detail_id: str = ""
    fail_reason: str = ""
    finish_time: datetime | None = None


class Sharing(msgspec.Struct, frozen=True):
    out_order_no: str
    order_id: str
    receivers: tuple[Share, ...] = ()


class Return(msgspec.Struct, frozen=True):
    out_return_no: str
    return_id: str
    return_mchid: str
    amount: Fen
    result: str
    fail_reason: str = ""
    finish_time: datetime | None = None


class Amounts(msgspec.Struct, frozen=True):
    unsplit_amount: Fen


class Configuration(msgspec.Struct, frozen=True):
    max_ratio: Annotated[int, msgspec.Meta(ge=0, le=10_000)]


class ProfitSharing:
    """`commands.split_ports.SplitChannel` of one merchant account. Receivers are merchant numbers."""

    _client: Client
    _account: Account

    async def split(
        self,
        *,
        transaction_id: str,
        number: str,
        parts: Sequence[tuple[str, Money]],
        before: datetime,
    ) -> ChannelSplit:
        """Share an order out; what is left stays frozen until it is unfrozen by a call of its own."""
        receivers = [
            {
                "type": "MERCHANT_ID",
                "account": account,
                "amount": amount.fen,
                "description": SPLIT_WORDS,
            }
            for account, amount in parts
        ]
        wanted: dict[str, Any] = {
            "appid": self._account.appid,
            "transaction_id": transaction_id,
            "out_order_no": number,
            "receivers": receivers,
            "unfreeze_unsplit": False,
        }
        answer = await self._client.move_money(f"{SHARING}/orders", wanted, before)
        return shared(number, answer.body)

    async def query_split(self, *, transaction_id: str, number: str) -> ChannelSplit:
        """What the channel says about this number now. Not `known` is no proof that it never will know it."""
        query = f"transaction_id={quote(transaction_id, safe='')}"
        body = await self._known(f"{SHARING}/orders/{quote(number, safe='')}?{query}")
        return ChannelSplit(number, known=False) if body is None else shared(number, body)

    async def unfreeze(self, *, transaction_id: str, number: str, before: datetime) -> ChannelSplit:
        """Let the merchant have the rest."""
        wanted = {
            "transaction_id": transaction_id,
            "out_order_no": number,
            "description": UNFREEZE_WORDS,
        }
        answer = await self._client.move_money(f"{SHARING}/orders/unfreeze", wanted, before)
        return shared(number, answer.body)

    async def return_share(
        self, *, of: str, number: str, account: str, amount: Money, before: datetime
    ) -> ChannelSplit:
        """Have a share given back, or a part of it."""
        wanted = {
            "out_order_no": of,
            "out_return_no": number,
            "return_mchid": account,
            "amount": amount.fen,
            "description": RETURN_WORDS,
        }
        answer = await self._client.move_money(f"{SHARING}/return-orders", wanted, before)
        return returned(number, answer.body)

    async def query_share_return(self, *, of: str, number: str) -> ChannelSplit:
        """What became of a return."""
        query = f"out_order_no={quote(of, safe='')}"
        body = await self._known(f"{SHARING}/return-orders/{quote(number, safe='')}?{query}")
        return ChannelSplit(number, known=False) if body is None else returned(number, body)

    async def unsplit(self, transaction_id: str) -> Money:
        """What of an order is still frozen."""
        target = f"{SHARING}/transactions/{quote(transaction_id, safe='')}/amounts"
        return Money(read((await self._client.get(target)).body, Amounts).unsplit_amount)

    async def max_ratio(self, merchant: str) -> int:
        """What all receivers together may get, of 10,000."""
        target = f"{SHARING}/merchant-configs/{quote(merchant, safe='')}"
        return read((await self._client.get(target)).body, Configuration).max_ratio

    async def add_receiver(self, account: str, relation: str) -> None:
        """Let a merchant number receive shares. Adding it again changes nothing."""
        wanted = {
            "appid": self._account.appid,
            "type": "MERCHANT_ID",
            "account": account,
            "relation_type": relation,
        }
        await self._client.post(f"{SHARING}/receivers/add", wanted)

    async def _known(self, target: str) -> bytes | None:
        """The answer to a query; None when the channel does not know the number."""
        try:
            return (await self._client.get(target)).body
        except ChannelRefused as refused:
            if refused.code in UNKNOWN_SHARING:
                return None
            raise


def shared(number: str, text: bytes) -> ChannelSplit:
    """The sharing or unfreezing of this number. Raises: ChannelInDoubt when it is about anything else."""
    sharing = read(text, Sharing)
    if sharing.out_order_no != number:
        raise ChannelInDoubt(f"asked about {number}, told about {sharing.out_order_no}")
    details = tuple(
        ShareTold(
            one.account,
            result(one.result),
            Money(one.amount),
            one.fail_reason,
            one.detail_id,
            one.finish_time,
        )
        for one in sharing.receivers
    )
    return ChannelSplit(number, True, sharing.order_id, details)


def returned(number: str, text: bytes) -> ChannelSplit:
    """The return of this number. Raises: ChannelInDoubt when it is about anything else."""
    back = read(text, Return)
    if back.out_return_no != number:
        raise ChannelInDoubt(f"asked about {number}, told about {back.out_return_no}")
    told = ShareTold(
        back.return_mchid,
        result(back.result),
        Money(back.amount),
        back.fail_reason,
        back.return_id,
        back.finish_time,
    )
    return ChannelSplit(number, True, back.return_id, (told,))


def result(word: str) -> ShareResult:
    """Raises: ChannelInDoubt."""
    if word not in RESULTS:
        raise ChannelInDoubt(f"unknown result {word!r} of a share")
    return RESULTS[word]


def read(text: bytes, kind: type[T]) -> T:
    """Raises: ChannelInDoubt."""
    try:
        return msgspec.json.decode(text, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as unreadable:
        raise ChannelInDoubt(f"unreadable {kind.__name__}: {unreadable}") from unreadable
