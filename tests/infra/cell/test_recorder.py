"""The library's recorder over our log: its own test cases, the fence, and our events in its words."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest
from eventsourcing.application import LocalNotificationLog
from eventsourcing.persistence import (
    DataError,
    EventStore,
    IntegrityError,
    MapperDeserialisationError,
    NotSupportedError,
    OperationalError,
    ProgrammingError,
    StoredEvent,
)
from eventsourcing.system import NotificationLogReader
from eventsourcing.tests.persistence import (
    ApplicationRecorderTestCase,
    NonInterleavingNotificationIDsBaseCase,
)

from infra.cell.mapper import EventMapper, LoggedEvent, categories
from infra.cell.offline import CellOwned, Offline
from infra.cell.recorder import CellRecorder
from infra.cell.verify import verify
from infra.clock import SystemClock
from tests.engine.running import running
from tests.engine.toy import COUNTER, Bump, Bumped, Open
from tests.servers import Database

OFFLINE = Offline("demo", "operator", "test", SystemClock(), categories([COUNTER]))


class LibraryCase:
    """A fresh cell for each of the library's tests; afterwards both hash chains must hold."""

    @pytest.fixture(autouse=True)
    def _cell(self, fresh_database: Database) -> Iterator[None]:
        self.dsn = fresh_database.dsn
        with ExitStack() as self.recorders:
            yield
        report = verify(self.dsn, "cell_0", None)
        assert report.bad is None
        assert report.events > 0

    def create_recorder(self) -> CellRecorder:
        # The library's cases count a stream's events from 0, its aggregates from 1.
        recorder = CellRecorder(self.dsn, "cell_0", OFFLINE, initial_version=0)
        return self.recorders.enter_context(recorder)


class TestApplicationRecorder(LibraryCase, ApplicationRecorderTestCase[CellRecorder]):
    INITIAL_VERSION = 0

    def test_insert_subscribe(self) -> None:
        self.optional_test_insert_subscribe()


class TestNonInterleavingNotificationIDs(LibraryCase, NonInterleavingNotificationIDsBaseCase):
    pass


@pytest.fixture
def recorder(fresh_database: Database) -> Iterator[CellRecorder]:
    with CellRecorder(fresh_database.dsn, "cell_0", OFFLINE) as recorder:
        yield recorder


def stored(stream: UUID, version: int, state: bytes = b"\x00\xff", topic: str = "t") -> StoredEvent:
    return StoredEvent(stream, version, topic, state)


def test_a_stream_counts_up_without_a_gap(recorder: CellRecorder) -> None:
    stream = uuid4()
    assert recorder.insert_events([stored(stream, 1), stored(stream, 2)]) == [1, 2]
    for wrong in (0, 1, 2, 4):
        with pytest.raises(IntegrityError):
            recorder.insert_events([stored(uuid4(), 1), stored(stream, wrong)])
    with pytest.raises(IntegrityError):
        recorder.insert_events([stored(stream, 3), stored(stream, 3)])
    assert recorder.insert_events([]) == []
    assert recorder.max_notification_id() == 2
    assert [e.originator_version for e in recorder.select_events(stream, desc=True)] == [2, 1]
    assert [e.originator_version for e in recorder.select_events(stream, gt=1, lte=2)] == [2]
    assert [e.state for e in recorder.select_events(stream, limit=1)] == [b"\x00\xff"]


def test_what_cannot_be_stored_is_refused_and_the_next_insert_succeeds(
    recorder: CellRecorder,
) -> None:
    stream = uuid4()
    with pytest.raises(DataError):
        recorder.insert_events([stored(stream, 1, b"x" * 300_000)])
    with pytest.raises(DataError):
        recorder.insert_events([stored(stream, 1, topic="a\0b")])
    with pytest.raises(ProgrammingError):
        recorder.insert_events([StoredEvent("no uuid", 1, "t", b"")])
    with pytest.raises(NotSupportedError):
        recorder.insert_events([stored(stream, 1)], tracking="something")
    assert recorder.insert_events([stored(stream, 1)]) == [1]


def test_a_stream_of_another_tenant_or_kind_is_not_touched(fresh_database: Database) -> None:
    stream, bumped = uuid4(), b'{"type":"counter.bumped.v1","by":1}'
    with CellRecorder(fresh_database.dsn, "cell_0", OFFLINE) as mine:
        mine.insert_events([stored(stream, 1, bumped, "counter.bumped.v1")])
        with pytest.raises(IntegrityError, match="is a counter of tenant demo"):
            mine.insert_events([stored(stream, 2)])
    elsewhere = OFFLINE._replace(tenant="other")
    with (
        CellRecorder(fresh_database.dsn, "cell_0", elsewhere) as theirs,
        pytest.raises(IntegrityError, match="is a counter of tenant demo"),
    ):
        theirs.insert_events([stored(stream, 2, bumped, "counter.bumped.v1")])


def test_without_leave_to_write_it_only_reads(fresh_database: Database) -> None:
    with CellRecorder(fresh_database.dsn, "cell_0") as recorder:
        assert recorder.max_notification_id() is None
        with pytest.raises(NotSupportedError):
            recorder.insert_events([stored(uuid4(), 1)])


