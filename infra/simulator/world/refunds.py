"""What the events say of refunds, told again by the judge; and the channel's own book of them, held against it.

Numbers are read as what they are at the channel: the first 32 digits name the refund, the rest its generation.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple
from uuid import UUID

from domain.events.refund import (
    RefundAbnormal,
    RefundAttemptAccepted,
    RefundAttemptInDoubt,
    RefundAttemptRejected,
    RefundAttemptStarted,
    RefundClosed,
    RefundEscalated,
    RefundEvent,
    RefundPaidElsewhere,
    RefundProposed,
    RefundReissued,
    RefundRequested,
    RefundResolutionApproved,
    RefundResolutionDeclined,
    RefundReturned,
    RefundSucceeded,
)

PAID: Final = frozenset({"succeeded", "paid elsewhere"})
LIVE: Final = frozenset({"PROCESSING", "SUCCESS", "ABNORMAL"})  # the channel's words


@dataclass
class RefundStory:
    order_id: UUID
    payment_id: UUID
    transaction: str
    fen: int
    wished: bool  # only proposed, by an operator
    trouble: str = ""
    end: str = ""  # succeeded, paid elsewhere, declined
    attempts: int = 0
    doubts: int = 0
    calling: bool = False  # an attempt without an outcome
    numbers: dict[str, str] = field(default_factory=dict)  # number -> its last word


class RefundBook:
    """Feed it every refund event in order; what is wrong at one event is noted at that event."""

    def __init__(self) -> None:
        self.by_id: dict[UUID, RefundStory] = {}
        self.broken: list[str] = []

    def take(self, event: RefundEvent) -> None:
        if isinstance(event, RefundRequested | RefundProposed):
            self._begin(event)
            return
        refund = self.by_id.get(event.refund_id)
        if refund is None:
            self.broken.append(f"{event.refund_id} goes on without ever having begun")
            return
        match event:
            case RefundAttemptStarted():
                self._attempt(refund, event)
            case RefundAttemptAccepted():
                self._heard(refund, event.number, "accepted")
            case RefundAttemptRejected():
                refund.calling = False
            case RefundAttemptInDoubt():
                refund.calling, refund.doubts = False, refund.doubts + 1
            case RefundSucceeded():
                self._heard(refund, event.number, "succeeded")
                self._ends(event.refund_id, refund, "succeeded")
            case RefundClosed():
                self._heard(refund, event.number, "closed")
            case RefundAbnormal():
                self._heard(refund, event.number, "abnormal")
            case RefundReturned():
                self._heard(refund, event.number, "returned")
            case RefundReissued():
                if refund.numbers.get(event.of) in (
                    "accepted",
                    "abnormal",
                    "succeeded",
                    "returned",
                ):
                    self.broken.append(f"{event.of} was replaced while it may still be paid")
                refund.numbers[event.of] = "replaced"
            case RefundEscalated():
                refund.trouble = event.trouble
            case RefundResolutionApproved():
                refund.trouble, refund.wished = "", False
            case RefundResolutionDeclined():
                refund.end = "declined" if refund.wished else refund.end
            case RefundPaidElsewhere():
                self._ends(event.refund_id, refund, "paid elsewhere")

    def _begin(self, event: RefundRequested | RefundProposed) -> None:
        if event.refund_id in self.by_id:
            self.broken.append(f"{event.refund_id} began twice")
        self.by_id[event.refund_id] = RefundStory(
            order_id=event.order_id,
            payment_id=event.payment_id,
            transaction=event.transaction_id,
            fen=event.amount.fen,
            wished=isinstance(event, RefundProposed),
        )

    def _attempt(self, refund: RefundStory, event: RefundAttemptStarted) -> None:
        """A call is announced before it is made, alone, and under one live number."""
        if refund.calling:
            self.broken.append(f"attempt {event.attempt} of {event.refund_id} began beside another")
        if refund.end or event.attempt != refund.attempts + 1:
            self.broken.append(f"attempt {event.attempt} of {event.refund_id} came out of turn")
        refund.attempts, refund.calling = event.attempt, True
        refund.numbers.setdefault(event.number, "started")
        others = [no for no, state in refund.numbers.items() if state not in ("closed", "replaced")]
        if len(others) > 1:
            self.broken.append(f"{event.refund_id} has several live numbers: {others}")

    def _heard(self, refund: RefundStory, number: str, word: str) -> None:
        refund.calling = False
        if number not in refund.numbers:
            self.broken.append(f"{number} was {word} before it was ever tried")
        refund.numbers[number] = word

    def _ends(self, id: UUID, refund: RefundStory, how: str) -> None:
        if refund.end:
            self.broken.append(f"{id} ended twice: {refund.end}, {how}")
        refund.end, refund.trouble = how, ""


class Repayment(NamedTuple):
    """One refund number in the channel's own books."""

    out_refund_no: str
    transaction_id: str
    fen: int
    state: str  # PROCESSING, SUCCESS, CLOSED, ABNORMAL


def against_the_channel(
    book: RefundBook, paid: dict[str, int], theirs: Sequence[Repayment]
) -> Iterator[str]:
    """How the channel's books and our events differ. `paid`: fen by transaction, in the channel's books."""
    live = [one for one in theirs if one.state in LIVE]
    back: defaultdict[str, int] = defaultdict(int)
    for one in live:
        back[one.transaction_id] += one.fen
    for transaction, fen in back.items():
        if fen > paid.get(transaction, 0):
            yield f"{transaction}: {fen} fen go back of {paid.get(transaction, 0)} paid"
    numbers = Counter(one.out_refund_no[:32] for one in live)
    yield from (f"{id} has {count} live numbers" for id, count in numbers.items() if count > 1)
    known = {number: id for id, refund in book.by_id.items() for number in refund.numbers}
    for one in theirs:
        yield from unlike(book, known, one)
    told = {one.out_refund_no: one for one in theirs}
    for id, refund in book.by_id.items():
        for number, word in refund.numbers.items():
            if word in ("succeeded", "returned") and told.get(number) is None:
                yield f"{number} of {id} is {word}, and the channel never heard of it"


def unlike(book: RefundBook, known: dict[str, UUID], one: Repayment) -> Iterator[str]:
    """How one line of the channel's book is not what we recorded."""
    id = known.get(one.out_refund_no)
    if id is None:
        yield f"the channel refunds {one.out_refund_no}, which is none of ours"
        return
    refund = book.by_id[id]
    if (refund.fen, refund.transaction) != (one.fen, one.transaction_id):
        yield f"{one.out_refund_no}: {refund.fen} of {refund.transaction}, the channel says {one}"
    word = refund.numbers[one.out_refund_no]
    fits: Any = {
        "SUCCESS": ("succeeded", "returned"),
        "CLOSED": ("closed", "replaced"),
        "ABNORMAL": ("abnormal",),
        "PROCESSING": ("started", "accepted", "abnormal"),
    }[one.state]
    if word not in fits:
        yield f"{one.out_refund_no} is {one.state} at the channel, {word} with us"
