"""One notification: what it says, and how it is put into an envelope, proper or with a flaw on purpose."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple, TypeAlias

from infra.simulator.wechatpay.books import Books
from infra.simulator.wechatpay.protocol import PROBE, Seal, beijing, compact
from infra.simulator.wechatpay.statement import OF_PAYMENT, OF_STEP, told_refund, transaction

Signature: TypeAlias = Literal["good", "signtest", "forged"]
Event: TypeAlias = Literal["payment", "refund"]
SUMMARIES = {"SUCCESS": "退款成功", "ABNORMAL": "退款异常", "CLOSED": "退款关闭"}


class Subject(NamedTuple):
    """What is told about: a payment, or the step at which a refund ended, by its number in the books."""

    event: Event
    seq: int


class Letter(NamedTuple):
    """What is to be said, to whom."""

    mchid: str
    number: str  # the merchant's own: out_trade_no or out_refund_no
    notify_url: str
    id: str
    create_time: str
    event_type: str
    summary: str
    original_type: str
    content: Mapping[str, Any]


class Message(NamedTuple):
    """One notification, ready to be sent."""

    headers: Mapping[str, str]
    body: bytes


class Odd(NamedTuple):
    """How a notification differs from a proper one."""

    signature: Signature = "good"
    age: timedelta = timedelta(0)  # signed as if sent this long ago
    change: Mapping[str, Any] = {}  # fields that are told wrongly


PROPER = Odd()


def letter(books: Books, subject: Subject) -> Letter:
    """As the books have it now."""
    if subject.event == "payment":
        [paid] = books.read(OF_PAYMENT, subject.seq)
        return Letter(
            mchid=paid["mchid"],
            number=paid["out_trade_no"],
            notify_url=paid["notify_url"],
            id=paid["notification_id"],
            create_time=paid["success_time"],
            event_type="TRANSACTION.SUCCESS",
            summary="支付成功",
            original_type="transaction",
            content=transaction(paid) | {"trade_state": "SUCCESS", "trade_state_desc": "支付成功"},
        )
    [ended] = books.read(OF_STEP, subject.seq)
    return Letter(
        mchid=ended["mchid"],
        number=ended["out_refund_no"],
        notify_url=ended["notify_url"],
        id=ended["notification_id"],
        create_time=beijing(datetime.fromisoformat(ended["step_at"])),
        event_type=f"REFUND.{ended['state']}",
        summary=SUMMARIES[ended["state"]],
        original_type="refund",
        content=told_refund(ended),
    )


def with_another_amount(letter: Letter) -> Odd:
    """Properly signed, and yet a fen off."""
    amount = dict(letter.content["amount"])
    field = "total" if letter.original_type == "transaction" else "refund"
    amount[field] += 1
    return Odd(change={"amount": amount})


def compose(seal: Seal, letter: Letter, at: datetime, odd: Odd) -> Message:
    """Stamped, encrypted and signed anew; proper unless `odd` says otherwise."""
    content = {
        "id": letter.id,
        "create_time": letter.create_time,
        "resource_type": "encrypt-resource",
        "event_type": letter.event_type,
        "summary": letter.summary,
        "resource": seal.encrypted({**letter.content, **odd.change}, letter.original_type),
    }
    body = compact(content)
    headers = seal.headers(body, at - odd.age)
    signature = headers["Wechatpay-Signature"]
    if odd.signature == "signtest":
        headers["Wechatpay-Signature"] = PROBE + signature[len(PROBE) :]
    elif odd.signature == "forged":
        headers["Wechatpay-Signature"] = signature[::-1]
    return Message(headers | {"Content-Type": "application/json"}, body)
