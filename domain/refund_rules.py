"""What a channel's no means for a refund. Versioned, because it is recorded; when to look again is for all alike."""

from collections.abc import Mapping

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

GENERATIONS_MAX = 3  # numbers that the channel may close before people look


def retry_class(channel: str, code: str) -> RetryClass:
    """What follows from this no."""
    return TABLES.get(channel, {}).get(code, "needs_human")
