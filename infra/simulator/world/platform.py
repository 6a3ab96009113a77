"""A private platform for one run: everything `tuan up` starts, in a directory of its own, on a clock of its own.

Run as a module it is that platform: `python -m infra.simulator.world.platform DIRECTORY`.
"""

import os
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from infra.clock import create_clock
from infra.embedded.child import Child, StartFailed
from infra.embedded.home import forget
from infra.embedded.services import SERVICES, Service
from infra.embedded.up import up
from infra.settings import CHECKOUT, PREFIX, Settings, load

READY: Final = "tuan is up"
START_SECONDS: Final = 180.0
STOP_SECONDS: Final = 90.0
LOOK_SECONDS: Final = 0.2
# The living world would disturb the one that is judged, and nobody looks at a console.
NOT_STARTED: Final = frozenset({"world", "console"})


@contextmanager
def private_platform(keep: Path | None) -> Iterator[Settings]:
    """Start all, wait until it is up, stop all. `keep`: use this directory and leave it. Raises: StartFailed."""
    with directory_for(keep) as directory:
        child = platform_in(directory, "infra.simulator.world.platform")
        try:
            child.start()
            wait_until_up(child)
            yield load(data_dir=directory)
        finally:
            child.stop()


@contextmanager
def directory_for(keep: Path | None) -> Iterator[Path]:
    """Where the run keeps everything; forgotten at the end unless it is to be kept."""
    directory = keep or Path(tempfile.mkdtemp(prefix="tuan-world-"))
    directory.mkdir(parents=True, exist_ok=True)
    try:
        yield directory
    finally:
        if keep is None:
            forget(directory)
            shutil.rmtree(directory, ignore_errors=True)


def platform_in(directory: Path, module: str) -> Child:
    """The platform as one process that starts all others: `module` run with the directory."""
    create_clock(directory / "clock")
    return Child(
        "platform",
        [sys.executable, "-P", "-m", module, str(directory)],
        directory / "supervisor",  # apart from what it supervises: it ends what it finds there
        {"PYTHONPATH": str(CHECKOUT)},
        CHECKOUT,
        stop_seconds=STOP_SECONDS,
    )


def wait_until_up(child: Child) -> None:
    """Raises: StartFailed."""
    deadline = time.monotonic() + START_SECONDS
    while READY not in child.last_words(40):
        if not child.alive or time.monotonic() > deadline:
            raise StartFailed(f"the platform did not start:\n{child.last_words(20)}")
        time.sleep(LOOK_SECONDS)


def main(directory: str) -> None:
    use_only(directory)
    up(say, services())


def use_only(directory: str) -> None:
    """Nothing that is set in the environment may reach a platform that is to be thrown away."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    os.environ[f"{PREFIX}DATA_DIR"] = directory


def services() -> list[Service]:
    return [service for service in SERVICES if service.name not in NOT_STARTED]


def say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
