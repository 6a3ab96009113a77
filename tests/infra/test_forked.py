"""A copy of the supervisor keeps nothing of it, and does not outlive it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.embedded.child import Child, birth
from infra.settings import CHECKOUT
from tests.waiting import eventually

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="copies are made on Linux only")


def copy(tmp_path: Path, body: Callable[[], int], name: str = "copy", **env: str) -> Child:
    child = Child(name, (), tmp_path, env, cwd=tmp_path, body=body)
    child.start()
    assert child.process
    child.process.wait(20)
    return child


def test_its_result_is_the_exit_code(tmp_path: Path) -> None:
    assert copy(tmp_path, lambda: 7).process.returncode == 7  # type: ignore[union-attr]


def test_an_error_is_told_in_its_log_and_nowhere_else(tmp_path: Path) -> None:
    child = copy(tmp_path, lambda: int("x"))
    assert child.process.returncode == 1  # type: ignore[union-attr]
    assert "ValueError: invalid literal" in child.last_words()


def test_it_has_its_own_surroundings(tmp_path: Path) -> None:
    def tell() -> int:
        os.write(1, f"{os.environ['TUAN_X']} {os.getcwd()} {os.getpgid(0) == os.getpid()}".encode())
        return 0

    assert copy(tmp_path, tell, TUAN_X="here").last_words() == f"here {tmp_path} True"
    assert "TUAN_X" not in os.environ


def test_it_keeps_no_file_open(tmp_path: Path) -> None:
    def count() -> int:
        return len([fd for fd in range(3, 100) if Path(f"/proc/self/fd/{fd}").exists()])

    with (tmp_path / "lock").open("w"):
        assert copy(tmp_path, count).process.returncode == 0  # type: ignore[union-attr]


def test_two_copies_roll_different_dice(tmp_path: Path) -> None:
    def roll() -> int:
        import random
        import uuid

        import uuid_utils

        rolls = (random.random(), uuid.uuid4(), uuid_utils.uuid4(), uuid_utils.uuid7())
        os.write(1, "\n".join(map(str, rolls)).encode())
        return 0

    one, other = (copy(tmp_path, roll, name).last_words().split() for name in ("one", "other"))
    assert len({*one, *other}) == 8


def test_it_ends_by_a_signal_and_with_its_parent(tmp_path: Path) -> None:
    stubborn_parent = f"""
import signal, sys, time
from pathlib import Path
from infra.embedded.child import Child
for number in (signal.SIGINT, signal.SIGTERM):
    signal.signal(number, lambda *_: None)
child = Child("copy", (), Path({str(tmp_path)!r}), body=lambda: time.sleep(1000) or 0)
child.start()
print(child.pid, flush=True)
time.sleep(1000)
"""
    for end in ("child", "parent"):
        with subprocess.Popen(
            [sys.executable, "-c", stubborn_parent], cwd=CHECKOUT, stdout=subprocess.PIPE, text=True
        ) as parent:
            assert parent.stdout
            pid = int(parent.stdout.readline())
            eventually(lambda pid=pid: os.getpgid(pid) == pid)  # type: ignore[misc]
            if end == "child":
                os.kill(pid, signal.SIGTERM)
                eventually(lambda pid=pid: not birth(pid))  # type: ignore[misc]
            parent.kill()
        eventually(lambda pid=pid: not birth(pid))  # type: ignore[misc]
