"""Telling the merchant that a buyer paid or that a refund ended, until the merchant says that it heard.

What has to be told follows from the books alone (a payment, or a refund's last step, without a delivery
answered 2xx), so a restart forgets nobody. Each attempt is stamped, encrypted and signed anew. Delays run
on the channel's clock; the time limit of one delivery guards a socket and is real.
"""

import asyncio
import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from types import TracebackType
from typing import NamedTuple, Self

import aiohttp

from commands.ports import Clock
from infra.simulator.wechatpay.agenda import Agenda
from infra.simulator.wechatpay.books import Books, add
from infra.simulator.wechatpay.message import (
    PROPER,
    Letter,
    Odd,
    Subject,
    compose,
    letter,
)
from infra.simulator.wechatpay.protocol import Seal
from infra.simulator.wechatpay.signers import Signers

HEARD = frozenset({200, 204})
ANSWER_SECONDS = 5.0
IN_FLIGHT_MAX = 64
SECONDS = (15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10800, 10800, 10800, 21600, 21600)
DELAYS = [timedelta(seconds=n) for n in SECONDS]  # after the 1st attempt, the 2nd, …: 16 in all
UNTOLD = """
SELECT 'payment', p.seq, count(d.seq) AS attempts, max(d.at) AS last
FROM payments p LEFT JOIN deliveries d ON d.payment = p.seq
GROUP BY p.seq HAVING coalesce(max(d.status IN (200, 204)), 0) = 0
UNION ALL
SELECT 'refund', s.seq, count(d.seq), max(d.at)
FROM refund_steps s LEFT JOIN refund_deliveries d ON d.step = s.seq
WHERE s.state <> 'PROCESSING'
GROUP BY s.seq HAVING coalesce(max(d.status IN (200, 204)), 0) = 0
"""
DELIVERIES = {"payment": ("deliveries", "payment"), "refund": ("refund_deliveries", "step")}

log = logging.getLogger(__name__)


class Attempt(NamedTuple):
    """One try to tell one thing."""

    subject: Subject
    number: int  # from 1


class Notifier:
    """Open as an async context manager: it notifies while open."""

    def __init__(
        self, books: Books, seals: Mapping[str, Seal], signers: Signers, clock: Clock
    ) -> None:
        self._books = books
        self._seals = seals
        self._signers = signers
        self._clock = clock
        self._agenda: Agenda[Attempt] = Agenda(clock)
        self._slots = asyncio.Semaphore(IN_FLIGHT_MAX)
        self._attempts: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=IN_FLIGHT_MAX),
            timeout=aiohttp.ClientTimeout(total=ANSWER_SECONDS),
            cookie_jar=aiohttp.DummyCookieJar(),
        )
        for event, seq, attempts, last in self._books.read(UNTOLD):
            at = datetime.fromisoformat(last) if last else self._clock.now()
            self._plan(Subject(event, seq), attempts, at)
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
        self._plan(Subject("payment", payment), 0, self._clock.now())

    def refund_ended(self, step: int) -> None:
        """A refund's last step was written: tell about it at once."""
        self._plan(Subject("refund", step), 0, self._clock.now())

    async def send(self, subject: Subject, odd: Odd = PROPER) -> int:
        """One message now; returns the status of the merchant's answer, 0 when there was none in time."""
        return await self._post(letter(self._books, subject), odd)

    async def _post(self, said: Letter, odd: Odd) -> int:
        seal = self._seals[said.mchid]
        message = await self._signers.run(compose, seal, said, self._clock.now(), odd)
        try:
            async with self._session.post(
                said.notify_url,
                data=message.body,
                headers=message.headers,
                allow_redirects=False,
            ) as response:
                await response.read()
                return response.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0

    def _plan(self, subject: Subject, attempts: int, last: datetime) -> None:
        if attempts > len(DELAYS):
            return  # told often enough: the merchant has to ask
        at = last + DELAYS[attempts - 1] if attempts else last
        self._agenda.put(at, Attempt(subject, attempts + 1))

    async def _watch(self) -> None:
        while True:
            due = await self._agenda.take()
            await self._slots.acquire()
            attempt = asyncio.create_task(self._attempt(due))
            self._attempts.add(attempt)
            attempt.add_done_callback(self._finished)

    async def _attempt(self, attempt: Attempt) -> None:
        status = await self.send(attempt.subject)
        at = self._clock.now()
        book, column = DELIVERIES[attempt.subject.event]
        told = {
            column: attempt.subject.seq,
            "attempt": attempt.number,
            "status": status,
            "at": at.isoformat(),
        }
        await self._books.write(lambda books: add(books, book, **told))
        if status not in HEARD:
            self._plan(attempt.subject, attempt.number, at)

    def _finished(self, attempt: asyncio.Task[None]) -> None:
        self._slots.release()
        self._attempts.discard(attempt)
        if not attempt.cancelled() and (error := attempt.exception()):
            log.error("an attempt to notify broke", exc_info=error)
