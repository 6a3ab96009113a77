"""What goes wrong on purpose: by dice under a plan, or on request at the next calls of a kind.

The dice of a call know the plan's seed, the kind of call, its number and how often that was called before:
the same calls meet the same faults. Plan, requests and all that fired are in the books, so that a killed
channel goes on as it was. No fault breaks a promise of the protocol: a number still moves money at most once.
"""

from collections import Counter
from datetime import datetime, timedelta
from hashlib import blake2b
from sqlite3 import Connection
from typing import Annotated, Any, Final, Literal, TypeAlias, get_args

import msgspec

from commands.ports import Clock
from infra.simulator.wechatpay.books import Books, add

Fault: TypeAlias = Literal[
    "drop_reply",  # done, then the connection is cut
    "error_after_success",  # done, then 500 SYSTEM_ERROR
    "error_before",  # 500 SYSTEM_ERROR, not done
    "delay",
    "busy",  # 429 FREQUENCY_LIMITED, not done
    "not_visible_yet",  # taken on, but queries do not find it for a while
    "clock_skew",  # signed with a time more than five minutes off
    "key_rotation",  # another key of the channel from now on, beside the earlier ones
    "not_enough",
    "refund_slow",
    "refund_abnormal",
    "refund_closed",
    "transfer_fails",  # the payee's account takes nothing
    "transfer_lapses",  # the payee does not take it within a day
    "share_closed",  # a receiver gets nothing of an order
    "share_kept",  # a receiver gives nothing back
    "notify_before_reply",
    "notify_duplicate",
    "notify_reordered",  # held back until a later one was sent
    "notify_forged",  # by somebody else, before the real one
    "notify_signtest",  # the channel's probe that must be refused, before the real one
    "notify_wrong_amount",  # properly signed, before the real one
    "notify_lost",
]
Call: TypeAlias = Literal[
    "order", "query", "close", "refund", "refund_query", "return", "balance", "bill", "bill_text",
    "transfer", "transfer_query", "transfer_cancel", "split", "split_query", "share_return", "notify"
]  # fmt: skip
ANSWERED: Final = frozenset(get_args(Call)) - {"notify", "bill_text"}
NOTIFY: Final = frozenset({"notify"})
TAKING: Final = frozenset({"refund", "return"})
FITS: Final[dict[Fault, frozenset[str]]] = {
    "drop_reply": ANSWERED | {"bill_text"},
    "error_after_success": ANSWERED,
    "error_before": ANSWERED,
    "delay": ANSWERED,
    "busy": ANSWERED,
    "not_visible_yet": frozenset({"order", "refund", "transfer", "split", "share_return"}),
    "clock_skew": ANSWERED | NOTIFY,
    "key_rotation": ANSWERED,
    "not_enough": frozenset({"refund", "transfer"}),
    "transfer_fails": frozenset({"transfer"}),
    "transfer_lapses": frozenset({"transfer"}),
    "share_closed": frozenset({"split"}),
    "share_kept": frozenset({"share_return"}),
    "refund_slow": TAKING,
    "refund_abnormal": frozenset({"refund"}),
    "refund_closed": frozenset({"refund"}),
    "notify_before_reply": TAKING,
    "notify_duplicate": NOTIFY,
    "notify_reordered": NOTIFY,
    "notify_forged": NOTIFY,
    "notify_signtest": NOTIFY,
    "notify_wrong_amount": NOTIFY,
    "notify_lost": NOTIFY,
}

