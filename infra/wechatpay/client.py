"""Signed requests to the channel over kept-alive connections, each with a time limit.

Returns only what is proven to be the channel's. Everything else becomes one of two: the channel said no,
or nobody knows what it did. Too many requests is of the second kind, unless who asked knows better.
"""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from typing import Any, NamedTuple

import aiohttp
import msgspec
from yarl import URL

from commands.ports import ChannelInDoubt, ChannelRefused, Clock
from infra.wechatpay.signature import Signer, Unproven, Verifier

CONNECTIONS_MAX = 64
IDLE_SECONDS = 15.0  # we hang up before the channel does, so no request meets a closing connection
PIECE = 256 * 1024  # bytes
USER_AGENT = "tuan/0.1 wechatpay-apiv3"

# 4xx answers after which the channel may nevertheless have acted, or may act on the same words later.
UNDECIDED_CODES = frozenset(
    {"SYSTEM_ERROR", "SYSTEMERROR", "TRADE_ERROR", "BANK_ERROR", "BANKERROR", "USERPAYING"}
    | {"FREQUENCY_LIMITED", "RATELIMIT_EXCEEDED"}
)
TURNED_AWAY = frozenset({"FREQUENCY_LIMITED", "RATELIMIT_EXCEEDED"})
UNDECIDED_STATUSES = frozenset({408, 425, 429})


class Answer(NamedTuple):
    """A 2xx answer, proven to be the channel's."""

    status: int
    body: bytes


class TurnedAway(ChannelInDoubt):
    """The channel was asked too often, and said so at its door: it has not even looked at the request."""


class Problem(msgspec.Struct):
    code: str
    message: str = ""


class Client:
    """One merchant's line to the channel. Connections are opened when first needed."""

    def __init__(
        self,
        base_url: str,
        signer: Signer,
        verifier: Verifier,
        clock: Clock,
        timeout_seconds: float,
    ) -> None:
        self._base_url = base_url.rstrip("/")
        self._signer = signer
        self._verifier = verifier
        self._clock = clock
        self._seconds = timeout_seconds
        self._timeout = aiohttp.ClientTimeout(
            total=timeout_seconds
        )  # real time: it guards a socket
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Hang up. Asking again opens new connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def get(self, target: str) -> Answer:
        """Raises: ChannelRefused, ChannelInDoubt."""
        return await self._ask("GET", target, b"")

    async def post(
        self, target: str, content: Mapping[str, Any], *, before: datetime | None = None
    ) -> Answer:
        """Signed before that instant, or not sent at all. Raises: ChannelRefused, ChannelInDoubt."""
        return await self._ask("POST", target, msgspec.json.encode(content), before)

    async def pieces(self, target: str) -> AsyncIterator[bytes]:
        """A text that the channel does not sign, piece by piece, however long it takes to come.

        Raises: ChannelRefused, ChannelInDoubt.
        """
        url, headers = self._signed("GET", target, b"", self._clock.now())
        patience = aiohttp.ClientTimeout(sock_connect=self._seconds, sock_read=self._seconds)
        try:
            async with self._open().request(
                "GET", url, headers=headers, allow_redirects=False, timeout=patience
            ) as response:
                if response.status != 200:
                    raise refusal(response.status, await response.read())
                async for piece in response.content.iter_chunked(PIECE):
                    yield piece
        except (aiohttp.ClientError, TimeoutError, OSError) as lost:
            raise in_doubt("GET", target, lost) from lost

    async def move_money(self, target: str, content: Mapping[str, Any], before: datetime) -> Answer:
        """As `post`, where being turned away at the door is a no: nothing was done under this number."""
        try:
            return await self.post(target, content, before=before)
        except TurnedAway as away:
            raise ChannelRefused(away.code, str(away)) from away

    async def _ask(
        self, method: str, target: str, body: bytes, before: datetime | None = None
    ) -> Answer:
        """`target` is path and query, already percent-encoded: what is signed is what is sent."""
        at = self._clock.now()
        if before is not None and at >= before:
            raise ChannelInDoubt(f"{method} {target} was not sent: it is too late", "too_late")
        url, headers = self._signed(method, target, body, at)
        try:
            async with self._open().request(
                method, url, data=body or None, headers=headers, allow_redirects=False
            ) as response:
                content = await response.read()
        except (aiohttp.ClientError, TimeoutError, OSError) as lost:
            raise in_doubt(method, target, lost) from lost
        if not 200 <= response.status < 300:
            raise refusal(response.status, content)
        try:
            self._verifier.verify(response.headers, content, self._clock.now())
        except Unproven as unproven:
            raise ChannelInDoubt(f"{method} {target}: {unproven}", "unproven") from unproven
        return Answer(response.status, content)

    def _signed(
        self, method: str, target: str, body: bytes, at: datetime
    ) -> tuple[URL, dict[str, str]]:
        """Where a request goes, and its headers."""
        headers = {
            "Accept": "application/json",
            "Accept-Encoding": "identity",
            "Authorization": self._signer.authorization(method, target, body, at),
            "Content-Type": "application/json",
            "User-Agent": USER_AGENT,
            "Wechatpay-Serial": self._verifier.key_id,
        }
        return URL(self._base_url + target, encoded=True), headers

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(
                    limit=CONNECTIONS_MAX, keepalive_timeout=IDLE_SECONDS
                ),
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def in_doubt(method: str, target: str, lost: Exception) -> ChannelInDoubt:
    """No answer, or half of one."""
    code = "timeout" if isinstance(lost, TimeoutError) else "reset"
    return ChannelInDoubt(f"{method} {target}: {type(lost).__name__}", code)


def refusal(status: int, content: bytes) -> ChannelRefused | ChannelInDoubt:
    """What an answer other than 2xx means. These are not signed, so only the connection vouches for them."""
    try:
        problem = msgspec.json.decode(content, type=Problem)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return ChannelInDoubt(f"HTTP {status} without a reason", f"http_{status}")
    said = f"HTTP {status} {problem.code}: {problem.message}"
    if status == 429 and problem.code in TURNED_AWAY:
        return TurnedAway(said, problem.code)
    undecided = status in UNDECIDED_STATUSES or problem.code in UNDECIDED_CODES
    if undecided or not 400 <= status < 500:
        return ChannelInDoubt(said, problem.code or f"http_{status}")
    return ChannelRefused(problem.code, problem.message)
