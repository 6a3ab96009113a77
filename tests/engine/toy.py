"""A toy trade for testing the engine: counters that go up, refuse, burst, break and ring later."""

from datetime import timedelta
from typing import TypeAlias
from uuid import UUID

import msgspec

from commands.use_case import Command, Lane, Reply, Stream, Tx, UseCase
from domain.decider import Decider
from domain.errors import Rejected


class Bumped(msgspec.Struct, frozen=True, tag="counter.bumped.v1"):
    """The counter went up by `by`."""

    by: int
    note: str = ""


class Cracked(msgspec.Struct, frozen=True, tag="counter.cracked.v1"):
    """Cannot be applied: `evolve` raises."""


CounterEvent: TypeAlias = Bumped | Cracked


class Counter(msgspec.Struct):
    total: int = 0
    rings: int = 0


def evolve(counter: Counter, event: CounterEvent) -> Counter:
    if isinstance(event, Cracked):
        raise TypeError("cracked")
    counter.total += event.by
    counter.rings += event.note == "ring"
    return counter


COUNTER: Decider[Counter, CounterEvent] = Decider("counter", Counter, CounterEvent, evolve)


class LimitReached(Rejected, code="limit_reached", zh="到顶了"):
    """The counter would pass its limit."""


class Total(Reply, frozen=True):
    total: int


class Bump(Command, frozen=True):
    """Add `by` to a counter, up to `limit`; `note_bytes` pads the event, `spread` bumps more counters."""

    counter: UUID
    by: int = 1
    limit: int = 1_000_000_000
    note_bytes: int = 0
    also: tuple[UUID, ...] = ()


def bump(command: Bump, tx: Tx) -> Total:
    counters = (command.counter, *command.also)
    states = [tx.read(COUNTER, counter) for counter in counters]
    if states[0].total + command.by > command.limit:
        raise LimitReached(total=states[0].total)
    bumped: tuple[CounterEvent, ...] = (Bumped(command.by, "x" * command.note_bytes),)
    for counter in counters:
        tx.append(COUNTER, counter, bumped)
    return Total(states[0].total + command.by)


class Open(Command, frozen=True):
    """Make three new counters in one command; `late` rings one of them after so many seconds."""

    late_seconds: int = 0


class Opened(Reply, frozen=True):
    counters: tuple[UUID, ...]


class Ring(Command, frozen=True):
    """A timer's command."""

    counter: UUID
    times: int = 1


def open_counters(command: Open, tx: Tx) -> Opened:
    ids = tuple(tx.id(name) for name in "abc")
    bumped: tuple[CounterEvent, ...] = (Bumped(1),)
    for id in ids:
        tx.create(COUNTER, id)
        tx.append(COUNTER, id, bumped)
    if command.late_seconds:
        due = tx.at + timedelta(seconds=command.late_seconds)
        tx.set_timer(due, Ring(ids[0]), of=ids[0])
    return Opened(ids)


def ring(command: Ring, tx: Tx) -> Total:
    counter = tx.read(COUNTER, command.counter)
    rung: tuple[CounterEvent, ...] = (Bumped(0, "ring"),)
    tx.append(COUNTER, command.counter, rung)
    return Total(counter.total)


class Crack(Command, frozen=True):
    """Record an event that `evolve` cannot apply."""

    counter: UUID


def crack(command: Crack, tx: Tx) -> Total:
    tx.read(COUNTER, command.counter)
    cracked: tuple[CounterEvent, ...] = (Cracked(),)
    tx.append(COUNTER, command.counter, cracked)
    return Total(0)


class Fault(Command, frozen=True):
    """A use case with a bug."""


def fault(command: Fault, tx: Tx) -> Total:
    raise ZeroDivisionError


def _counters(command: Bump, tx: Tx) -> tuple[Stream, ...]:
    return tuple(Stream(COUNTER, id) for id in (command.counter, *command.also))


TOY: dict[str, UseCase] = {
    use_case.name: use_case
    for use_case in (
        UseCase("bump", Bump, Total, bump, "toy", _counters),
        UseCase("open", Open, Opened, open_counters, "toy"),
        UseCase("ring", Ring, Total, ring, "", lane=Lane.TIMER),
        UseCase("crack", Crack, Total, crack, "toy"),
        UseCase("fault", Fault, Total, fault, "toy"),
    )
}
