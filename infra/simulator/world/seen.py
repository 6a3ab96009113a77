"""What the world was told: every definite answer, every no, every trouble, and how long it took."""

from collections import Counter, defaultdict
from typing import NamedTuple
from uuid import UUID


class Ack(NamedTuple):
    """A durable answer to a command, as the client got it."""

    command_id: UUID
    name: str
    principal: str
    key: str
    outcome: str  # accepted, or the code of the refusal
    reply: bytes | None  # None: the answer was not the command's own reply
    position: int  # the log as far as the answer's token says


class Receipt(NamedTuple):
    """The channel told the buyer: paid."""

    out_trade_no: str
    transaction_id: str


class Seen:
    """One run's observations. Nothing here is taken from the platform's own books."""

    def __init__(self) -> None:
        self.acks: list[Ack] = []
        self.receipts: list[Receipt] = []
        self.latencies: defaultdict[str, list[float]] = defaultdict(list)  # seconds, by call
        self.refusals: Counter[tuple[str, str]] = Counter()  # (call, code)
        self.outcomes: Counter[str] = Counter()  # what became of shoppers' intentions
        self.troubles: Counter[str] = Counter()  # 5xx, 429, resets: answered by a retry
        self.wrong: list[str] = []  # answers that must never be given
        self.kills: Counter[str] = Counter()  # faults done on purpose, by process

    @property
    def requests(self) -> int:
        return sum(map(len, self.latencies.values()))

    def percentile(self, call: str, share: float) -> float:
        """Seconds within which this share of the calls was answered."""
        times = sorted(self.latencies[call])
        return times[min(int(len(times) * share), len(times) - 1)] if times else 0.0

    def forget(self) -> None:
        """Begin anew: a world that lives for ever must not remember for ever."""
        for memory in (self.acks, self.receipts, self.wrong):
            memory.clear()
        for counted in (self.latencies, self.refusals, self.outcomes, self.troubles):
            counted.clear()
