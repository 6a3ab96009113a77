"""One child process: in its own process group, on a leash, with a log file, and findable after a crash."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, NamedTuple

from infra.embedded.forked import POLL_SECONDS, Forked, fork

LEASH = Path(__file__).with_name("leash.py")
LOG_BYTES_MAX = 20_000_000  # a longer log is set aside as <name>.log.1 at the next start


class User(NamedTuple):
    """Whose rights a program gets; -1 keeps ours."""

    uid: int = -1
    gid: int = -1


OURSELVES = User()


class StartFailed(Exception):
    """A program did not come up. The message says which, why as far as known, and where its log is."""


@dataclass
class Child:
    """A program to run. It may be started again after it ended."""

    name: str
    argv: Sequence[str]
    data_dir: Path  # log/<name>.log and run/<name>.json go here
    env: Mapping[str, str] = field(default_factory=dict)  # added to ours
    cwd: Path | None = None
    user: User = OURSELVES
    stop_signal: signal.Signals = signal.SIGTERM
    stop_seconds: float = 15
    body: Callable[[], int] | None = None  # the same as `argv`, for a copy of ourselves (Linux)
    environment: Callable[[], Mapping[str, str]] = dict  # added too, asked for at each start
    process: subprocess.Popen[bytes] | Forked | None = None

    @property
    def log(self) -> Path:
        return self.data_dir / "log" / f"{self.name}.log"

    @property
    def pid(self) -> int:
        assert self.process, f"{self.name} was never started"
        return self.process.pid

    @property
    def alive(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def start(self) -> None:
        """Run it; ready or not is for the caller to find out."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_BYTES_MAX:
            self.log.rename(self.log.with_suffix(".log.1"))
        env = {**self.env, **self.environment()}
        with self.log.open("ab") as log:
            if self.body and sys.platform == "linux":
                death = int(self.stop_signal)
                self.process = fork(self.body, log=log.fileno(), env=env, cwd=self.cwd, death=death)
            else:
                self.process = self._execute(log, env)
        self._record()

    def _execute(self, log: IO[bytes], env: Mapping[str, str]) -> subprocess.Popen[bytes]:
        numbers = (os.getpid(), self.stop_signal, self.user.uid, self.user.gid)
        leash = [sys.executable, "-I", "-S", str(LEASH), *(str(int(number)) for number in numbers)]
        return subprocess.Popen(
            [*leash, *self.argv],
            env={**os.environ, **env},
            cwd=self.cwd,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            process_group=0,
        )

    def _record(self) -> None:
        """Leave a trace, so that it is found after a crash of ours."""
        trace = {"pid": self.pid, "birth": birth(self.pid), "signal": int(self.stop_signal)}
        record = self.data_dir / "run" / f"{self.name}.json"
        record.parent.mkdir(exist_ok=True)
        fresh = record.with_suffix(".new")
        fresh.write_text(json.dumps(trace))
        fresh.rename(record)

    def signal(self, number: signal.Signals) -> None:
        """Nothing happens when it has ended."""
        if self.process is not None:
            self.process.send_signal(number)

    def stop(self) -> None:
        """Ask it to end, insist after `stop_seconds`, and return when it is gone."""
        if self.process is None:
            return
        self.signal(self.stop_signal)
        self.signal(signal.SIGCONT)  # a stopped process would not hear it
        try:
            self.process.wait(self.stop_seconds)
        except subprocess.TimeoutExpired:
            self.kill()
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)  # whatever it left in its group

    def kill(self) -> None:
        """kill -9, and wait until it is gone."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()

    def last_words(self, lines: int = 5) -> str:
        """The end of its log."""
        if not self.log.exists():
            return ""
        text = self.log.read_bytes()[-4000:].decode(errors="replace")
        return "\n".join(text.splitlines()[-lines:])


def end_leftovers(data_dir: Path, wait_seconds: float = 30) -> list[str]:
    """End what an earlier supervisor of this directory left running, if anything; returns the names."""
    found: dict[str, int] = {}
    for record in sorted((data_dir / "run").glob("*.json")):
        with contextlib.suppress(
            ValueError, KeyError, OSError
        ):  # a half-written record: nothing ran yet
            trace = json.loads(record.read_text())
            ours = trace["pid"] == os.getpid()  # whoever started us may keep its records here too
            if not ours and trace["birth"] and birth(trace["pid"]) == trace["birth"]:
                os.kill(trace["pid"], trace["signal"])
                os.kill(trace["pid"], signal.SIGCONT)
                found[record.stem] = trace["pid"]
    deadline = time.monotonic() + wait_seconds
    for pid in found.values():
        while birth(pid) and time.monotonic() < deadline:
            time.sleep(POLL_SECONDS)
        if birth(pid):
            os.kill(pid, signal.SIGKILL)
    return list(found)


def birth(pid: int) -> str:
    """When a process began: with its pid, its identity. Empty when there is none, or only its zombie."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except FileNotFoundError:
        if sys.platform == "linux":
            return ""
        shown = subprocess.run(
            ["ps", "-o", "lstart=", "-p", str(pid)], capture_output=True, text=True, check=False
        )
        return shown.stdout.strip()
    except ProcessLookupError:
        return ""
    return "" if state[0] == "Z" else state[19]
