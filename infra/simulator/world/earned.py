"""What merchants earn and are paid, told again by the judge: its own sums over the log."""

from collections import Counter, defaultdict
from typing import Any, Final
from uuid import UUID

from domain.events.earning import (
    EarningAdjustmentApproved,
    EarningMatured,
    EarningRecognised,
    EarningReversed,
)
from domain.events.merchant import MerchantCarried
from domain.events.payout import PayoutInitiated
from domain.events.statement import StatementClosed, StatementLineAdded
from domain.policies import BookPolicy

COLLECTED: Final = "platform_collect"


class SettlementBook:
    """Feed it every event in order; what is wrong at one event is noted at that event."""

    def __init__(self) -> None:
        self.cash: Counter[UUID] = Counter()  # fen of buyers' money that was earned, by order
        self.orders: set[UUID] = set()  # that something was earned with
        self.earned: Counter[UUID] = Counter()  # fen that may be paid out, by merchant
        self.paid: Counter[UUID] = Counter()  # fen of payouts, by merchant
        self.pending: Counter[UUID] = Counter()  # earned and not matured
        self.open: defaultdict[UUID, Counter[str]] = defaultdict(Counter)  # by statement: lines
        self.of: dict[UUID, UUID] = {}  # statement -> merchant
        self.lines: Counter[UUID] = Counter()
        self.carried: dict[UUID, int] = {}
        self.closed: dict[UUID, StatementClosed] = {}
        self.payouts: dict[UUID, int] = {}  # by statement
        self.broken: list[str] = []

    def take(self, event: Any) -> None:
        match event:
            case EarningRecognised():
                self.orders.add(event.order_id)
                self.cash[event.order_id] += event.amounts.cash.fen
                if paid_out_by_us(event.books):
                    self.earned[event.merchant_id] += event.amounts.net.fen
                    self.pending[event.merchant_id] += event.amounts.net.fen
            case EarningReversed():
                self._reversed(event)
            case EarningMatured():
                if paid_out_by_us(event.books):
                    self.pending[event.merchant_id] -= event.amounts.net.fen
            case EarningAdjustmentApproved():
                self.earned[event.merchant_id] += max(0, event.amount.fen)
            case StatementLineAdded():
                self._line(event)
            case StatementClosed():
                self._closed(event)
            case MerchantCarried():
                self.carried[event.merchant_id] = event.amount.fen
            case PayoutInitiated():
                self._paid(event)

    def _reversed(self, event: EarningReversed) -> None:
        self.cash[event.order_id] -= event.amounts.cash.fen
        if not paid_out_by_us(event.books):
            return
        if event.taken_from != "receivable":  # else it was paid before, and is owed
            self.earned[event.merchant_id] -= event.amounts.net.fen
        if event.taken_from == "pending":
            self.pending[event.merchant_id] -= event.amounts.net.fen

    def _line(self, event: StatementLineAdded) -> None:
        if event.statement_id in self.closed:
            self.broken.append(f"{event.statement_id} is closed and got line {event.line}")
        self.of[event.statement_id] = event.merchant_id
        self.open[event.statement_id][event.net_to] += event.net.fen
        self.lines[event.statement_id] += 1
        if self.lines[event.statement_id] != event.line:
            self.broken.append(f"{event.statement_id} counts line {event.line} wrongly")

    def _closed(self, event: StatementClosed) -> None:
        id = event.statement_id
        total = sum(self.open.pop(id, Counter()).values())
        if id in self.closed:
            self.broken.append(f"{id} was closed twice")
        if (total, self.lines[id]) != (event.net.fen, event.lines):
            self.broken.append(f"{id}: lines are {total} fen, the statement says {event.net.fen}")
        left = event.net.fen + event.carried_in.fen
        both = min(event.payable.fen, event.carried_out.fen)
        if left != event.payable.fen - event.carried_out.fen or both:
            self.broken.append(f"{id}: {left} fen are left, {event.payable.fen} payable")
        self.closed[id] = event

    def _paid(self, event: PayoutInitiated) -> None:
        if event.statement_id in self.payouts:
            self.broken.append(f"{event.statement_id} is paid out twice")
        self.payouts[event.statement_id] = event.amount.fen
        self.paid[event.merchant_id] += event.amount.fen
        if self.paid[event.merchant_id] > self.earned[event.merchant_id]:
            paid, earned = self.paid[event.merchant_id], self.earned[event.merchant_id]
            self.broken.append(f"{event.merchant_id} is paid {paid} fen and earned {earned}")


def paid_out_by_us(books: BookPolicy) -> bool:
    return books.money_mode == COLLECTED and books.accounting == "agent"
