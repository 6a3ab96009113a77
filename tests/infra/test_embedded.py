"""`tuan up` on real processes: everything comes up, nothing outlives it, data survives, copies do not meet."""

import json
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psycopg
import pytest

from infra.embedded import ports, unprivileged
from infra.embedded.child import Child, birth
from infra.embedded.healthz import healthy
from infra.embedded.home import forget, remembered
from infra.embedded.postgres import Postgres
from infra.settings import CHECKOUT
from tests.servers import Processes
from tests.waiting import eventually

WITHOUT_SERVICES = "from infra.embedded.up import up; up(lambda line: print(line, flush=True), ())"
NOBODY = pwd.getpwnam("nobody")
Traces = dict[str, tuple[int, str]]  # name -> pid and birth
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")


class Up:
    """A running `tuan up` without services, in a data directory of its own."""

    def __init__(
        self, processes: Processes, data_dir: Path, as_user: Sequence[str] = (), **env: str
    ) -> None:
        self.data_dir = data_dir
        self.child = processes.run(
            [*as_user, sys.executable, "-c", WITHOUT_SERVICES],
            env={"PYTHONPATH": str(CHECKOUT), "TUAN_DATA_DIR": str(data_dir), **env},
            name="up",
        )
        eventually(lambda: "tuan is up" in self.child.last_words() or not self.child.alive, 60)
        assert self.child.alive, self.child.last_words(30)
        self.made = remembered(data_dir)

    @property
    def dsn(self) -> str:
        return str(self.made["postgres_dsn"])

    def nats_answers(self) -> bool:
        return healthy(f"http://127.0.0.1:{self.made['nats_monitor_port']}/healthz")

    def execute(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.dsn, autocommit=True) as session:
            done = session.execute(statement.encode())
            return done.fetchall() if done.description else []


StartUp = Callable[..., Up]


@pytest.fixture
def start_up(processes: Processes, tmp_path: Path) -> Iterator[StartUp]:
    used: set[Path] = set()

    def start(name: str = "data", **env: str) -> Up:
        used.add(tmp_path / name)
        return Up(processes, tmp_path / name, **env)

    yield start
    processes.end_all()
    for data_dir in used:
        wait_until_gone(traces_of(data_dir))
        forget(data_dir)
        assert not data_dir.exists()


def traces_of(data_dir: Path) -> Traces:
    records = {each.stem: json.loads(each.read_text()) for each in (data_dir / "run").glob("*")}
    return {name: (record["pid"], record["birth"]) for name, record in records.items()}


def wait_until_gone(traces: Traces) -> None:
    eventually(lambda: not [name for name, (pid, born) in traces.items() if birth(pid) == born], 30)


def test_everything_comes_up_and_nothing_stays_behind(start_up: StartUp) -> None:
    up = start_up()
    assert up.execute("select count(*) from cell_0.events") == [(0,)]
    assert up.execute("show fsync") + up.execute("show synchronous_commit") == [("on",), ("on",)]
    assert up.nats_answers()
    assert stat.S_IMODE((up.data_dir / "settings.json").stat().st_mode) == 0o600
    traces = traces_of(up.data_dir)
    assert sorted(traces) == ["nats", "postgres"]

    up.child.signal(signal.SIGINT)
    assert up.child.process
    assert up.child.process.wait(30) == 0
    assert not [name for name, (pid, born) in traces.items() if birth(pid) == born]


def test_data_ports_and_passwords_survive(start_up: StartUp) -> None:
    first = start_up()
    first.execute("create table kept as select 1")
    first.child.stop()
    second = start_up()
    assert second.execute("select * from kept") == [(1,)]
    assert second.made == first.made
    assert "migrated" not in second.child.log.read_text()


def test_a_second_one_in_the_same_place_is_refused_in_one_line(
    start_up: StartUp, processes: Processes
) -> None:
    up = start_up()
    second = processes.tuan("up", env={"TUAN_DATA_DIR": str(up.data_dir)})
    assert second.process
    assert second.process.wait(30) == 2
    assert second.log.read_text() == (
        f"tuan: tuan already runs in {up.data_dir} (process {up.child.pid}):"
        " stop it first, or set TUAN_DATA_DIR\n"
    )
    assert up.nats_answers()


def test_two_copies_live_side_by_side(start_up: StartUp) -> None:
    one, other = start_up("one"), start_up("other")
    one.execute("create table mine()")
    assert other.execute("select to_regclass('mine')") == [(None,)]
    assert one.made["nats_port"] != other.made["nats_port"]


def test_when_the_supervisor_is_killed_its_children_end_and_the_next_one_starts(
    start_up: StartUp,
) -> None:
    up = start_up()
    up.execute("create table kept as select 1")
    traces = traces_of(up.data_dir)
    up.child.kill()
    wait_until_gone(traces)
    assert start_up().execute("select * from kept") == [(1,)]


