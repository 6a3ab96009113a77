"""Read models equal a replay of the log, whatever happens to NATS, to Postgres and to the consumers."""

import asyncio
import random
from collections.abc import Sequence

import pytest

from infra.delivery.connect import connect
from infra.delivery.consumer import Consumer
from infra.delivery.handlers import projecting
from infra.delivery.intake import Intake
from infra.delivery.log import Log
from infra.delivery.messages import START, Message
from infra.delivery.metrics import DISCARDED, REPAIRED
from infra.delivery.replay import rebuild
from infra.embedded.nats import Nats
from infra.embedded.postgres import Postgres
from projections import PROJECTIONS
from projections.recorded import Recorded, Tx
from tests.delivery.conftest import CELL, HANDLERS, NAMES, Pipe
from tests.delivery.history import Fact, History, world
from tests.servers import Database
from tests.waiting import eventually_async


def repaired() -> float:
    """Events read from the log instead of NATS, by this process so far."""
    return float(REPAIRED.labels(CELL)._value.get())


async def at_work(consumer: Consumer) -> None:
    async def holds_the_lease() -> bool:
        return bool(consumer.checkpoints)

    await eventually_async(holds_the_lease)


async def append_slowly(pipe: Pipe, events: Sequence[Fact], step: int = 25) -> None:
    for start in range(0, len(events), step):
        pipe.history.append(events[start : start + step])
        await asyncio.sleep(0.005)  # so that delivery is under way all the time


async def test_nats_killed_and_wiped_under_way(pipe: Pipe) -> None:
    await pipe.relay()
    pipe.consumer()
    events = world(1, groups=120)
    thirds = len(events) // 3
    await append_slowly(pipe, events[:thirds])
    pipe.nats.child.kill()
    pipe.nats.wipe()
    await append_slowly(pipe, events[thirds : 2 * thirds])
    pipe.nats.start()
    await append_slowly(pipe, events[2 * thirds :])
    await pipe.arrived()
    assert await pipe.equals_replay()

    async def began_anew() -> bool:
        return pipe.alarms() == ["stream_lost"]

    await eventually_async(began_anew)


