"""What a no means for a channel split, how long money stays frozen, and how much of it may be shared out."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from domain.attempts import Table
from domain.events.refund import RetryClass
from domain.events.split import Receiver
from domain.ids import SplitId
from domain.money import Money

SAGA_VERSION = 1
TABLE_VERSION = 1
WARN_AT: Final = (4, 5)  # of the freeze


class Terms(NamedTuple):
    """What a channel allows. Money unfreezes by itself after `freeze`, unshared."""

    freeze: timedelta
    max_ratio: int = 3_000  # of 10,000; the channel's own word about a merchant goes before it
    receivers_max: int = 50
    return_within: timedelta = timedelta(days=180)


# An ordinary merchant's money is frozen for 30 days, that of 电商收付通 for 180.
TERMS: Final[Mapping[str, Terms]] = {
    "wechatpay": Terms(timedelta(days=30)),
    "wechatpay_ecommerce": Terms(timedelta(days=180)),
}

# WeChat Pay API v3, POST /v3/profitsharing/*. What is not listed is for people.
WECHATPAY: Final[Table] = {
    "FREQUENCY_LIMITED": "retry_same",
    "RATELIMIT_EXCEEDED": "retry_same",
    "SYSTEM_ERROR": "query_first",
    "SYSTEMERROR": "query_first",
    "INVALID_REQUEST": "query_first",  # also said of a number that was used before
    "NOT_ENOUGH": "needs_human",  # the order's frozen money does not cover it: it was shared before
    "RULE_LIMIT": "needs_human",
    "RESOURCE_NOT_EXISTS": "needs_human",
    "PARAM_ERROR": "needs_human",
    "NO_AUTH": "needs_human",
    "SIGN_ERROR": "needs_human",
}
TABLES: Final[Mapping[str, Table]] = {"wechatpay": WECHATPAY, "wechatpay_ecommerce": WECHATPAY}


def retry_class(channel: str, code: str) -> RetryClass:
    """What follows from this no."""
    return TABLES.get(channel, {}).get(code, "needs_human")


def split_no(split: SplitId) -> str:
    """Our number of the sharing itself; the same on every retry."""
    return f"{split.hex}S"


def unfreeze_no(split: SplitId) -> str:
    return f"{split.hex}U"


def return_no(split: SplitId, turn: int) -> str:
    """Each return has a number of its own, counted over the whole life of the split."""
    return f"{split.hex}R{turn:02d}"


def over_ratio(paid: Money, receivers: Sequence[Receiver], max_ratio: int) -> bool:
    """Do all of them together get more than the channel allows? A fraction of a fen is too much."""
    return sum(one.amount.fen for one in receivers) * 10_000 > paid.fen * max_ratio


def part_back(share: Money, paid: Money, refunded: Money) -> Money:
    """What of a share has to be back once `refunded` of `paid` went back: all of it when all did.

    Rounded up, so that the refund is never short of a fen; in parts exactly what one refund of their sum takes.
    """
    return Money(-(-share.fen * refunded.fen // paid.fen))
