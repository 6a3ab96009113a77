"""An event that cannot be applied holds up its own stream and nothing else, until it is replayed."""

from collections.abc import Sequence
from uuid import UUID

import psycopg

from domain.events.order import OrderPaid, OrderPlaced, OrderReadied
from infra.delivery.connect import connect
from infra.delivery.handlers import Handler, projecting, wants
from infra.delivery.parking import STREAMS_MAX, Replayed, is_poison, list_parked, replay_parked
from projections import PROJECTIONS, order_status, sales_dashboard
from projections.recorded import Recorded, Tx
from tests.delivery.conftest import CELL, HANDLERS, NAMES, Pipe
from tests.delivery.history import Fact, world
from tests.waiting import eventually_async

ORDERS = projecting(order_status.PROJECTION)


def life(events: Sequence[Fact]) -> UUID:
    """An order that was placed, paid and readied."""
    readied = {fact.stream for fact in events if isinstance(fact.event, OrderReadied)}
    return next(
        it.stream for it in events if isinstance(it.event, OrderPaid) and it.stream in readied
    )


def failing_at(victims: set[UUID], kind: type = OrderPaid, *, parks: bool = True) -> Handler:
    """The projection of orders with a bug: it cannot take this event of these orders."""

    async def project(batch: Sequence[Recorded], tx: Tx) -> None:
        await order_status.project(batch, tx)
        for one in batch:
            if one.stream in victims and isinstance(one.event, kind):
                raise ValueError("a bug of ours")

    return ORDERS._replace(project=project, parks=parks)


def parked(pipe: Pipe) -> list[tuple[str, UUID, int, str | None]]:
    return [
        (handler, stream, position, error)
        for handler, stream, position, error in pipe.history.rows(
            "select handler, stream_id, position, error from read.parked order by position, handler"
        )
    ]


async def test_a_bug_parks_the_stream_and_a_fix_replays_it_in_order(pipe: Pipe) -> None:
    events = world(1, groups=60)
    victim = life(events)
    await pipe.relay()
    consumer = pipe.consumer([failing_at({victim}), *HANDLERS[1:]])
    pipe.history.append(events)
    await pipe.arrived()
    mine = [at for at, it in enumerate(events, 1) if it.stream == victim]
    at_fault = next(at for at in mine if isinstance(events[at - 1].event, OrderPaid))
    following = [at for at in mine if at >= at_fault]
    assert [(it[0], it[2]) for it in parked(pipe)] == [(order_status.NAME, at) for at in following]
    assert [it[3] for it in parked(pipe)] == ["ValueError: a bug of ours"] + [None] * (
        len(following) - 1
    )

    async def counted() -> bool:
        return consumer.checkpoints[order_status.NAME].parked == len(following)

    await eventually_async(counted)
    assert not await pipe.equals_replay()
    async with await connect(pipe.dsn, "test") as conn:
        assert [it.stream_id for it in await list_parked(conn)] == [victim]
        assert await replay_parked(conn, ORDERS, CELL) == Replayed(len(following), 0)
    assert parked(pipe) == []
    assert await pipe.equals_replay()


async def test_later_events_of_a_parked_stream_follow_it_in_later_batches(pipe: Pipe) -> None:
    events = world(2, groups=30)
    victim = life(events)
    pipe.consumer([failing_at({victim}), *HANDLERS[1:]])
    for start in range(0, len(events), 50):
        pipe.history.append(events[start : start + 50])
        await pipe.arrived()
    placed = next(
        i
        for i, it in enumerate(events, 1)
        if it.stream == victim and isinstance(it.event, OrderPaid)
    )
    expected = [i for i, it in enumerate(events, 1) if it.stream == victim and i >= placed]
    assert [it[2] for it in parked(pipe)] == expected
    async with await connect(pipe.dsn, "test") as conn:
        await replay_parked(conn, ORDERS, CELL)
    assert await pipe.equals_replay()


async def test_what_still_fails_stays_parked(pipe: Pipe) -> None:
    events = world(3, groups=20)
    victims = {it.stream for it in events if isinstance(it.event, OrderPaid)}
    broken, mended = sorted(victims)[:2]
    pipe.consumer([failing_at({broken, mended}), *HANDLERS[1:]])
    pipe.history.append(events)
    await pipe.arrived()
    async with await connect(pipe.dsn, "test") as conn:
        await replay_parked(conn, failing_at({broken}), CELL)
    assert {it[1] for it in parked(pipe)} == {broken}
    pipe.history.append([it for it in events if it.stream == broken][-1:])  # and still follows
    await pipe.arrived()
    async with await connect(pipe.dsn, "test") as conn:
        await replay_parked(conn, ORDERS, CELL)
    assert parked(pipe) == []
    assert await pipe.equals_replay()


async def test_events_that_no_code_can_read_park_wherever_they_are_wanted(pipe: Pipe) -> None:
    events = world(4, groups=10)
    of_order = next(i for i, it in enumerate(events) if isinstance(it.event, OrderPaid))
    events[of_order] = events[of_order]._replace(raw=b'{"type":"order.paid.v1","amount":')
    of_future = next(i for i, it in enumerate(events) if isinstance(it.event, OrderPlaced))
    events[of_future] = events[of_future]._replace(
        raw=b'{"type":"order.placed.v2"}', type="order.placed.v2"
    )
    await pipe.relay()
    pipe.consumer()
    pipe.history.append(events)
    await pipe.arrived()
    spoilt = {
        "order.paid.v1": events[of_order].stream,
        "order.placed.v2": events[of_future].stream,
    }
    assert {(it[0], it[1]) for it in parked(pipe)} == {
        (handler.name, stream)
        for handler in HANDLERS
        for kind, stream in spoilt.items()
        if wants(handler, kind)
    }
    assert await pipe.equals_replay()  # a replay parks the same