async def test_nats_restarted_under_way(pipe: Pipe) -> None:
    await pipe.relay()
    pipe.consumer()
    events = world(2, groups=60)
    for start in range(0, len(events), len(events) // 4):
        await append_slowly(pipe, events[start : start + len(events) // 4])
        pipe.nats.child.kill()
        pipe.nats.start()
    await pipe.arrived()
    assert await pipe.equals_replay()
    assert pipe.alarms() == []


async def test_without_any_nats_the_log_itself_is_read(pipe: Pipe) -> None:
    pipe.nats.stop()
    pipe.consumer()
    await append_slowly(pipe, world(3, groups=20), step=200)
    await pipe.arrived()
    assert await pipe.equals_replay()


async def test_when_all_is_well_the_log_is_hardly_read(pipe: Pipe) -> None:
    await pipe.relay()
    consumer = pipe.consumer()
    pipe.history.append(world(4, groups=1))
    await pipe.arrived()  # from here on the consumer listens

    async def listens() -> bool:
        return consumer.intake.stream_epoch > 0

    await eventually_async(listens)
    pipe.history.append(world(5, groups=1, tenant="other"), tenant="other")
    await pipe.arrived()
    before = repaired()
    events = world(6, groups=50, tenant="third")
    await append_slowly(pipe, events)
    await pipe.arrived()
    assert repaired() - before < len(events) / 2  # none, but for pauses of this machine


async def messages(pipe: Pipe) -> list[Message]:
    async with await connect(pipe.dsn, "test") as conn:
        return await Log(conn, CELL).after(START, 1_000_000)


async def test_duplicated_and_reordered_delivery_changes_nothing(pipe: Pipe) -> None:
    """A hostile NATS: everything up to five times, shuffled in windows of fifty, a tenth lost."""
    pipe.nats.stop()
    consumer = pipe.consumer()
    await at_work(consumer)
    pipe.history.append(world(7, groups=60))
    dice = random.Random(7)
    await_all = await messages(pipe)
    before = repaired()
    for start in range(0, len(await_all), 50):
        window = [
            it for it in await_all[start : start + 50] for _ in range(dice.randint(0, 5) or 1)
        ]
        window += dice.choices(await_all[: start + 50], k=20)  # and some that came long ago
        dice.shuffle(window)
        for message in window:
            if dice.random() > 0.1:
                consumer.intake.offer(message)
        await asyncio.sleep(0.002)
    await pipe.arrived()
    assert await pipe.equals_replay()
    assert repaired() - before < len(await_all)


async def test_a_message_that_does_not_continue_the_chain_is_not_believed(pipe: Pipe) -> None:
    pipe.nats.stop()
    consumer = pipe.consumer()
    await at_work(consumer)
    pipe.history.append(world(8, groups=2))
    discarded = DISCARDED.labels(CELL)._value.get()
    first = (await messages(pipe))[0]
    forged = Message(
        1, 1, "ff" * 32, "ee" * 32, "acme", first.category, first.stream, 1, first.type, first.command,
        first.at, first.data,
    )  # fmt: skip
    consumer.intake.offer(forged)
    await pipe.arrived()
    assert await pipe.equals_replay()
    assert DISCARDED.labels(CELL)._value.get() > discarded


async def test_two_consumers_at_once_do_the_work_of_one(pipe: Pipe) -> None:
    await pipe.relay()
    first = pipe.consumer()
    await at_work(first)
    second = pipe.consumer()
    events = world(9, groups=80)
    half = len(events) // 2
    await append_slowly(pipe, events[:half])
    assert not second.checkpoints  # it stands by
    await pipe.stop(pipe.running[1])
    await append_slowly(pipe, events[half:])
    await pipe.arrived()
    assert second.checkpoints
    assert await pipe.equals_replay()


async def test_who_lost_the_lease_writes_nothing_more(pipe: Pipe) -> None:
    pipe.nats.stop()
    sleeper = pipe.consumer()
    await at_work(sleeper)
    pipe.history.rows("update read.leases set renewed_at = 'epoch' returning true")
    second = pipe.consumer()  # takes over while the first believes to be at work

    async def taken_over() -> bool:
        return bool(second.checkpoints)

    await eventually_async(taken_over)
    await append_slowly(pipe, world(10, groups=20))
    await pipe.arrived()
    assert await pipe.equals_replay()


async def test_a_new_projection_catches_up_while_the_others_go_on(pipe: Pipe) -> None:
    await pipe.relay()
    pipe.consumer(HANDLERS[:2])
    events = world(11, groups=80)
    await append_slowly(pipe, events[: len(events) // 2], step=100)
    await pipe.arrived(NAMES[:2])
    await pipe.stop(pipe.running[1])
    pipe.consumer(HANDLERS)
    await append_slowly(pipe, events[len(events) // 2 :])
    await pipe.arrived()
    assert await pipe.equals_replay()


async def test_an_older_copy_of_the_log_is_never_merged_silently(pipe: Pipe) -> None:
    """A failover lost positions that the read models have; other events stand there now."""
    await pipe.relay()
    pipe.consumer()
    events = world(12, groups=40)
    pipe.history.append(events[:600])
    await pipe.arrived()
    copies = pipe.history.rows("select * from read.order_status_v2 order by order_id")
    pipe.history.forget_after(500)
    pipe.history.append(events[700:900], epoch=2)

    async def halted() -> bool:
        rows = pipe.history.rows(
            "select halted from read.checkpoints where handler = any(%s)", NAMES
        )
        return all(why and "diverged" in why for (why,) in rows)

    await eventually_async(halted)
    assert pipe.history.rows("select * from read.order_status_v2 order by order_id") == copies

    async def told() -> bool:  # each with the row it is about, one after the other
        return bool(pipe.alarms().count("read_model_diverged") == len(PROJECTIONS))

    await eventually_async(told)
    async with await connect(pipe.dsn, "test") as conn:
        for projection in PROJECTIONS:
            rebuilt = await rebuild(conn, projection, [CELL])
            assert rebuilt.same is None
    pipe.history.append(events[900:], epoch=2)
    await pipe.arrived()


async def test_postgres_killed_under_way(private_postgres: Postgres, own_nats: Nats) -> None:
    dsn = private_postgres.dsn()
    pipe = Pipe(Database(dsn), own_nats, History(dsn))
    await pipe.make_tables()
    await pipe.relay()
    pipe.consumer()
    events = world(13, groups=40)
    for start in range(0, len(events), 400):
        await append_slowly(pipe, events[start : start + 400])
        private_postgres.child.kill()
        private_postgres.start()
        pipe.history = History(dsn)
    await pipe.arrived()
    assert await pipe.equals_replay()
    for task in list(pipe.running):
        await pipe.stop(task)


async def test_a_listener_that_loses_its_cancellation_holds_nobody_up(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As libraries do that take it for the end of one of two things they wait for."""
    straight, lost = Intake.run, asyncio.Event()

    async def stubborn(self: Intake) -> None:
        while True:
            try:
                await straight(self)
            except asyncio.CancelledError:
                if lost.is_set():
                    raise
                lost.set()

    monkeypatch.setattr(Intake, "run", stubborn)
    await pipe.relay()
    pipe.consumer()
    events = world(15, groups=10)
    pipe.history.append(events[:100])
    await pipe.arrived()
    pipe.history.rows(
        "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tuan-projector'"
    )
    pipe.history.append(events[100:])
    await pipe.arrived()
    assert lost.is_set()


async def test_checkpoints_pass_over_events_that_nobody_wants(pipe: Pipe) -> None:
    await pipe.relay()
    seen: list[Recorded] = []

    async def project(batch: Sequence[Recorded], _: Tx) -> None:
        seen.extend(batch)

    nobody = projecting(PROJECTIONS[0])._replace(name="nobody", types=frozenset(), project=project)
    pipe.consumer([nobody])
    pipe.history.append(world(14, groups=5))
    await pipe.arrived(["nobody"])
    assert seen == []
