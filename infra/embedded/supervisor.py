"""Start processes in order, restart what dies, stop all in reverse, whatever happens."""

import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Protocol

from infra.embedded.child import Child, StartFailed
from infra.embedded.healthz import healthy

STOPPING_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
LOOK_SECONDS = 0.1
READY_SECONDS = 90
BACK_OFF_SECONDS = (0.2, 1, 2, 5, 10)  # before the first, second, ... restart in a row
WRONG_SETTING = 2  # exit code: trying again would not help
STEADY_SECONDS = 30  # who lived this long starts again from the first back-off


class Server(Protocol):
    """PostgreSQL and NATS: `start` returns when they answer."""

    name: str
    child: Child

    def start(self) -> None:
        """Raises: StartFailed."""

    def stop(self) -> None: ...


@dataclass
class Process:
    """A service of ours: `start` returns at once, `ready` says when it answers."""

    name: str
    child: Child
    healthz: str = ""  # URL; empty: ready when it runs

    def start(self) -> None:
        self.child.start()

    def stop(self) -> None:
        self.child.stop()

    @property
    def ready(self) -> bool:
        return self.child.alive and (not self.healthz or healthy(self.healthz))


class Stop(BaseException):
    """A signal asked us to end."""


@dataclass
class Watched:
    """One thing we keep alive, and how that has been going."""

    what: Server | Process
    ready: bool = False
    has_been_ready: bool = False
    started_at: float = 0.0  # monotonic seconds, like `again_at`
    again_at: float | None = None  # when to start it again; None: it runs
    deaths: int = 0  # in a row


@dataclass
class Supervisor:
    """`say` tells the user, one line at a time."""

    say: Callable[[str], None]
    back_off_seconds: Sequence[float] = BACK_OFF_SECONDS
    watched: list[Watched] = field(default_factory=list)

    def start(self, *whats: Server | Process) -> None:
        """Start these and wait until each is ready. Raises: StartFailed."""
        news = [Watched(what) for what in whats]
        for one in news:
            self.watched.append(one)  # first, so that a half-started one is stopped too
            self._start(one)
        deadline = time.monotonic() + READY_SECONDS
        while waiting := [one for one in news if not one.ready]:
            self.look()
            if time.monotonic() > deadline:
                names = ", ".join(f"{one.what.name} (log: {one.what.child.log})" for one in waiting)
                raise StartFailed(f"not ready in {READY_SECONDS} s: {names}")
            time.sleep(LOOK_SECONDS / 2)

    def watch(self) -> None:
        """Look after everything until a signal comes."""
        pause = threading.Event()
        while True:
            self.look()
            pause.wait(LOOK_SECONDS)

    def look(self) -> None:
        """Notice who died, start whose time has come, notice who is ready.

        Raises: StartFailed, in the words of a process that has never been ready and says that its
        settings are wrong.
        """
        for one in self.watched:
            if one.again_at is not None:
                if time.monotonic() >= one.again_at:
                    self._start_again(one)
            elif not one.what.child.alive:
                self._mourn(one)
            elif not one.ready and isinstance(one.what, Process) and one.what.ready:
                one.ready = one.has_been_ready = True
                if one.deaths:
                    self.say(f"{one.what.name} is up again")

    def stop(self) -> None:
        """End everything in reverse order; nothing is left when this returns."""
        for one in reversed(self.watched):
            one.what.stop()

    def _start(self, one: Watched) -> None:
        one.again_at = None
        one.started_at = time.monotonic()
        one.what.start()
        one.ready = not isinstance(one.what, Process)  # servers are ready when `start` returns
        one.has_been_ready |= one.ready

    def _start_again(self, one: Watched) -> None:
        try:
            self._start(one)
        except StartFailed as failure:
            self.say(str(failure))
            self._mourn(one)
            return
        if one.ready:
            self.say(f"{one.what.name} is up again")

    def _mourn(self, one: Watched) -> None:
        if not one.has_been_ready and exit_code(one.what.child) == WRONG_SETTING:
            raise StartFailed(one.what.child.last_words(1).removeprefix("tuan: "))
        lived = time.monotonic() - one.started_at
        one.deaths = 1 if lived > STEADY_SECONDS else one.deaths + 1
        delay = self.back_off_seconds[min(one.deaths, len(self.back_off_seconds)) - 1]
        one.again_at = time.monotonic() + delay
        one.ready = False
        last = one.what.child.last_words(1)
        self.say(
            f"{one.what.name} ended ({how(one.what.child)}); again in {delay} s; last words: {last}"
        )


def exit_code(child: Child) -> int:
    return child.process.poll() or 0 if child.process else 0


def how(child: Child) -> str:
    """How a process ended, in words."""
    code = exit_code(child)
    if code < 0:
        return f"killed by {signal.Signals(-code).name}"
    return f"exit code {code}"


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Ctrl-C, SIGTERM and a closed terminal end the block by `Stop`; more of them change nothing."""

    def stop(number: int, frame: FrameType | None) -> None:
        for each in STOPPING_SIGNALS:
            signal.signal(each, signal.SIG_IGN)
        raise Stop

    before = {each: signal.getsignal(each) for each in STOPPING_SIGNALS}
    for each, handler in before.items():
        if (
            each != signal.SIGHUP or handler != signal.SIG_IGN
        ):  # under nohup a closed terminal is nothing
            signal.signal(each, stop)
    try:
        yield
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def supervised(
    body: Callable[[Supervisor], None],
    say: Callable[[str], None],
    back_off_seconds: Sequence[float] = BACK_OFF_SECONDS,
) -> None:
    """Run `body` until it returns, fails or a signal comes; then stop all that it started."""
    supervisor = Supervisor(say, back_off_seconds)
    with stopped_by_signals():
        try:
            body(supervisor)
        except Stop:
            say("stopping")
        finally:
            for each in STOPPING_SIGNALS:
                signal.signal(each, signal.SIG_IGN)
            supervisor.stop()
