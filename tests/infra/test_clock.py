"""Every process reads one clock, which may be fast, may jump, and is never seen half-written."""

import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from infra.clock import SharedClock, SystemClock, clock_from, create_clock
from infra.settings import CHECKOUT, Settings

NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)
SOON = timedelta(seconds=30)  # generous: this machine may be busy
ELSEWHERE = "import sys, pathlib; from infra.clock import SharedClock; print(SharedClock(pathlib.Path(sys.argv[1])).now().isoformat())"


def test_the_machines_clock_is_the_default() -> None:
    assert isinstance(clock_from(Settings()), SystemClock)
    assert abs(SystemClock().now().timestamp() - time.time()) < 1


def test_all_processes_see_the_same_time(tmp_path: Path) -> None:
    clock = create_clock(tmp_path / "clock", start=NOON, rate=0)
    seen = subprocess.check_output(
        [sys.executable, "-c", ELSEWHERE, str(clock.path)], cwd=CHECKOUT, text=True
    )
    assert datetime.fromisoformat(seen.strip()) == NOON
    assert clock_from(Settings(clock_file=clock.path)).now() == NOON


def test_a_thousand_seconds_pass_in_one(tmp_path: Path) -> None:
    clock = create_clock(tmp_path / "clock", start=NOON, rate=1000)
    real = time.monotonic()
    time.sleep(0.05)
    passed = (clock.now() - NOON).total_seconds()
    assert 50 <= passed <= (time.monotonic() - real + 1) * 1000


def test_a_change_of_pace_is_no_jump(tmp_path: Path) -> None:
    clock = create_clock(tmp_path / "clock", start=NOON, rate=1)
    clock.run_at(0)
    stopped = clock.now()
    assert NOON <= stopped < NOON + SOON
    assert clock.now() == stopped
    clock.run_at(60)
    assert stopped <= clock.now() < stopped + 60 * SOON


def test_a_jump_is_seen_by_whoever_holds_the_clock_already(tmp_path: Path) -> None:
    writer = create_clock(tmp_path / "clock", start=NOON, rate=0)
    reader = SharedClock(writer.path)
    writer.jump(NOON + timedelta(days=3))
    assert reader.now() == NOON + timedelta(days=3)


def test_waiting_is_told_in_real_seconds(tmp_path: Path) -> None:
    clock = create_clock(tmp_path / "clock", start=NOON, rate=0)
    assert clock.real_seconds_until(NOON) == 0
    assert clock.real_seconds_until(NOON + SOON) == float("inf")
    clock.run_at(3600)
    assert 22 < clock.real_seconds_until(clock.now() + timedelta(days=1)) <= 24


def test_a_reader_never_sees_half_a_change(tmp_path: Path) -> None:
    clock = create_clock(tmp_path / "clock", start=NOON, rate=0)
    far = NOON + timedelta(days=1000)

    def jump_about() -> None:
        for n in range(2000):
            clock.jump(far if n % 2 else NOON)

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(jump_about)
        seen = set()
        while not writing.done():
            seen.add(clock.now())
    assert seen <= {NOON, far}


def test_another_file_is_not_taken_for_a_clock(tmp_path: Path) -> None:
    (tmp_path / "clock").write_bytes(b"x" * 28)
    with pytest.raises(ValueError, match="not a clock file"):
        SharedClock(tmp_path / "clock").now()
