"""The data directory of `tuan up`: whose it is right now, and what was chosen for it once and for all."""

import fcntl
import json
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from infra.embedded import ports
from infra.embedded.unprivileged import forget_home
from infra.settings import MADE

LOCK = "up.lock"
OURS = (
    "nats",
    "log",
    "run",
    "keys",
    "anchors",
    "channel",
    "channels.json",
    "clock",
    MADE,
    LOCK,
)  # and postgres


class AlreadyRunning(Exception):
    """Another `tuan up` lives in this data directory."""


@contextmanager
def locked(data_dir: Path) -> Iterator[None]:
    """Be the only supervisor of this directory; the kernel lets go when we end. Raises: AlreadyRunning."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / LOCK).open("a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            running = (
                f"tuan already runs in {data_dir} (process {file.read().strip() or 'unknown'})"
            )
            raise AlreadyRunning(f"{running}: stop it first, or set TUAN_DATA_DIR") from None
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield


def remembered(data_dir: Path) -> dict[str, Any]:
    """Everything in settings.json, also what is no setting: passwords, ports of second instances."""
    path = data_dir / MADE
    return json.loads(path.read_text()) if path.exists() else {}


def remember(data_dir: Path, made: dict[str, Any]) -> None:
    """Replace settings.json, readable by its owner only."""
    fresh = data_dir / f"{MADE}.new"
    fresh.unlink(missing_ok=True)
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(made, file, indent=1)
        file.flush()
        os.fsync(file.fileno())
    fresh.rename(data_dir / MADE)


def keep_or_choose_port(made: dict[str, Any], name: str, preferred: int | None = None) -> int:
    """The port used last time while it is free, else `preferred`, else any. Remembered in `made`."""
    made[name] = ports.choose(made.get(name), preferred)
    return int(made[name])


def keep_or_make_secret(made: dict[str, Any], name: str) -> str:
    """32 random bytes as hexadecimal digits, made once."""
    return str(made.setdefault(name, secrets.token_hex(32)))


def forget(data_dir: Path) -> None:
    """Delete databases, logs, keys and choices, and nothing that is not ours. Raises: AlreadyRunning."""
    if not (data_dir / LOCK).exists():
        return
    with locked(data_dir):
        forget_home(data_dir)
        for name in OURS:
            path = data_dir / name
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)
    if not any(data_dir.iterdir()):
        data_dir.rmdir()
