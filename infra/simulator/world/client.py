"""One HTTP call as a careful client makes it: kept-alive, bounded, and repeated with the same key until answered."""

import asyncio
import time
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

import aiohttp
import msgspec

from infra.simulator.world.seen import Seen

AGAIN: Final = frozenset({429, 502, 503, 504})  # nothing definite yet
PATIENCE_SECONDS: Final = 90.0
TIMEOUT_SECONDS: Final = 10.0
BACK_OFF_SECONDS: Final = (0.05, 0.1, 0.2, 0.5, 1.0)


class GaveUp(Exception):
    """No definite answer within the client's patience."""


class Answer(NamedTuple):
    """A definite answer."""

    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def ok(self) -> bool:
        return self.status < 300

    @property
    def replayed(self) -> bool:
        return self.headers.get("Idempotency-Replayed") == "true"

    @property
    def code(self) -> str:
        """Of a refusal; "" when there is none."""
        return str(self.json().get("code", "")) if not self.ok else ""

    def json(self) -> dict[str, Any]:
        found = msgspec.json.decode(self.raw) if self.raw else {}
        return found if isinstance(found, dict) else {}


class Client:
    """Talks to one base URL. Open as an async context manager."""

    def __init__(self, base_url: str, seen: Seen, *, at_once: int) -> None:
        self._base_url = base_url
        self._seen = seen
        self._slots = asyncio.Semaphore(at_once)
        self._at_once = at_once

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=self._at_once),
            timeout=aiohttp.ClientTimeout(total=TIMEOUT_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._session.close()

    async def call(
        self,
        method: str,
        path: str,
        *,
        name: str = "",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """The definite answer. `name` is what it is counted under. Raises: GaveUp."""
        name = name or path.rpartition("/")[2]
        started = time.monotonic()
        tries = 0
        while True:
            answer, pause = await self._try(method, path, headers, body)
            if answer is not None:
                self._seen.latencies[name].append(time.monotonic() - started)
                if answer.status >= 500:
                    self._seen.wrong.append(
                        f"{name} answered {answer.status}: {answer.raw[:300]!r}"
                    )
                return answer
            if time.monotonic() - started > PATIENCE_SECONDS:
                raise GaveUp(f"{method} {path}: no definite answer in {PATIENCE_SECONDS:.0f} s")
            step = BACK_OFF_SECONDS[min(tries, len(BACK_OFF_SECONDS) - 1)]
            await asyncio.sleep(max(pause, step))
            tries += 1

    async def _try(
        self, method: str, path: str, headers: Mapping[str, str] | None, body: bytes | None
    ) -> tuple[Answer | None, float]:
        """The answer, or None and how long we were asked to wait."""
        try:
            async with (
                self._slots,
                self._session.request(
                    method, self._base_url + path, headers=headers, data=body
                ) as response,
            ):
                raw = await response.read()
                answer = Answer(response.status, response.headers, raw)
        except (aiohttp.ClientError, TimeoutError, OSError) as broken:
            self._seen.troubles[type(broken).__name__] += 1
            return None, 0.0
        if answer.status not in AGAIN:
            return answer, 0.0
        self._seen.troubles[f"{answer.status} {answer.code or 'without a code'}"] += 1
        asked = answer.headers.get("Retry-After", "0")
        return None, float(asked) if asked.isdecimal() else 0.0
