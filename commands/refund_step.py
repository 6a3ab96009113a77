"""What a refund worker is told to do, and the words that go to the channel."""

from datetime import datetime
from hashlib import sha256
from typing import Literal
from uuid import UUID

from commands.use_case import Reply
from domain.events.order import RefundReason
from domain.ids import RefundId
from domain.refund import Refund, Status

REASONS: dict[RefundReason, str] = {  # what the buyer reads in the channel's own message
    "group_failed": "拼团未成功，自动退款",
    "withdrawn": "退出拼团退款",
    "late_payment": "支付超时，自动退款",
    "paid_twice": "重复支付退款",
    "operator": "商家退款",
}


class RefundStep(Reply, frozen=True):
    """What to do now. `refund` and `return` are calls to be made once, before `deadline`, and their outcome
    recorded under `attempt` and `worker`; `query` may be made by anybody; `until` says when to ask again.
    """

    do: Literal["refund", "return", "query", "wait", "people", "over"]
    refund_id: RefundId
    status: Status
    number: str = ""
    channel: str = ""
    transaction_id: str = ""
    channel_refund_id: str = ""
    amount_fen: int = 0
    total_fen: int = 0
    reason: str = ""
    attempt: int = 0
    worker: UUID | None = None
    deadline: datetime | None = None
    until: datetime | None = None


def digest(refund: Refund) -> str:
    """Of the words that go to the channel."""
    words = (
        refund.call,
        refund.number,
        refund.transaction_id,
        str(refund.amount.fen),
        str(refund.paid.fen),
        REASONS[refund.why],
    )
    return sha256("\n".join(words).encode()).hexdigest()
