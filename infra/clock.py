"""The one place that asks what time it is.

In production that is the machine's clock. In simulations all processes, the payment channel and token
checks included, map one small file and so live in the same scaled time: a day may pass in a minute, and a
writer may jump or change the pace for all of them at once.
"""

import fcntl
import mmap
import os
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple, Protocol

from infra.settings import Settings

RECORD = struct.Struct("<dddI")  # real origin, virtual origin, rate, checksum of the three
TORN_READS_MAX = 100_000  # far more than any writer needs to finish 28 bytes


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """The instant, UTC and timezone-aware."""
        return datetime.now(UTC)

    def real_seconds_until(self, at: datetime) -> float:
        """How long a process has to wait for `at`; zero when it has passed."""
        return max(0.0, (at - self.now()).total_seconds())


class Pace(NamedTuple):
    """Virtual time = `virtual` + (real time - `real`) * `rate`. Seconds since 1970."""

    real: float
    virtual: float
    rate: float

    def at(self, real: float) -> float:
        return self.virtual + (real - self.real) * self.rate


class SharedClock:
    """A clock that every process mapping the same file reads alike.

    The record carries a checksum, so a reader that meets a writer half-way simply reads again.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), RECORD.size, prot=mmap.PROT_READ)
        self._read = b"", Pace(0, 0, 0)  # the last record that was whole, and what it says

    def now(self) -> datetime:
        """The instant in shared time, UTC and timezone-aware."""
        return datetime.fromtimestamp(self.pace().at(time.time()), UTC)

    def pace(self) -> Pace:
        """How shared time runs right now. Raises: ValueError when the file is not a clock."""
        for _ in range(TORN_READS_MAX):
            record = self._map[: RECORD.size]
            known, pace = self._read
            if record == known:
                return pace
            real, virtual, rate, checksum = RECORD.unpack(record)
            if checksum == zlib.crc32(record[:-4]):
                pace = Pace(real, virtual, rate)
                self._read = record, pace
                return pace
        raise ValueError(f"{self.path} is not a clock file")

    def real_seconds_until(self, at: datetime) -> float:
        """How long a process has to wait for `at`; for ever when time stands still."""
        pace = self.pace()
        missing = at.timestamp() - pace.at(time.time())
        if missing <= 0:
            return 0.0
        return missing / pace.rate if pace.rate > 0 else float("inf")

    def jump(self, to: datetime) -> None:
        """Make it `to` for everybody, at the same pace as before."""
        with self._writing() as file:
            pace = self.pace()
            file.write(packed(Pace(time.time(), to.timestamp(), pace.rate)))

    def run_at(self, rate: float) -> None:
        """From now on, `rate` seconds pass in a real one. Nothing jumps; 0 stops time."""
        if rate < 0:
            raise ValueError("time never runs backwards")
        with self._writing() as file:
            real = time.time()
            file.write(packed(Pace(real, self.pace().at(real), rate)))

    @contextmanager
    def _writing(self) -> Iterator[mmap.mmap]:
        with self.path.open("r+b") as file:
            fcntl.flock(file, fcntl.LOCK_EX)  # one writer at a time
            with mmap.mmap(file.fileno(), RECORD.size) as writable:
                yield writable


class WaitingClock(Protocol):
    """What both clocks can do."""

    def now(self) -> datetime:
        """The instant, UTC and timezone-aware."""

    def real_seconds_until(self, at: datetime) -> float:
        """How long a process has to wait for `at`; zero when it has passed."""


def packed(pace: Pace) -> bytes:
    body = struct.pack("<ddd", *pace)
    return body + struct.pack("<I", zlib.crc32(body))


def create_clock(path: Path, *, start: datetime | None = None, rate: float = 1.0) -> SharedClock:
    """Make the shared clock, or replace it, showing `start` (default: the real time) and running at `rate`."""
    real = time.time()
    fresh = path.with_name(f"{path.name}.{os.getpid()}.new")
    fresh.write_bytes(packed(Pace(real, start.timestamp() if start else real, rate)))
    fresh.rename(path)  # a reader sees the old file or the whole new one
    return SharedClock(path)


def clock_from(settings: Settings) -> WaitingClock:
    """The shared clock when a file is set, else the machine's."""
    return SharedClock(settings.clock_file) if settings.clock_file else SystemClock()
