"""Who ends before he was ever ready, and who ends after."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.embedded.child import Child, StartFailed
from infra.embedded.supervisor import Process, Supervisor, Watched
from tests.waiting import eventually

WRONG_SETTING = ["/bin/sh", "-c", "echo tuan: no such file; exit 2"]
NOBODY = "http://127.0.0.1:9/healthz"


@pytest.fixture
def said() -> list[str]:
    return []


@pytest.fixture
def supervisor(said: list[str]) -> Iterator[Supervisor]:
    supervisor = Supervisor(said.append)
    yield supervisor
    supervisor.stop()


def ended(supervisor: Supervisor, tmp_path: Path, *, ready: bool) -> None:
    """A process that was started, perhaps ready once, and is gone before anybody looks."""
    child = Child("gateway", WRONG_SETTING, tmp_path)
    one = Watched(Process("gateway", child, NOBODY), ready=ready, has_been_ready=ready)
    supervisor.watched.append(one)
    child.start()
    eventually(lambda: not child.alive)


def test_a_wrong_setting_ends_the_start_whenever_it_is_noticed(
    supervisor: Supervisor, said: list[str], tmp_path: Path
) -> None:
    ended(supervisor, tmp_path, ready=False)
    with pytest.raises(StartFailed, match=r"^no such file$"):
        supervisor.look()
    assert said == []


def test_who_worked_once_comes_back(
    supervisor: Supervisor, said: list[str], tmp_path: Path
) -> None:
    ended(supervisor, tmp_path, ready=True)
    supervisor.look()
    assert [line.split(";")[0] for line in said] == ["gateway ended (exit code 2)"]
    assert supervisor.watched[0].again_at is not None
