"""`tuan up` with every service of ours: all answer, each comes back after kill -9, none outlives it."""

import json
import os
import re
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.clock import SystemClock
from infra.embedded.child import Child, birth
from infra.embedded.healthz import healthy
from infra.embedded.home import forget, remembered
from infra.embedded.services import SERVICES
from infra.wechatpay.accounts import set_up
from tests.servers import Database, Processes
from tests.waiting import eventually

UP_IN = 90  # seconds; a quiet machine needs three
SERVERS = ("postgres", "nats")


@pytest.fixture
def data_dir(tmp_path: Path, processes: Processes) -> Iterator[Path]:
    (tmp_path / "data").mkdir()
    yield tmp_path / "data"
    processes.end_all()
    eventually(lambda: not alive(tmp_path / "data"), 60)
    forget(tmp_path / "data")


def started(processes: Processes, data_dir: Path, **env: str) -> Child:
    up = processes.tuan("up", env={"TUAN_DATA_DIR": str(data_dir), **env})
    eventually(lambda: "tuan is up" in up.log.read_text() or not up.alive, UP_IN)
    assert up.alive, up.last_words(30)
    return up


def trace(data_dir: Path, name: str) -> tuple[int, str]:
    record = json.loads((data_dir / "run" / f"{name}.json").read_text())
    return record["pid"], record["birth"]


def alive(data_dir: Path) -> set[str]:
    names = {record.stem for record in (data_dir / "run").glob("*.json")}
    return {name for name in names if is_alive(*trace(data_dir, name))}


def is_alive(pid: int, born: str) -> bool:
    return birth(pid) == born


def urls(data_dir: Path) -> dict[str, str]:
    made = remembered(data_dir)
    return {
        service.name: f"http://127.0.0.1:{made.get(f'{service.name}_port') or made[service.port]}"
        for service in SERVICES
        if service.port
    }


def test_all_answer_each_comes_back_and_none_stays(processes: Processes, data_dir: Path) -> None:
    up = started(processes, data_dir)
    everybody = {service.name for service in SERVICES} | set(SERVERS)
    assert alive(data_dir) == everybody
    for name, url in urls(data_dir).items():
        assert healthy(f"{url}/healthz", 5), name
    table = up.log.read_text()
    shown = [urls(data_dir)[service.name] for service in SERVICES if service.shown]
    assert [url for url in shown if url not in table] == []

    for name in sorted(everybody - set(SERVERS)):
        killed = trace(data_dir, name)
        os.kill(killed[0], signal.SIGKILL)
        eventually(lambda name=name, was=killed: trace(data_dir, name) != was)  # type: ignore[misc]
    for name, url in urls(data_dir).items():
        eventually(lambda url=url: healthy(f"{url}/healthz"), 30)  # type: ignore[misc]
        assert f"{name} ended (killed by SIGKILL)" in up.log.read_text()

    up.signal(signal.SIGINT)
    assert up.process
    assert up.process.wait(60) == 0
    assert alive(data_dir) == set()


def test_beside_given_servers_nothing_make_believe_is_started(
    processes: Processes, data_dir: Path, fresh_database: Database, nats_url: str
) -> None:
    given = {"TUAN_POSTGRES_DSN": fresh_database.dsn, "TUAN_NATS_URL": nats_url}
    set_up(data_dir / "channels.json", data_dir / "keys", ["acme"], SystemClock().now())
    started(processes, data_dir, **given)
    assert alive(data_dir) == {each.name for each in SERVICES if not each.make_believe}


def test_what_a_service_cannot_work_without_is_one_clear_line(
    processes: Processes, data_dir: Path, fresh_database: Database, nats_url: str
) -> None:
    given = {"TUAN_POSTGRES_DSN": fresh_database.dsn, "TUAN_NATS_URL": nats_url}
    up = processes.tuan("up", env={"TUAN_DATA_DIR": str(data_dir), **given})
    assert up.process
    assert up.process.wait(UP_IN) == 2
    assert re.fullmatch("tuan: .*channels.json.*\n", up.log.read_text())
    assert alive(data_dir) == set()


def test_all_end_when_the_supervisor_is_killed(processes: Processes, data_dir: Path) -> None:
    up = started(processes, data_dir)
    up.kill()
    eventually(lambda: not alive(data_dir), 30)
