"""Telling the merchant that a buyer paid, until the merchant says that it heard.

What has to be told follows from the books alone (a payment without a delivery answered 2xx), so a restart
forgets nobody. Each attempt is stamped, encrypted and signed anew. Delays run on the channel's clock; the
time limit of one delivery guards a socket and is real.
"""

import asyncio
import heapq
import logging
from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from sqlite3 import Row
from types import TracebackType
from typing import Any, Literal, NamedTuple, Self, TypeAlias

import aiohttp

from commands.ports import Clock
from infra.simulator.wechatpay.books import Books, add
from infra.simulator.wechatpay.protocol import PROBE, Seal, compact
from infra.simulator.wechatpay.signers import Signers
from infra.simulator.wechatpay.statement import OF_PAYMENT, transaction

HEARD = frozenset({200, 204})
ANSWER_SECONDS = 5.0
IN_FLIGHT_MAX = 64
LOOK_SECONDS = 0.02  # how often the clock is looked at while something is due later
SECONDS = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
DELAYS = [timedelta(seconds=n) for n in SECONDS]  # after the 1st attempt, the 2nd, …: 16 in all
UNTOLD = """
SELECT p.seq, count(d.seq) AS attempts, max(d.at) AS last
FROM payments p LEFT JOIN deliveries d ON d.payment = p.seq
GROUP BY p.seq HAVING coalesce(max(d.status IN (200, 204)), 0) = 0
"""


Signature: TypeAlias = Literal["good", "signtest", "forged"]
log = logging.getLogger(__name__)


class Due(NamedTuple):
    """One attempt, ordered by when it is to be made."""

    at: datetime
    payment: int  # its number in the books
    attempt: int  # from 1


class Message(NamedTuple):
    """One notification, ready to be sent."""

    headers: Mapping[str, str]
    body: bytes


class Odd(NamedTuple):
    """How a notification asked for by hand differs from a proper one."""

    signature: Signature = "good"
    age: timedelta = timedelta(0)  # signed as if sent this long ago
    change: Mapping[str, Any] = {}  # fields of the transaction that are told wrongly


PROPER = Odd()


class Notifier:
    """Open as an async context manager: it notifies while open."""

    def __init__(
        self, books: Books, seals: Mapping[str, Seal], signers: Signers, clock: Clock
    ) -> None:
        self._books = books
        self._seals = seals
        self._signers = signers
        self._clock = clock
        self._due: list[Due] = []  # a heap
        self._changed = asyncio.Event()
        self._slots = asyncio.Semaphore(IN_FLIGHT_MAX)
        self._attempts: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=IN_FLIGHT_MAX),
            timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        for payment, attempts, last in self._books.read(UNTOLD):
            self._plan(
                payment, attempts, datetime.fromisoformat(last) if last else self._clock.now()
            )
        self._loop = asyncio.create_task(self._watch())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        tasks = [self._loop, *self._attempts]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await self._session.close()

    def paid(self, payment: int) -> None:
        """A payment was written: tell about it at once."""
        self._plan(payment, 0, self._clock.now())

    async def send(self, payment: int, odd: Odd = PROPER) -> int:
        """One message now; returns the status of the merchant's answer, 0 when there was none in time."""
        [story] = self._books.read(OF_PAYMENT, payment)
        seal = self._seals[story["mchid"]]
        message = await self._signers.run(compose, seal, story, self._clock.now(), odd)
        try:
            async with self._session.post(
                story["notify_url"],
                data=message.body,
                headers=message.headers,
                allow_redirects=False,
            ) as response:
                await response.read()
                return response.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0

    def _plan(self, payment: int, attempts: int, last: datetime) -> None:
        if attempts > len(DELAYS):
            return  # told often enough: the merchant has to ask
        at = last + DELAYS[attempts - 1] if attempts else last
        heapq.heappush(self._due, Due(at, payment, attempts + 1))
        self._changed.set()

    async def _watch(self) -> None:
        while True:
            self._changed.clear()
            while self._due and self._due[0].at <= self._clock.now():
                await self._slots.acquire()
                attempt = asyncio.create_task(self._attempt(heapq.heappop(self._due)))
                self._attempts.add(attempt)
                attempt.add_done_callback(self._finished)
            # The clock may jump or change its pace, so it is looked at rather than slept until.
            with suppress(TimeoutError):
                async with asyncio.timeout(LOOK_SECONDS if self._due else None):
                    await self._changed.wait()

    async def _attempt(self, due: Due) -> None:
        status = await self.send(due.payment)
        at = self._clock.now()
        told = {
            "payment": due.payment,
            "attempt": due.attempt,
            "status": status,
            "at": at.isoformat(),
        }
        await self._books.write(lambda books: add(books, "deliveries", **told))
        if status not in HEARD:
            self._plan(due.payment, due.attempt, at)

    def _finished(self, attempt: asyncio.Task[None]) -> None:
        self._slots.release()
        self._attempts.discard(attempt)
        if not attempt.cancelled() and (error := attempt.exception()):
            log.error("an attempt to notify broke", exc_info=error)


def compose(seal: Seal, story: Row, at: datetime, odd: Odd) -> Message:
    """The notification of one payment, proper unless `odd` says otherwise."""
    content = {
        "id": story["notification_id"],
        "create_time": story["success_time"],
        "resource_type": "encrypt-resource",
        "event_type": "TRANSACTION.SUCCESS",
        "summary": "支付成功",
        "resource": seal.encrypted({**transaction(story), **odd.change}, "transaction"),
    }
    body = compact(content)
    headers = seal.headers(body, at - odd.age)
    signature = headers["Wechatpay-Signature"]
    if odd.signature == "signtest":
        headers["Wechatpay-Signature"] = PROBE + signature[len(PROBE) :]
    elif odd.signature == "forged":
        headers["Wechatpay-Signature"] = signature[::-1]
    return Message(headers | {"Content-Type": "application/json"}, body)