def test_what_dies_is_started_again(start_up: StartUp) -> None:
    up = start_up()
    up.execute("create table kept as select 1")
    for name, (pid, _) in traces_of(up.data_dir).items():
        os.kill(pid, signal.SIGKILL)
        eventually(lambda name=name: f"{name} is up again" in up.child.log.read_text())  # type: ignore[misc]
    assert "postgres ended (killed by SIGKILL)" in up.child.log.read_text()
    assert up.execute("select * from kept") == [(1,)]
    assert up.nats_answers()


def test_given_servers_are_used_and_nothing_is_embedded(
    start_up: StartUp, postgres: Postgres, template: str, nats_url: str
) -> None:
    dsn = postgres.dsn("postgres").rpartition("/")[0] + "/given"
    with psycopg.connect(postgres.dsn("postgres"), autocommit=True) as session:
        session.execute(f"create database given template {template}".encode())
    up = start_up(TUAN_POSTGRES_DSN=dsn, TUAN_NATS_URL=nats_url)
    assert traces_of(up.data_dir) == {}
    assert "postgres_dsn" not in up.made
    assert not (up.data_dir / "postgres").exists()
    with psycopg.connect(dsn) as session:  # nobody is made up in a database that is not ours
        assert session.execute("select * from platform.tenants").fetchall() == []


def test_a_dead_postmasters_number_may_be_anybodys_now(
    start_up: StartUp, processes: Processes
) -> None:
    up = start_up()
    home = (up.data_dir / "postgres").resolve()
    note = home / "cluster" / "postmaster.pid"
    text = note.read_text()
    traces = traces_of(up.data_dir)
    for pid, _ in traces.values():
        os.kill(pid, signal.SIGSTOP)  # so that it cannot tidy up
    up.child.kill()
    for pid, _ in traces.values():
        os.kill(pid, signal.SIGKILL)
    wait_until_gone(traces)
    innocent = Child(
        "innocent",
        ["/bin/sleep", "1000"],
        up.data_dir,
        user=unprivileged.user_for(home / "cluster"),
    )
    innocent.start()
    processes.started.append(innocent)
    (up.data_dir / "run" / "innocent.json").unlink()
    note.write_text(text.replace(str(traces["postgres"][0]), str(innocent.pid), 1))
    assert start_up().nats_answers()


@as_root
def test_a_private_directory_of_roots_is_left_closed(start_up: StartUp) -> None:
    up = start_up()
    private = [parent for parent in up.data_dir.parents if not parent.stat().st_mode & stat.S_IXOTH]
    assert private, "pytest keeps its directories to itself"
    link = up.data_dir / "postgres"
    assert link.is_symlink()
    assert link.resolve().parent == unprivileged.ELSEWHERE
    assert stat.S_IMODE(link.resolve().stat().st_mode) == 0o700
    up.child.stop()
    elsewhere = link.resolve()
    forget(up.data_dir)
    assert not elsewhere.exists()


@as_root
@pytest.mark.skipif(not shutil.which("setpriv"), reason="no setpriv here")
def test_root_is_not_needed(processes: Processes) -> None:
    data_dir = Path(tempfile.mkdtemp())
    os.chown(data_dir, NOBODY.pw_uid, NOBODY.pw_gid)
    # Nobody may be unable to read this checkout or its Python: lend it eyes, and nothing else.
    ordinary_user = [
        str(shutil.which("setpriv")),
        *(f"--reuid={NOBODY.pw_uid}", f"--regid={NOBODY.pw_gid}", "--clear-groups"),
        *("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search"),
    ]
    up = Up(processes, data_dir, as_user=ordinary_user)
    assert up.execute("select count(*) from cell_0.events") == [(0,)]
    assert (data_dir / "postgres" / "cluster").owner() == "nobody"
    assert not (data_dir / "postgres").is_symlink()
    up.child.stop()
    forget(data_dir)


@as_root
def test_programs_are_copied_where_they_cannot_be_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = unprivileged.user_for(tmp_path / "cluster")
    home = unprivileged.home_for(tmp_path / "data", user)
    monkeypatch.setattr(unprivileged, "can", lambda *_: False)
    programs = unprivileged.programs_for(home, user)
    monkeypatch.undo()
    assert programs.is_relative_to(home)
    assert unprivileged.can(user, programs / "initdb", "--version")
    assert unprivileged.programs_for(home, user) != programs  # the wheel itself is fine here
    unprivileged.forget_home(tmp_path / "data")


def test_a_port_in_use_or_promised_to_a_neighbour_is_not_chosen() -> None:
    port = ports.choose()
    assert ports.choose(port) != port
    command = f"from infra.embedded import ports; print(ports.choose({port}) != {port})"
    told = subprocess.check_output([sys.executable, "-c", command], cwd=CHECKOUT, text=True)
    assert told.strip() == "True"


def test_a_stubborn_process_is_killed_with_all_that_it_started(tmp_path: Path) -> None:
    stubborn = "trap '' TERM; sleep 1000 & echo $! ; wait; wait; wait; while :; do sleep 1000; done"
    child = Child("stubborn", ["/bin/sh", "-c", stubborn], tmp_path, stop_seconds=0.2)
    child.start()
    grandchild = int(eventually(lambda: child.last_words()))
    child.stop()
    assert not child.alive
    eventually(lambda: not birth(grandchild))
