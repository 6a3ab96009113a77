"""What a channel's no means for a refund, and when it is looked at again. Versioned, because it is recorded."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from domain.events.refund import RetryClass

SAGA_VERSION = 1
TABLE_VERSION = 1

# WeChat Pay API v3, POST /v3/refund/domestic/refunds. What is not listed is for people.
WECHATPAY: Mapping[str, RetryClass] = {
    "FREQUENCY_LIMITED": "retry_same",  # refused at the door: nothing was done
    "RATELIMIT_EXCEEDED": "retry_same",
    "NOT_ENOUGH": "needs_funds",
    "SYSTEM_ERROR": "query_first",
    "SYSTEMERROR": "query_first",
    "BIZERR_NEED_RETRY": "query_first",
    "INVALID_REQUEST": "query_first",  # also said of a transaction that is refunded in full already
    "REFUND_NOT_EXISTS": "query_first",
    "USER_ACCOUNT_ABNORMAL": "needs_human",
    "RESOURCE_NOT_EXISTS": "needs_human",
    "PARAM_ERROR": "needs_human",
    "MCH_NOT_EXISTS": "needs_human",
    "NO_AUTH": "needs_human",
    "SIGN_ERROR": "needs_human",
}
TABLES: Mapping[str, Mapping[str, RetryClass]] = {"wechatpay": WECHATPAY}

ATTEMPT_LIFE = timedelta(minutes=2)  # longer than any call may last; then its worker is dead
WORDS_LIVE = timedelta(minutes=5)  # the channel hears no request that was signed longer ago; API v3
UNSEEN_LOOKS = 2  # "never heard of it" is believed at the second look,
UNSEEN_GAP = timedelta(seconds=10)  # this long after the first: records become visible late
FORGOTTEN_LOOKS = 5  # "never heard of it" about a number that it took on, before people look
GENERATIONS_MAX = 3  # numbers that the channel may close before people look

DOUBT = tuple(timedelta(seconds=s) for s in (10, 15, 30, 60, 120, 300, 600))
POLL = tuple(timedelta(minutes=m) for m in (1, 1, 1, 1, 1, 5, 10, 20, 30))  # as the channel advises
RETRY = tuple(timedelta(seconds=s) for s in (5, 15, 60, 300, 600))
FUNDS = tuple(timedelta(minutes=m) for m in (1, 5, 15, 30))
JITTER = 20  # per cent either way, so that what failed together does not come back together


def retry_class(channel: str, code: str) -> RetryClass:
    """What follows from this no."""
    return TABLES.get(channel, {}).get(code, "needs_human")


def later(at: datetime, steps: Sequence[timedelta], tries: int, dice: int) -> datetime:
    """When to look again after `tries` earlier looks; the last step is the longest pause."""
    step = steps[min(tries, len(steps) - 1)]
    return at + step * (100 - JITTER + dice % (2 * JITTER + 1)) // 100
