"""The private platform of a chaos run: each process may be given an environment of its own, and be told where to die.

Run as a module it is that platform: `python -m infra.simulator.chaos.platform DIRECTORY`. What it is to do
differently stands in DIRECTORY/chaos: `<service>.json` is its environment, `<service>.death.json` where it is
to die, for every life that begins while the file is there.
"""

import json
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Final

from infra.crash import VARIABLE
from infra.embedded.up import up
from infra.simulator.world.platform import say, services, use_only

FOLDER: Final = "chaos"
BACK_OFF_SECONDS: Final = (0.1,)  # who is killed on purpose need not be punished for it

Environment = Callable[[], Mapping[str, str]]


def give(directory: Path, service: str, environment: Mapping[str, str]) -> None:
    """Add this to every life of the service."""
    _write(directory / FOLDER / f"{service}.json", environment)


def tell_to_die(directory: Path, service: str, wish: str) -> None:
    """Lives that begin from now on end at this point: <point>:<n>. A first one may end before, for other reasons."""
    _write(directory / FOLDER / f"{service}.death.json", {VARIABLE: wish})


def let_live(directory: Path, service: str) -> None:
    """Lives that begin from now on are not told to die."""
    (directory / FOLDER / f"{service}.death.json").unlink(missing_ok=True)


def environment(directory: Path, service: str) -> Mapping[str, str]:
    """What the life that begins now is given."""
    folder = directory / FOLDER
    given: dict[str, str] = {}
    for file in (folder / f"{service}.json", folder / f"{service}.death.json"):
        with suppress(FileNotFoundError):
            given |= json.loads(file.read_text())
    return given


def _write(file: Path, content: Mapping[str, str]) -> None:
    file.parent.mkdir(exist_ok=True)
    fresh = file.with_suffix(".new")
    fresh.write_text(json.dumps(dict(content)))
    fresh.chmod(0o600)  # it holds the database's password
    fresh.rename(file)


def main(directory: str) -> None:
    use_only(directory)
    led = [
        service._replace(environment=partial(environment, Path(directory), service.name))
        for service in services()
    ]
    up(say, led, BACK_OFF_SECONDS)


if __name__ == "__main__":
    main(sys.argv[1])