async def test_sales_do_not_depend_on_when_a_parked_order_follows(pipe: Pipe) -> None:
    """Its group succeeds while the order is parked: formed GMV counts it once, when it is replayed."""
    events = world(5, groups=40)
    victim = life(events)
    sales = projecting(sales_dashboard.PROJECTION)

    async def project(batch: Sequence[Recorded], tx: Tx) -> None:
        if any(one.stream == victim for one in batch):
            raise KeyError(victim)
        await sales_dashboard.project(batch, tx)

    failing = sales._replace(project=project)
    pipe.consumer([failing if it.name == sales.name else it for it in HANDLERS])
    pipe.history.append(events)
    await pipe.arrived()
    assert {it[1] for it in parked(pipe)} == {victim}
    async with await connect(pipe.dsn, "test") as conn:
        await replay_parked(conn, sales, CELL)
    assert await pipe.equals_replay()


async def test_a_projection_that_may_not_park_halts_right_before_the_event(pipe: Pipe) -> None:
    events = world(6, groups=30)
    victim = life(events)
    culprit = next(
        i
        for i, it in enumerate(events, 1)
        if it.stream == victim and isinstance(it.event, OrderPaid)
    )
    await pipe.relay()
    pipe.consumer([failing_at({victim}, parks=False), *HANDLERS[1:]])
    pipe.history.append(events)
    await pipe.arrived(NAMES[1:])
    assert pipe.positions()[order_status.NAME] == culprit - 1
    assert pipe.alarms() == ["projection_halted"]
    assert pipe.halted() == {order_status.NAME: f"position {culprit}: ValueError: a bug of ours"}
    await pipe.stop(pipe.running[-1])
    pipe.consumer([ORDERS._replace(parks=False), *HANDLERS[1:]])  # the mended code
    await pipe.arrived()
    assert await pipe.equals_replay()


async def test_a_projection_that_fails_at_everything_halts_instead_of_parking_it_all(
    pipe: Pipe,
) -> None:
    events = world(7, groups=80)
    everybody = {it.stream for it in events if isinstance(it.event, OrderPlaced)}
    assert len(everybody) > STREAMS_MAX
    pipe.consumer([failing_at(everybody, OrderPlaced), *HANDLERS[1:]])
    pipe.history.append(events)
    await pipe.arrived(NAMES[1:])

    async def halted() -> bool:
        return "streams cannot be applied" in pipe.halted().get(order_status.NAME, "")

    await eventually_async(halted)


async def test_a_missing_table_halts_its_projection_and_parks_nothing(pipe: Pipe) -> None:
    pipe.history.conn.execute("drop table read.group_board_v1")
    pipe.consumer()
    pipe.history.append(world(8, groups=5))
    others = [name for name in NAMES if name != "group_board_v1"]
    await pipe.arrived(others)
    assert "UndefinedTable" in pipe.halted()["group_board_v1"]
    assert parked(pipe) == []


def test_nothing_is_parked_for_what_passes_by_itself() -> None:
    passing = (
        psycopg.OperationalError("the connection is lost"),
        psycopg.InterfaceError("the connection is closed"),
        psycopg.errors.DiskFull(),
        psycopg.errors.QueryCanceled(),
        psycopg.errors.DeadlockDetected(),
        psycopg.errors.SerializationFailure(),
        psycopg.errors.AdminShutdown(),
        psycopg.errors.ReadOnlySqlTransaction(),
        psycopg.errors.UndefinedTable(),
        OSError(28, "No space left on device"),
        TimeoutError(),
        MemoryError(),
    )
    to_blame = (
        ValueError("a bug"),
        KeyError("missing"),
        psycopg.errors.UniqueViolation(),
        psycopg.errors.NumericValueOutOfRange(),
        psycopg.errors.UntranslatableCharacter(),
        psycopg.errors.RaiseException(),
    )
    assert [is_poison(error) for error in passing] == [False] * len(passing)
    assert [is_poison(error) for error in to_blame] == [True] * len(to_blame)


async def test_a_database_that_is_away_parks_nothing(pipe: Pipe) -> None:
    events = world(9, groups=10)
    once = iter([psycopg.errors.DiskFull(), psycopg.errors.DeadlockDetected(), TimeoutError()])

    async def project(batch: Sequence[Recorded], tx: Tx) -> None:
        await order_status.project(batch, tx)
        if (error := next(once, None)) is not None:
            raise error

    pipe.consumer([ORDERS._replace(project=project), *HANDLERS[1:]])
    pipe.history.append(events)
    await pipe.arrived()
    assert parked(pipe) == []
    assert await pipe.equals_replay()


# A row of clearing comes from one stream and is settled by another, and of what is said of it the last counts:
# a word about a row that is not there yet would be lost.
HALTS = {"clearing_v1"}


def test_every_projection_may_park_but_those_whose_rows_need_two_streams_in_order() -> None:
    """Rows are keyed by stream, or effects commute; whoever adds another kind must say so."""
    assert {projection.name for projection in PROJECTIONS if not projection.parks} == HALTS