# Of the chance that anything goes wrong at a call, what part each fault has. A wrong amount is left out:
# no channel that honours its numbers says one.
MODERATE: Final[dict[Fault, float]] = {
    "drop_reply": 0.3,
    "error_after_success": 0.2,
    "error_before": 0.1,
    "delay": 0.2,
    "busy": 0.1,
    "not_visible_yet": 0.3,
    "clock_skew": 0.05,
    "key_rotation": 0.002,
    "not_enough": 0.1,
    "refund_slow": 0.2,
    "refund_abnormal": 0.05,
    "refund_closed": 0.1,
    "transfer_fails": 0.05,
    "transfer_lapses": 0.2,
    "share_closed": 0.05,
    "share_kept": 0.05,
    "notify_before_reply": 0.2,
    "notify_duplicate": 0.3,
    "notify_reordered": 0.2,
    "notify_forged": 0.1,
    "notify_signtest": 0.1,
    "notify_lost": 0.3,
}
REQUESTED = """
SELECT o.seq, o.fault, o.call, o.times - count(f.seq) AS times_left
FROM fault_orders o LEFT JOIN faults_fired f ON f.fault_order = o.seq
WHERE o.plan = ? GROUP BY o.seq HAVING times_left > 0 ORDER BY o.seq
"""
TURNS = "SELECT call, number, max(turn) + 1 FROM faults_fired WHERE plan = ? GROUP BY call, number"
HIDDEN = "SELECT 1 FROM veils WHERE number = ? AND mchid = ? AND until > ?"

Rate = Annotated[float, msgspec.Meta(ge=0, le=1)]
Span: TypeAlias = tuple[
    Annotated[int, msgspec.Meta(ge=0, le=31_536_000)],
    Annotated[int, msgspec.Meta(ge=0, le=31_536_000)],
]


