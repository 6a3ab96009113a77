"""`tuan relay` and `tuan projector` as real processes: killed, paused and stopped."""

import signal
import urllib.request
from collections.abc import Iterator

import msgspec
import pytest
from pydantic import SecretStr

from infra.embedded import ports
from infra.embedded.child import Child
from infra.embedded.nats import Nats
from infra.settings import Settings
from tests.delivery.conftest import NAMES
from tests.delivery.history import History, world
from tests.servers import Database, Processes
from tests.waiting import eventually


class Pair:
    """A relay and a projector on ports of their own."""

    def __init__(self, settings: Settings, processes: Processes) -> None:
        self.settings = settings
        self.processes = processes

    def start(self, service: str) -> tuple[Child, int]:
        """The process and its port, once it is ready."""
        port = ports.choose()
        mine = self.settings.model_copy(update={f"{service}_port": port})
        return self.processes.tuan(
            service, settings=mine, healthz=f"http://127.0.0.1:{port}/healthz"
        ), port


@pytest.fixture
def pair(
    settings: Settings, fresh_database: Database, own_nats: Nats, processes: Processes
) -> Pair:
    update = {"postgres_dsn": SecretStr(fresh_database.dsn), "nats_url": SecretStr(own_nats.url)}
    return Pair(settings.model_copy(update=update), processes)


@pytest.fixture
def log(fresh_database: Database) -> Iterator[History]:
    history = History(fresh_database.dsn)
    yield history
    history.conn.close()


def arrived(history: History) -> bool:
    rows = dict(history.rows("select handler, position from read.checkpoints"))
    return all(rows.get(name) == history.head for name in NAMES)


def test_they_serve_tell_how_they_are_and_stop_on_a_signal(pair: Pair, log: History) -> None:
    (relay, _), (projector, port) = pair.start("relay"), pair.start("projector")
    log.append(world(1, groups=20))
    eventually(lambda: arrived(log))
    metrics = urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
    assert (
        f'tuan_handler_position{{cell="cell_0",handler="order_status_v2"}} {float(log.head)}'
        in metrics
    )
    for child in (relay, projector):
        child.stop()
        assert child.process is not None
        assert child.process.returncode == 0
    assert log.rows("select * from read.leases") == []  # the next one begins at once


def test_killed_at_any_moment_they_go_on_where_they_were(pair: Pair, log: History) -> None:
    events = world(2, groups=100)
    step = len(events) // 3
    for start in range(0, len(events), step):
        children = [pair.start("relay"), pair.start("projector")]
        for part in range(start, start + step, 50):
            log.append(events[part : min(part + 50, start + step)])
        for child, _ in children:
            child.kill()
    pair.start("projector")
    eventually(lambda: arrived(log))
    assert log.rows("select count(*) from read.order_status_v2")[0][0] == sum(
        type(it.event).__name__ == "OrderPlaced" for it in events
    )


def test_a_paused_projector_is_replaced_and_writes_nothing_when_it_wakes(
    pair: Pair, log: History
) -> None:
    events = world(3, groups=40)
    pair.start("relay")
    sleeper, _ = pair.start("projector")
    log.append(events[:400])
    eventually(lambda: arrived(log))
    sleeper.signal(signal.SIGSTOP)
    pair.start("projector")
    log.append(events[400:800])
    eventually(lambda: arrived(log))
    sleeper.signal(signal.SIGCONT)
    log.append(events[800:])
    eventually(lambda: arrived(log))
    holders = log.rows("select count(distinct holder) from read.leases")
    assert holders == [(1,)]
    assert sum(
        row[0] for row in log.rows("select orders_placed from read.sales_minutes_v1")
    ) == sum(type(it.event).__name__ == "OrderPlaced" for it in events)


def test_what_is_parked_is_shown_and_replayed_after_a_fix(pair: Pair, log: History) -> None:
    """The fix here is of the row itself, which only a superuser without triggers could do."""
    events = world(4, groups=5)
    at = next(i for i, it in enumerate(events) if type(it.event).__name__ == "OrderPaid")
    log.append([*events[:at], events[at]._replace(raw=b"{}"), *events[at + 1 :]])
    pair.start("projector")
    eventually(lambda: arrived(log))
    assert asked(pair, "parked") == (1, f"order_status_v2 in cell_0: stream {events[at].stream}")
    mend = "update read.parked set raw = %s where position = %s returning true"
    log.rows(mend, msgspec.json.encode(events[at].event), at + 1)
    assert asked(pair, "parked", "--replay") == (0, "nothing is parked, and nothing stands still")
    assert log.rows("select * from read.parked") == []


def asked(pair: Pair, *command: str) -> tuple[int, str]:
    """Exit code of `tuan COMMAND`, and what it says of orders in the end."""
    child = pair.processes.tuan(*command, settings=pair.settings)
    assert child.process is not None
    code = child.process.wait(30)
    lines = [
        it for it in child.last_words(20).splitlines() if "order_status" in it or "nothing" in it
    ]
    said = lines[-1] if code == 0 else lines[-1].removeprefix("parked  ").partition(", ")[0]
    return code, said
