"""Asking the one public API, with the token of whoever is signed in."""

import json
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import aiohttp

STREAMING: Final = aiohttp.ClientTimeout(total=None, connect=3, sock_read=30)  # it has a heartbeat
TIMEOUT: Final = aiohttp.ClientTimeout(total=10, connect=3)


class Ended(Exception):
    """The API does not accept the token any more: it expired or was revoked."""


class Away(Exception):
    """The API cannot be reached, or cannot answer right now."""


class Refused(Exception):
    """A definite no. `problem` is its body: code, zh, en, and what else it says."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        super().__init__(problem.get("code", str(status)))
        self.status = status
        self.problem = problem

    def said(self, language: str) -> str:
        """The reason as the API words it."""
        return str(self.problem.get(language) or self.problem.get("title") or self.status)


class Missing(Refused):
    """There is nothing with this id, or it is not for this person to see."""


class Api:
    """One person's way to the API."""

    def __init__(self, session: aiohttp.ClientSession, base_url: str, token: str) -> None:
        self._session = session
        self._base_url = base_url
        self._headers = {"Authorization": f"Bearer {token}"}

    async def get(self, path: str, **asked: Any) -> dict[str, Any]:
        """Raises: Ended, Away, Refused."""
        params = {name: str(value) for name, value in asked.items() if value is not None}
        return await self._call("GET", path, params=params)

    async def command(self, name: str, body: Mapping[str, Any], key: str) -> dict[str, Any]:
        """Have something done. The same `key` again gets the same answer. Raises: Ended, Away, Refused."""
        headers = {"Idempotency-Key": key}
        return await self._call("POST", f"/v1/commands/{name}", json=body, headers=headers)

    async def lines(self, path: str, last: str = "") -> AsyncIterator[str]:
        """The lines of an answer that does not end by itself, after the event `last`. Raises: Ended, Away, Refused."""
        headers = {**self._headers, "Accept": "text/event-stream"}
        if last:
            headers["Last-Event-ID"] = last
        rest = b""
        try:
            async with self._session.get(
                self._base_url + path, headers=headers, timeout=STREAMING
            ) as response:
                if response.status != 200:
                    judged(response.status, await response.read())
                async for chunk in response.content.iter_any():
                    *whole, rest = (rest + chunk).split(b"\n")
                    for line in whole:
                        yield line.decode()
        except (aiohttp.ClientError, TimeoutError, OSError) as broken:
            raise Away(type(broken).__name__) from None

    async def _call(
        self, method: str, path: str, headers: Mapping[str, str] | None = None, **more: Any
    ) -> dict[str, Any]:
        try:
            async with self._session.request(
                method,
                self._base_url + path,
                headers={**self._headers, **(headers or {})},
                timeout=TIMEOUT,
                **more,
            ) as response:
                return judged(response.status, await response.read())
        except (aiohttp.ClientError, TimeoutError, OSError) as broken:
            raise Away(type(broken).__name__) from None


def judged(status: int, raw: bytes) -> dict[str, Any]:
    """The body of a yes. Raises: Ended, Away, Refused."""
    try:
        body = json.loads(raw) if raw else {}
    except ValueError:
        raise Away(f"{status} without JSON") from None
    if status < 300 and isinstance(body, dict):
        return body
    if status == 401:
        raise Ended
    if status == 404:
        raise Missing(status, body)
    if status >= 500 or status == 429 or not isinstance(body, dict):
        raise Away(str(body.get("code", status)) if isinstance(body, dict) else str(status))
    raise Refused(status, body)