async def test_beside_a_live_engine_it_reads_and_never_writes(fresh_database: Database) -> None:
    with CellRecorder(fresh_database.dsn, "cell_0", OFFLINE) as recorder:
        async with running(fresh_database.dsn) as cell:
            counter = uuid4()
            await cell.ask(Bump(counter))
            with pytest.raises(CellOwned, match="http://here owns cell_0"):
                recorder.insert_events([stored(uuid4(), 1)])
            await cell.ask(Bump(counter))
            assert [n.id for n in recorder.select_notifications(None, 10)] == [1, 2]


async def test_an_engine_that_took_over_fences_the_recorder(fresh_database: Database) -> None:
    stream = uuid4()
    with CellRecorder(fresh_database.dsn, "cell_0", OFFLINE) as recorder:
        recorder.insert_events([stored(stream, 1)])
        with psycopg.connect(fresh_database.dsn, autocommit=True) as session:
            session.execute("update cell_0.owner set heartbeat_at = '-infinity'")  # 3 s go by
        async with running(fresh_database.dsn) as cell:
            with pytest.raises(OperationalError):
                recorder.insert_events([stored(stream, 2)])
            await cell.ask(Bump(uuid4()))
        assert recorder.insert_events([stored(stream, 2)]) == [3]
    assert verify(fresh_database.dsn, "cell_0", None).bad is None


def test_a_lost_session_while_committing_is_looked_up(
    recorder: CellRecorder, fresh_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert recorder._writer is not None
    stream, store = uuid4(), recorder._writer._store
    recorder.insert_events([stored(stream, 1)])
    commit = store.commit
    killer = psycopg.connect(fresh_database.dsn, autocommit=True)

    async def lose(*args: object, after: bool) -> None:
        if after:
            await commit(*args)  # type: ignore[arg-type]
        killer.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity"
            " where application_name = 'tuan-engine-cell_0' and datname = current_database()"
        )
        await commit(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "commit", lambda *args: lose(*args, after=False))
    with pytest.raises(OperationalError, match="nothing was written"):
        recorder.insert_events([stored(stream, 2)])
    monkeypatch.setattr(store, "commit", lambda *args: lose(*args, after=True))
    assert recorder.insert_events([stored(stream, 2)]) == [2]
    monkeypatch.undo()
    assert recorder.insert_events([stored(stream, 3)]) == [3]
    killer.close()


async def test_the_librarys_notification_log_reads_what_the_engine_wrote(
    fresh_database: Database,
) -> None:
    mapper = EventMapper([COUNTER])
    async with running(fresh_database.dsn) as cell:
        counter = uuid4()
        await cell.ask(Open())
        for by in (5, 7):
            await cell.ask(Bump(counter, by))
        with CellRecorder(fresh_database.dsn, "cell_0") as recorder:
            log = NotificationLogReader(LocalNotificationLog(recorder, 2), 2)
            notifications = list(log.read(start=1))
            assert [n.id for n in notifications] == [1, 2, 3, 4, 5]
            facts = [mapper.to_domain_event(notification) for notification in notifications]
            assert [fact.event for fact in facts] == [Bumped(1)] * 3 + [Bumped(5), Bumped(7)]
            assert facts[-1].originator_id == counter
            assert facts[-1].originator_version == 2
            assert mapper.to_stored_event(facts[-1]).state == notifications[-1].state
            with recorder.subscribe(gt=3, topics=["counter.bumped.v1"]) as subscription:
                assert next(subscription).id == 4


async def test_what_the_library_wrote_offline_the_engine_goes_on_with(
    fresh_database: Database,
) -> None:
    counter, mapper = uuid4(), EventMapper([COUNTER])
    with CellRecorder(fresh_database.dsn, "cell_0", OFFLINE) as recorder:
        store = EventStore(mapper, recorder)
        history = [LoggedEvent(counter, version, Bumped(10)) for version in (1, 2, 3)]
        store.put(history)
        facts = [fact for fact in store.get(counter) if isinstance(fact, LoggedEvent)]
        assert COUNTER.fold(fact.event for fact in facts).total == 30
    async with running(fresh_database.dsn) as cell:
        assert (await cell.ask(Bump(counter, 5))).reply == b'{"total":35}'
        assert cell.rows("select principal, name, body from commands order by seq limit 1") == [
            ("operator", "record_events", b'{"events":3,"reason":"test"}')
        ]
    assert verify(fresh_database.dsn, "cell_0", [COUNTER]).bad is None


def test_bytes_that_are_not_what_their_name_says_are_refused() -> None:
    mapper = EventMapper([COUNTER])
    for topic, state in (
        ("counter.bumped.v1", b"\xff"),
        ("counter.bumped.v1", b'{"type":"counter.cracked.v1"}'),
        ("counter.lost.v1", b'{"type":"counter.lost.v1"}'),
    ):
        with pytest.raises(MapperDeserialisationError, match=topic):
            mapper.to_domain_event(stored(uuid4(), 1, state, topic))


def test_the_library_is_met_in_one_place_only() -> None:
    root = Path(__file__).resolve().parents[3]
    meets = re.compile(r"^\s*(from|import) eventsourcing\b", re.MULTILINE)
    folders = ("domain", "commands", "projections", "read_api", "infra")
    met = {
        path.relative_to(root).as_posix()
        for folder in folders
        for path in (root / folder).rglob("*.py")
        if meets.search(path.read_text())
    }
    assert met == {f"infra/cell/{name}.py" for name in ("mapper", "offline", "polling", "recorder")}
