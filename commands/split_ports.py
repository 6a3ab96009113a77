"""What channel splits need from the outside world: a payment channel that shares out the money it holds frozen."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal, NamedTuple, Protocol, TypeAlias

from domain.money import Money

ShareResult: TypeAlias = Literal["pending", "success", "closed"]


class ShareTold(NamedTuple):
    """What became of one receiver's part. `closed`: it did not move, for good; `reason` says why."""

    account: str
    result: ShareResult
    amount: Money
    reason: str = ""
    detail_id: str = ""
    at: datetime | None = None


class ChannelSplit(NamedTuple):
    """One sharing, unfreezing or return as the channel sees it. `known`: it has heard of the number."""

    number: str
    known: bool
    channel_order_id: str = ""
    details: tuple[ShareTold, ...] = ()


class SplitChannel(Protocol):
    """The frozen money of orders at one channel. Every method may be repeated without harm.

    All raise ChannelRefused and ChannelInDoubt; what moves money is signed before `before` or not at all.
    """

    name: str

    async def split(
        self,
        *,
        transaction_id: str,
        number: str,
        parts: Sequence[tuple[str, Money]],
        before: datetime,
    ) -> ChannelSplit:
        """Give each account its part of an order; the rest stays frozen."""

    async def query_split(self, *, transaction_id: str, number: str) -> ChannelSplit:
        """What became of a sharing or an unfreezing; not `known` is no proof at once."""

    async def unfreeze(self, *, transaction_id: str, number: str, before: datetime) -> ChannelSplit:
        """Let the merchant have what was not shared out."""

    async def return_share(
        self, *, of: str, number: str, account: str, amount: Money, before: datetime
    ) -> ChannelSplit:
        """Have a receiver give back what it got by the sharing `of`, in part or whole."""

    async def query_share_return(self, *, of: str, number: str) -> ChannelSplit:
        """What became of a return."""

    async def unsplit(self, transaction_id: str) -> Money:
        """What of an order is still frozen."""

    async def max_ratio(self, merchant: str) -> int:
        """What all receivers together may get of an order of this merchant, of 10,000."""

    async def add_receiver(self, account: str, relation: str) -> None:
        """Let an account receive shares."""
