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
from infra.embedded.services import SERVICES
from infra.embedded.up import up
from infra.settings import CHECKOUT, PREFIX, Settings, load

READY: Final = "tuan is up"
START_SECONDS: Final = 180.0
STOP_SECONDS: Final = 90.0
LOOK_SECONDS: Final = 0.2
NOT_STARTED: Final = frozenset({"world"})  # the living world would disturb the one that is judged


@contextmanager
def private_platform(keep: Path | None) -> Iterator[Settings]:
    """Start all, wait until it is up, stop all. `keep`: use this directory and leave it. Raises: StartFailed."""
    directory = keep or Path(tempfile.mkdtemp(prefix="tuan-world-"))
    directory.mkdir(parents=True, exist_ok=True)
    create_clock(directory / "clock")
    child = Child(
        "platform",
        [sys.executable, "-P", "-m", "infra.simulator.world.platform", str(directory)],
        directory / "supervisor",  # apart from what it supervises: it ends what it finds there
        {"PYTHONPATH": str(CHECKOUT)},
        CHECKOUT,
        stop_seconds=STOP_SECONDS,
    )
    try:
        child.start()
        wait_until_up(child)
        yield load(data_dir=directory)
    finally:
        child.stop()
        if keep is None:
            forget(directory)
            shutil.rmtree(directory, ignore_errors=True)


def wait_until_up(child: Child) -> None:
    """Raises: StartFailed."""
    deadline = time.monotonic() + START_SECONDS
    while READY not in child.last_words(40):
        if not child.alive or time.monotonic() > deadline:
            raise StartFailed(f"the platform did not start:\n{child.last_words(20)}")
        time.sleep(LOOK_SECONDS)


def main(directory: str) -> None:
    """Nothing that is set in the environment may reach a platform that is to be thrown away."""
    for name in [name for name in os.environ if name.startswith(PREFIX)]:
        del os.environ[name]
    os.environ[f"{PREFIX}DATA_DIR"] = directory
    services = [service for service in SERVICES if service.name not in NOT_STARTED]
    up(lambda line: print(line, file=sys.stderr, flush=True), services)  # noqa: T201


if __name__ == "__main__":
    main(sys.argv[1])
