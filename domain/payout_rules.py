"""What a no means for a payout, by route and channel. Versioned, because it is recorded."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from domain.attempts import Table
from domain.events.refund import RetryClass
from domain.ids import PayoutId

SAGA_VERSION = 1
TABLE_VERSION = 1
GENERATIONS_MAX = 3  # numbers that may fail before people look
BANK_ANSWERS_WITHIN = timedelta(days=3)  # of a file that was handed over, weekends included
AWAITING = tuple(timedelta(minutes=m) for m in (2, 5, 15, 30, 60))  # looks while the payee thinks

# WeChat Pay API v3, POST /v3/fund-app/mch-transfer/transfer-bills. An unknown code is no leave to take
# another number, as its documentation insists: what is not listed is for people.
WECHATPAY: Final[Table] = {
    "FREQUENCY_LIMITED": "retry_same",  # refused at the door: nothing was done
    "RATELIMIT_EXCEEDED": "retry_same",
    "NOT_ENOUGH": "needs_funds",
    "SYSTEM_ERROR": "query_first",
    "SYSTEMERROR": "query_first",
    "INVALID_REQUEST": "query_first",  # also said of a number that was used before
    "ALREADY_EXISTS": "query_first",
    "ACCOUNT_NOT_EXISTS": "needs_human",
    "PAYEE_ERASED": "needs_human",  # our own word: the sealed account cannot be opened any more
    "PARAM_ERROR": "needs_human",
    "NO_AUTH": "needs_human",
    "SIGN_ERROR": "needs_human",
}
TABLES: Final[Mapping[str, Table]] = {"wechatpay": WECHATPAY}

# Ends of a number after which the same account may be tried again without asking anybody.
TRY_AGAIN: Final = frozenset({"OVERDUE_CLOSE", "CANCELLED"})


def retry_class(channel: str, code: str) -> RetryClass:
    """What follows from this no."""
    return TABLES.get(channel, {}).get(code, "needs_human")


DIGITS: Final = "0123456789abcdefghijklmnopqrstuvwxyz"


def out_bill_no(payout: PayoutId, generation: int) -> str:
    """Our number outside: 27 of [0-9a-z], since channels take 32 at most and nothing but letters and digits."""
    rest, text = payout.int, ""
    for _ in range(25):
        rest, digit = divmod(rest, 36)
        text = DIGITS[digit] + text
    return f"{text}{generation:02d}"


def payout_of(number: str) -> PayoutId:
    """The payout that a number belongs to. Raises: ValueError when it is none of ours."""
    if len(number) != 27 or not number[25:].isdecimal() or int(number[:25], 36) >= 1 << 128:
        raise ValueError(f"{number!r} is no payout number of ours")
    return PayoutId(UUID(int=int(number[:25], 36)))
