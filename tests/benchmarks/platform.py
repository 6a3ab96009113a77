"""A private platform for a measurement: `python -m tests.benchmarks.platform SERVICE...` runs a chosen few."""

import http.client
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg

from infra.embedded.services import SERVICES
from infra.embedded.up import up
from infra.settings import CHECKOUT
from tests.waiting import eventually

STARTS_IN = 90  # seconds


class Platform:
    """A running platform: its settings, and one-line calls to it as any principal."""

    def __init__(self, data_dir: Path, made: dict[str, Any]) -> None:
        self.data_dir = data_dir
        self.made = made

    @property
    def env(self) -> dict[str, str]:
        return {**os.environ, "PYTHONPATH": str(CHECKOUT), "TUAN_DATA_DIR": str(self.data_dir)}

    @property
    def dsn(self) -> str:
        return str(self.made["postgres_dsn"])

    def pid(self, service: str) -> int:
        """The process of a service, from the record its supervisor keeps."""
        record = json.loads((self.data_dir / "run" / f"{service}.json").read_text())
        return int(record["pid"])

    def engines(self) -> list[str]:
        """Names of the ports of the engines that run."""
        return [name for name in ("engine_port", "engine-2_port") if name in self.made]

    def owner_url(self) -> str:
        """Base URL of the engine that owns the cell."""

        def owner() -> str:
            for name in self.engines():
                if self.healthz(name)["owner"]:
                    return f"http://127.0.0.1:{self.made[name]}"
            return ""

        return eventually(owner, 15)

    def healthz(self, setting: str) -> dict[str, Any]:
        """What a service says of itself; `setting` names its port."""
        connection = http.client.HTTPConnection("127.0.0.1", self.made[setting], timeout=30)
        try:
            connection.request("GET", "/healthz")
            said: dict[str, Any] = json.loads(connection.getresponse().read())
        finally:
            connection.close()
        return said

    def alter(self, **options: str) -> None:
        """Change Postgres settings while it runs, e.g. `commit_delay="1000"`."""
        with psycopg.connect(self.dsn, autocommit=True) as session:
            for name, value in options.items():
                session.execute(f"alter system set {name} = {value}".encode())
            session.execute("select pg_reload_conf()")

    def tokens(self, subjects: Sequence[str], scopes: Sequence[str]) -> list[str]:
        asked = [
            {"tenant": "demo", "sub": subject, "scopes": list(scopes), "ttl_seconds": 86_400}
            for subject in subjects
        ]
        answered = self.post(self.made["dev_issuer_port"], "/tokens", asked)
        return [token["access_token"] for token in answered]

    def command(self, token: str, name: str, key: str, **body: Any) -> dict[str, Any]:
        """One command at the engine; anything but 200 ends the measurement."""
        headers = {"authorization": f"Bearer {token}", "idempotency-key": key}
        answer: dict[str, Any] = self.post(
            self.made["engine_port"], f"/v1/commands/{name}", body, headers
        )
        return answer

    def post(self, port: int, path: str, body: Any, headers: dict[str, str] | None = None) -> Any:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        try:
            sent = {"content-type": "application/json", **(headers or {})}
            connection.request("POST", path, json.dumps(body), sent)
            answer = connection.getresponse()
            text = answer.read()
        finally:
            connection.close()
        if answer.status != 200:
            raise RuntimeError(f"{path}: {answer.status} {text.decode()[:300]}")
        return json.loads(text)


@contextmanager
def platform(services: Sequence[str]) -> Iterator[Platform]:
    """Start `services` with their own Postgres and NATS in a directory that is removed afterwards."""
    with tempfile.TemporaryDirectory(prefix="tuan-bench-") as directory:
        data_dir = Path(directory)
        env = {
            **os.environ,
            "PYTHONPATH": str(CHECKOUT),
            "TUAN_DATA_DIR": directory,
            "TUAN_RATE_PER_SECOND": "1000000",
        }
        argv = [sys.executable, "-m", "tests.benchmarks.platform", *services]
        log = (data_dir / "up.log").open("w+")
        process = subprocess.Popen(argv, env=env, stdout=log, stderr=log, start_new_session=True)
        try:

            def started() -> bool:
                assert process.poll() is None, (data_dir / "up.log").read_text()
                return "tuan is up" in (data_dir / "up.log").read_text()

            eventually(started, STARTS_IN)
            yield Platform(data_dir, json.loads((data_dir / "settings.json").read_text()))
        finally:
            process.terminate()
            process.wait(60)
            log.close()


def say(line: str) -> None:
    sys.stderr.write(line + "\n")
    sys.stderr.flush()


if __name__ == "__main__":
    up(say, [service for service in SERVICES if service.name in sys.argv[1:]])
