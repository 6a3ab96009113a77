"""Recorded events in plain words, Chinese and English: what a person reads in an order's timeline."""

import re
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from read_api.order_words import ORDER_WORDS
from read_api.refund_words import REFUND_WORDS

SHANGHAI: Final = timezone(timedelta(hours=8))  # the business day's
INSTANT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
WORDS: Final[dict[str, tuple[str, str]]] = ORDER_WORDS | REFUND_WORDS
"""By stored name: the sentence in Chinese and in English. `{field}` is a field of the event."""
INSIDE: Final = frozenset({
    "refund.escalated.v1", "refund.proposed.v1", "refund.resolution_proposed.v1",
    "refund.resolution_approved.v1", "refund.resolution_declined.v1", "refund.witnesses_differ.v1",
})  # fmt: skip
"""Events with names and notes of the merchant's people, which are not for buyers."""
LOOKED_AFTER: Final = ("商家正在处理这笔退款", "The merchant is looking after this refund")

CHOICES: Final[dict[str, tuple[str, str]]] = {
    "deadline": ("支付超时", "the pay deadline passed"),
    "cancelled": ("买家取消", "its buyer cancelled"),
    "closed": ("订单关闭", "its order closed"),
    "late": ("支付过晚", "it was paid too late"),
    "withdrawn": ("买家退出", "its buyer withdrew"),
    "order_closed": ("订单已关闭", "the order was closed"),
    "group_decided": ("拼团已有结果", "the group was decided"),
    "after_deadline": ("已过拼团截止时间", "it was after the group's deadline"),
    "wrong_amount": ("金额不符", "the amount was wrong"),
    "paid_twice": ("重复支付", "it was paid twice"),
    "group_failed": ("拼团失败", "the group failed"),
    "late_payment": ("支付过晚", "the payment came too late"),
    "operator": ("人工退款", "an operator's decision"),
    "leader": ("开团", "as the leader of a group"),
    "member": ("参团", "as a member of a group"),
    "single": ("单独购买", "alone"),
    "reply": ("渠道应答", "its reply"),
    "query": ("查询", "a query"),
    "notification": ("渠道通知", "its notification"),
    "bill": ("对账单", "its bill"),
    "processing": ("处理中", "under way"),
    "succeeded": ("成功", "succeeded"),
    "abnormal": ("异常", "abnormal"),
    "not_found": ("查无此单", "not found"),
    "refund": ("退款", "refund"),
    "return": ("退回商户账户", "return to our account"),
    "pay": ("发起退款", "to refund"),
    "retry": ("原单号重试", "to try the same number again"),
    "reissue": ("换新单号重试", "to try under a new number"),
    "paid_elsewhere": ("已由其他渠道支付", "that it was paid by another route"),
    "keep": ("维持现有记录", "to keep what is recorded"),
    "rejected": ("渠道拒绝", "the channel refused"),
    "closed_again": ("多次被渠道关闭", "several numbers were closed"),
    "too_old": ("超过一年", "it is older than a year"),
    "too_many": ("退款次数过多", "too many numbers"),
    "over_capture": ("超过实付金额", "more than was paid"),
    "witnesses_differ": ("渠道说法不一", "the channel contradicts itself"),
    "worker_crashed": ("系统处理出错", "our own worker crashes"),
    "returned": ("款项已退回商户", "the money came back to us"),
}


def in_words(kind: str, data: dict[str, Any]) -> tuple[str, str]:
    """The sentences of one event; of an event of tomorrow, its stored name."""
    words = WORDS.get(kind)
    if words is None:
        return kind, kind
    return tuple(words[i].format_map(Readable(data, i)) for i in (0, 1))  # type: ignore[return-value]


class Readable(dict[str, str]):
    """The event's fields as people read them, in one of the two languages."""

    def __init__(self, data: dict[str, Any], language: int) -> None:
        super().__init__({name: readable(value, language) for name, value in data.items()})

    def __missing__(self, name: str) -> str:
        return "—"


def readable(value: Any, language: int) -> str:
    if isinstance(value, dict) and set(value) == {"fen"}:
        return yuan(value["fen"])
    if isinstance(value, str) and value in CHOICES:
        return CHOICES[value][language]
    if isinstance(value, str) and INSTANT.match(value):
        at = datetime.fromisoformat(value).astimezone(SHANGHAI)
        return f"{at:%m-%d %H:%M:%S}"
    return str(value)


def yuan(fen: int) -> str:
    """¥1,234.56; exact, for a fen is an integer."""
    sign, whole = ("-" if fen < 0 else ""), abs(fen)
    return f"{sign}¥{whole // 100:,}.{whole % 100:02d}"
