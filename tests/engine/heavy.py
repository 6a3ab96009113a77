"""More of the toy trade, for weight: bursts of events, holds on a real stock pool, money that must not wait."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from commands.use_case import Command, Lane, Reply, Stream, Tx, UseCase
from domain.decider import Decider
from domain.events.stock import PoolOpened, StockEvent, StockReceived
from domain.ids import PoolId, SkuId
from domain.stock import STOCK, Change, settle
from tests.engine.toy import COUNTER, TOY, Bumped, CounterEvent, Ring, Total


class Burst(Command, frozen=True):
    """Bump a counter `times` times in one command."""

    counter: UUID
    times: int


def burst(command: Burst, tx: Tx) -> Total:
    counter = tx.read(COUNTER, command.counter)
    bumped: tuple[CounterEvent, ...] = (Bumped(1),) * command.times
    tx.append(COUNTER, command.counter, bumped)
    return Total(counter.total + command.times)


class Alarms(Command, frozen=True):
    """Set so many timers, all due at the same moment, each on a counter of its own."""

    times: int
    late_seconds: int


class Set(Reply, frozen=True):
    counters: tuple[UUID, ...]


def alarms(command: Alarms, tx: Tx) -> Set:
    counters = tuple(tx.id(str(n)) for n in range(command.times))
    due = tx.at + timedelta(seconds=command.late_seconds)
    for counter in counters:
        tx.set_timer(due, Ring(counter), of=counter)
    return Set(counters)


class Hold(Command, frozen=True):
    """Hold one unit in a real stock pool for each of so many buyers; the first ones fill the pool."""

    pool: PoolId
    buyers: int = 1


def hold(command: Hold, tx: Tx) -> Total:
    pool = tx.read(STOCK, command.pool)
    events: list[StockEvent] = []
    if pool.received == 0:
        sku = SkuId(command.pool)
        events.append(PoolOpened(command.pool, sku, "warehouse", "here", 0, tx.at))
        events.append(StockReceived(command.pool, 1_000_000, "all at once", tx.at))
        pool = STOCK.fold(events)
    for n in range(command.buyers):
        events += settle(pool, holder=tx.id(str(n)), change=Change(hold=1), at=tx.at)
    tx.append(STOCK, command.pool, events)
    return Total(pool.held + command.buyers)


class Refund(Command, frozen=True):
    """Like a bump, but in the lane of money."""

    counter: UUID


def refund(command: Refund, tx: Tx) -> Total:
    counter = tx.read(COUNTER, command.counter)
    bumped: tuple[CounterEvent, ...] = (Bumped(1),)
    tx.append(COUNTER, command.counter, bumped)
    return Total(counter.total + 1)


HEAVY: dict[str, UseCase] = TOY | {
    use_case.name: use_case
    for use_case in (
        UseCase(
            "burst", Burst, Total, burst, "toy", lambda cmd, tx: (Stream(COUNTER, cmd.counter),)
        ),
        UseCase("alarms", Alarms, Set, alarms, "toy"),
        UseCase("hold", Hold, Total, hold, "toy", lambda cmd, tx: (Stream(STOCK, cmd.pool),)),
        UseCase("refund", Refund, Total, refund, "toy", lane=Lane.MONEY),
    )
}
DECIDERS: tuple[Decider[Any, Any], ...] = (COUNTER, STOCK)
