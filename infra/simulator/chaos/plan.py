"""What will fail, in which order, decided before anything does: the same seed and numbers give the same plan.

A plan is a list of faults, each with the second at which it is due. They are done one after another; those
of the network last a while, so that others come on top of them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from random import Random
from typing import Any, Final, Literal, NamedTuple, TypeAlias

from infra.crash import POINTS
from infra.simulator.world.dice import dice
from infra.simulator.world.processes import OWNER, STANDBY

What: TypeAlias = Literal[
    "kill", "stop", "wipe", "crash", "slow", "cut", "silent", "one-way", "clock"
]

SERVICES: Final = ("relay", "projector", "runner", "gateway")
LINKS: Final = (
    "engine-1→postgres", "engine-2→postgres", "gateway→postgres", "relay→postgres", "projector→postgres",
    "runner→postgres", "engine-1→nats", "engine-2→nats", "relay→nats", "projector→nats", "runner→nats",
    "engine-1→channel", "engine-2→channel", "gateway→channel", "runner→channel", "channel→gateway",
)  # fmt: skip
TOXIC: Final[tuple[What, ...]] = ("slow", "cut", "silent", "one-way")
BUSY: Final = ("engine-1→postgres", "engine-2→postgres", "relay→postgres", "projector→postgres",
    "runner→postgres", "gateway→postgres", "relay→nats", "projector→nats", "runner→nats",
    "runner→channel", "channel→gateway")  # fmt: skip
LEASE_SECONDS: Final = 3.0  # of the owner's heartbeat and of consumers: a stop has to last longer
STOP_SECONDS: Final = (3.5, 6.0)
TOXIC_SECONDS: Final = (2.0, 7.0)
HURRIED: Final = (
    "hurried"  # a dead owner is declared dead, instead of waiting for its silence to show
)
PASSES_MAX: Final = 12  # of a crash point, before it is fatal
FORWARD_MINUTES: Final = (2, 5, 20, 45, 90, 200)
BACK_SECONDS: Final = (1.0, 4.0, 20.0)


class Counts(NamedTuple):
    """How often each fault has to happen, at least. A run in which one did not is no proof."""

    engine_kills: int = 0
    standby_kills: int = 0
    service_kills: int = 0  # of relay, projector, runner and gateway together
    stops: int = 0
    postgres_kills: int = 0
    nats_kills: int = 0
    nats_wipes: int = 0
    network: int = 0
    jumps: int = 0
    rounds: int = 0  # at each named crash point
    refunds: int = 0  # asked for while the channel misbehaves


CI: Final = Counts(
    engine_kills=100,
    standby_kills=5,
    service_kills=12,
    stops=5,
    postgres_kills=20,
    nats_kills=10,
    nats_wipes=2,
    network=12,
    jumps=6,
    rounds=3,
    refunds=2000,
)


def counts_for(minutes: float) -> Counts:
    """A plan that fills so many minutes: about one fault in four seconds."""

    def every(seconds: float) -> int:
        return max(1, round(minutes * 60 / seconds))

    return Counts(
        engine_kills=every(20),
        standby_kills=every(100),
        service_kills=every(18),
        stops=every(60),
        postgres_kills=every(75),
        nats_kills=every(75),
        nats_wipes=every(300),
        network=every(15),
        jumps=every(60),
        rounds=round(minutes / 5),
        refunds=round(minutes * 20),
    )


class Fault(NamedTuple):
    """`detail` says more: the crash point and pass, how a network fault ends, seconds of a jump."""

    at: float  # real seconds after the load began, at the earliest
    what: What
    target: str
    seconds: float = 0.0
    detail: str = ""

    @property
    def name(self) -> str:
        """What it is counted under."""
        if self.what == "crash":
            return f"crash {self.target} at {self.detail.partition(':')[0]}"
        if self.what == "clock":
            return f"clock {self.target}"
        if self.what in TOXIC:
            return f"{self.what} {self.target.partition('→')[2]}"
        return f"{self.what} {self.target}"


class Plan(NamedTuple):
    seed: int
    counts: Counts
    faults: tuple[Fault, ...]

    @property
    def wanted(self) -> Counter[str]:
        """By name, how often each has to be seen."""
        return Counter(fault.name for fault in self.faults)


def plan(seed: int, counts: Counts, seconds: float) -> Plan:
    """Everything in a random order, spread over `seconds`; 0: one right after the other."""
    chance = dice(seed, "chaos")
    faults = list(drawn(chance, counts, hurried=not seconds))
    chance.shuffle(faults)
    gap = seconds / max(1, len(faults))
    due = [(number + chance.random()) * gap for number in range(len(faults))]
    return Plan(
        seed,
        counts,
        tuple(fault._replace(at=round(at, 2)) for at, fault in zip(due, faults, strict=True)),
    )


def drawn(chance: Random, counts: Counts, *, hurried: bool) -> Iterator[Fault]:
    for number in range(counts.engine_kills):
        yield Fault(0, "kill", OWNER, detail=HURRIED if hurried and number % 10 else "")
    for _ in range(counts.standby_kills):
        yield Fault(0, "kill", STANDBY)
    for number in range(counts.service_kills):
        yield Fault(0, "kill", SERVICES[number % len(SERVICES)])
    for number in range(counts.stops):
        target = (OWNER, *SERVICES, STANDBY)[number % 6]
        yield Fault(0, "stop", target, round(chance.uniform(*STOP_SECONDS), 2))
    for _ in range(counts.postgres_kills):
        yield Fault(0, "kill", "postgres")
    for _ in range(counts.nats_kills):
        yield Fault(0, "kill", "nats")
    for _ in range(counts.nats_wipes):
        yield Fault(0, "wipe", "nats")
    yield from network(chance, counts.network)
    yield from jumps(chance, counts.jumps)
    for _ in range(counts.rounds):
        yield from crashes(chance)


def network(chance: Random, count: int) -> Iterator[Fault]:
    for number in range(count):
        what = TOXIC[number % len(TOXIC)]
        link = BUSY[(number + number // len(TOXIC)) % len(BUSY)]
        ways = {
            "one-way": ("requests", "answers"),
            "silent": ("both",),
            "slow": ("",),
            "cut": ("",),
        }
        end = chance.choice(("let go", "cut"))
        detail = f"{chance.choice(ways[what])} {end}" if what in ("one-way", "silent") else ""
        yield Fault(0, what, link, round(chance.uniform(*TOXIC_SECONDS), 2), detail)


def jumps(chance: Random, count: int) -> Iterator[Fault]:
    """Forward by minutes to hours; each third one back by a moment, which nobody may record."""
    for number in range(count):
        if number % 3 == 2:
            yield Fault(0, "clock", "back", -chance.choice(BACK_SECONDS))
        else:
            yield Fault(0, "clock", "forward", 60.0 * chance.choice(FORWARD_MINUTES))


def crashes(chance: Random) -> Iterator[Fault]:
    """Every named point once. "resolved" and "life_noted" are passed once in a fault of their own."""
    for kind, points in POINTS.items():
        for point in points:
            rare = point in ("resolved", "life_noted")
            passes = 1 if rare else chance.randint(1, PASSES_MAX)
            yield Fault(0, "crash", kind, detail=f"{point}:{passes}")


CHANNEL_RATES: Final[Mapping[str, float]] = {
    "drop_reply": 0.10,
    "error_after_success": 0.06,
    "error_before": 0.04,
    "delay": 0.08,
    "busy": 0.03,
    "not_visible_yet": 0.06,
    "clock_skew": 0.01,
    "not_enough": 0.02,
    "refund_slow": 0.06,
    "refund_abnormal": 0.01,
    "refund_closed": 0.03,
    "notify_duplicate": 0.10,
    "notify_reordered": 0.06,
    "notify_before_reply": 0.06,
    "notify_forged": 0.03,
    "notify_signtest": 0.03,
    "notify_wrong_amount": 0.02,
    "notify_lost": 0.08,
}
"""About every third call of the channel meets something. Each has to have happened at least once."""


def channel_plan(seed: int, rates: Mapping[str, float] = CHANNEL_RATES) -> dict[str, Any]:
    """What the channel is asked to do wrong, as `PUT /sim/faults` takes it."""
    return {"seed": seed, "rates": dict(rates), "delays_ms": [50, 800], "refund_seconds": [1, 30]}