class Plan(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How much goes wrong. Spans are from the shortest to the longest, both possible."""

    seed: int = 0
    rates: dict[Fault, Rate] = {}
    delays_ms: Span = (50, 500)  # of a delayed answer; real time
    refund_seconds: Span = (1, 1)  # until a refund ends; the channel's clock, as below
    confirm_seconds: Span = (1, 1)  # until a payee takes a transfer
    slow_seconds: Span = (60, 600)  # until a slow one does
    unseen_seconds: Span = (5, 40)  # until something taken on is found by queries

    def __post_init__(self) -> None:
        spans = (self.delays_ms, self.refund_seconds, self.confirm_seconds)
        for low, high in (*spans, self.slow_seconds, self.unseen_seconds):
            if low > high:
                raise ValueError(f"{low} is more than {high}")


class Requested(msgspec.Struct):
    """Faults asked for by hand that have not all happened yet."""

    seq: int
    fault: Fault
    call: Call
    left: int


class Fate:
    """What shall go wrong at one call, and what did."""

    def __init__(self, plan: Plan, plan_seq: int, call: Call, number: str, turn: int) -> None:
        self.plan = plan
        self.call = call
        self.number = number
        self.wanted: dict[Fault, Requested | None] = {}
        self.fired: set[Fault] = set()
        self._plan_seq = plan_seq
        self._turn = turn

    def wants(self, fault: Fault) -> bool:
        return fault in self.wanted

    def share(self, what: str) -> float:
        """From 0 to just below 1; always the same for the same call."""
        words = f"{self.plan.seed}|{what}|{self.call}|{self.number}|{self._turn}"
        return int.from_bytes(blake2b(words.encode(), digest_size=7).digest()) / 2**56

    def within(self, what: str, span: Span) -> int:
        low, high = span
        return low + int(self.share(f"{what} within") * (high - low + 1))

    def write(self, books: Connection, fault: Fault, at: datetime) -> None:
        """It happens now: into the books, with what it does or before."""
        requested = self.wanted[fault]
        self.fired.add(fault)
        add(
            books,
            "faults_fired",
            fault=fault,
            call=self.call,
            number=self.number,
            turn=self._turn,
            plan=self._plan_seq,
            fault_order=requested.seq if requested else None,
            at=at.isoformat(),
        )

    def hide(self, books: Connection, mchid: str, at: datetime) -> None:
        """What was just taken on under this number is not found for a while, if so wanted."""
        if not self.wants("not_visible_yet"):
            return
        seconds = self.within("not_visible_yet", self.plan.unseen_seconds)
        until = int((at + timedelta(seconds=seconds)).timestamp() * 1000)
        add(books, "veils", mchid=mchid, number=self.number, until=until, at=at.isoformat())
        self.write(books, "not_visible_yet", at)


class Faults:
    """The plan in force. `start` it once the books are open."""

    def __init__(self, books: Books, clock: Clock, default: Plan) -> None:
        self._books = books
        self._clock = clock
        self._default = default
        self.plan = default
        self._seq = 0
        self._requested: list[Requested] = []
        self._turns: Counter[tuple[Call, str]] = Counter()

    def start(self) -> None:
        """Go on as the books say; without a word in them, by the default."""
        self._turns.clear()
        found = self._books.read("SELECT seq, plan FROM fault_plans ORDER BY seq DESC LIMIT 1")
        self._seq, self.plan = 0, self._default
        if found:
            self._seq, self.plan = found[0]["seq"], msgspec.json.decode(found[0]["plan"], type=Plan)
        self._requested = [
            Requested(row["seq"], row["fault"], row["call"], row["times_left"])
            for row in self._books.read(REQUESTED, self._seq)
        ]
        for call, number, turns in self._books.read(TURNS, self._seq):
            self._turns[call, number] = turns

    async def follow(self, plan: Plan) -> None:
        """Another plan, durably. What was asked for by hand before is void."""
        text, at = msgspec.json.encode(plan).decode(), self._clock.now().isoformat()
        await self._books.write(lambda books: add(books, "fault_plans", plan=text, at=at))
        self.start()

    async def request(self, fault: Fault, call: Call, times: int) -> None:
        """Let the next `times` calls of this kind meet it."""
        wish = {"fault": fault, "call": call, "times": times, "plan": self._seq}
        at = self._clock.now().isoformat()
        seq = await self._books.write(lambda books: add(books, "fault_orders", at=at, **wish))
        self._requested.append(Requested(seq, fault, call, times))

    def draw(self, call: Call, number: str) -> Fate:
        """What shall go wrong at this call. Say `done` when it is over."""
        turn = self._turns[call, number]
        fate = Fate(self.plan, self._seq, call, number, turn)
        if self.plan.rates:
            self._turns[call, number] += 1
            for fault, rate in self.plan.rates.items():
                if call in FITS[fault] and fate.share(fault) < rate:
                    fate.wanted[fault] = None
        for requested in self._requested:
            if (
                requested.call == call
                and requested.left
                and fate.wanted.get(requested.fault) is None
            ):
                requested.left -= 1
                fate.wanted[requested.fault] = requested
        return fate

    async def fire(self, fate: Fate, fault: Fault) -> bool:
        """True when it is wanted: it is in the books then, and has to happen."""
        if not fate.wants(fault) or fault in fate.fired:
            return False
        at = self._clock.now()
        await self._books.write(lambda books: fate.write(books, fault, at))
        return True

    def done(self, fate: Fate) -> None:
        """The call is over: what was asked for by hand and did not happen is for the next one."""
        for fault, requested in fate.wanted.items():
            if requested is not None and fault not in fate.fired:
                requested.left += 1
        self._requested = [requested for requested in self._requested if requested.left]

    def fired(self) -> dict[str, int]:
        """How often each fault happened, ever."""
        counted = self._books.read("SELECT fault, count(*) FROM faults_fired GROUP BY fault")
        return {fault: 0 for fault in FITS} | {fault: count for fault, count in counted}

    def shown(self) -> dict[str, Any]:
        return {
            "plan": msgspec.to_builtins(self.plan),
            "by_default": self._seq == 0,
            "waiting": msgspec.to_builtins(self._requested),
            "fired": self.fired(),
        }


def hidden(books: Books, mchid: str, number: str, at: datetime) -> bool:
    """Is it too early for a query to find it?"""
    return bool(books.read(HIDDEN, number, mchid, int(at.timestamp() * 1000)))


def moderate(rate: float) -> Plan:
    """Everything that can happen to an honest channel, a little of each; 0: nothing."""
    if not rate:
        return Plan()
    rates = {fault: rate * share for fault, share in MODERATE.items()}
    return Plan(rates=rates, refund_seconds=(1, 30))


def unfit(fault: Fault, call: Call) -> bool:
    """Can this fault never happen at such a call?"""
    return call not in FITS[fault]
