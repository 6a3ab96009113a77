"""nats-server from its wheel, with JetStream: configured, started, asked whether it is healthy, stopped."""

import os
import shutil
import sys
import time
from pathlib import Path

from infra.embedded.child import Child, StartFailed
from infra.embedded.forked import POLL_SECONDS
from infra.embedded.healthz import healthy

START_SECONDS = 30  # recovery of a large store included
CONFIGURATION = """\
listen: "127.0.0.1:{port}"
http: "127.0.0.1:{monitor_port}"
server_name: "tuan"
authorization {{ token: "{token}" }}
jetstream {{ store_dir: "{store}" }}
"""


class Nats:
    """One server. `start` returns when JetStream is ready."""

    name = "nats"

    def __init__(self, data_dir: Path, *, port: int, monitor_port: int, token: str) -> None:
        self.home = data_dir / "nats"
        self.store = self.home / "store"
        self.url = f"nats://{token}@127.0.0.1:{port}"
        self.health_url = f"http://127.0.0.1:{monitor_port}/healthz"
        self.configuration = self.home / "nats.conf"
        self.text = CONFIGURATION.format(
            port=port, monitor_port=monitor_port, token=token, store=self.store
        )
        self.child = Child(
            self.name,
            argv=[str(program()), "-c", str(self.configuration)],
            data_dir=data_dir,
        )

    @property
    def alive(self) -> bool:
        return self.child.alive

    def start(self) -> None:
        """Raises: StartFailed."""
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        private = os.open(self.configuration, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with open(private, "w") as file:
            file.write(self.text)
        self.child.start()
        deadline = time.monotonic() + START_SECONDS
        while not healthy(self.health_url):
            if not self.alive or time.monotonic() > deadline:
                self.child.stop()
                raise StartFailed(
                    f"nats did not start:\n{self.child.last_words()}\n(log: {self.child.log})"
                )
            time.sleep(POLL_SECONDS)

    def stop(self) -> None:
        self.child.stop()

    def wipe(self) -> None:
        """Lose every message and consumer. Only while stopped."""
        assert not self.alive, "stop NATS before its store is deleted"
        shutil.rmtree(self.store, ignore_errors=True)


def program() -> Path:
    """The wheel puts it beside this Python. Raises: StartFailed."""
    path = Path(sys.executable).with_name("nats-server")
    if not path.exists():
        raise StartFailed("the nats-server wheel is not installed: run `make` in the checkout")
    return path
