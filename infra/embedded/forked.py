"""A child that starts as a copy of ourselves: everything is imported already, so it is up in a moment.

Only for the supervisor, which has one thread and opens nothing that its children may keep.
"""

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from infra.embedded.leash import die_with

POLL_SECONDS = 0.02
HANDLERS: dict[signal.Signals, Any] = {
    signal.SIGINT: signal.default_int_handler,
    signal.SIGTERM: signal.SIG_DFL,
    signal.SIGHUP: signal.SIG_DFL,
}


class Forked:
    """What `subprocess.Popen` offers, as far as it is needed here."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None

    def poll(self) -> int | None:
        if self.returncode is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self.returncode = os.waitstatus_to_exitcode(status)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Raises: subprocess.TimeoutExpired."""
        deadline = time.monotonic() + (timeout if timeout is not None else float("inf"))
        while (code := self.poll()) is None:
            if time.monotonic() > deadline:
                raise subprocess.TimeoutExpired("forked", timeout or 0)
            time.sleep(POLL_SECONDS)
        return code

    def send_signal(self, number: int) -> None:
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)


def fork(
    body: Callable[[], int], *, log: int, env: Mapping[str, str], cwd: Path | None, death: int
) -> Forked:
    """Run `body` in a child of its own process group; its result is the exit code."""
    parent = os.getpid()
    # Until the child has its own handlers, a signal for it waits: ours would swallow it.
    waiting = signal.pthread_sigmask(signal.SIG_BLOCK, HANDLERS)
    pid = os.fork()
    if pid:
        signal.pthread_sigmask(signal.SIG_SETMASK, waiting)
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.setpgid(pid, pid)  # here too: whoever comes first
        return Forked(pid)
    code = 1
    try:
        detach(parent, log, death)
        signal.pthread_sigmask(signal.SIG_SETMASK, waiting)
        os.environ.update(env)
        os.chdir(cwd or ".")
        code = body()
    except BaseException:  # noqa: BLE001 - nothing above this line may run in the child
        sys.excepthook(*sys.exc_info())
    finally:
        with contextlib.suppress(OSError, ValueError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(code)


def detach(parent: int, log: int, death: int) -> None:
    """Keep nothing of the supervisor: not its signal handlers, its group, its lock or its ports."""
    for number, handler in HANDLERS.items():
        signal.signal(number, handler)
    os.setpgid(0, 0)
    die_with(parent, death)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for fd, kept in enumerate((nothing, log, log)):
        os.dup2(kept, fd)
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))
    sys.stdout = os.fdopen(1, "w", closefd=False)  # whatever they were before
    sys.stderr = os.fdopen(2, "w", buffering=1, closefd=False)
