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
from infra.simulator.wechatpay.faults import Fate, Fault, Faults
from infra.simulator.wechatpay.message import (
    PROPER,
    Letter,
    Odd,
    Subject,
    compose,
    letter,
    with_another_amount,
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

HELD_MAX = timedelta(seconds=30)
LOST_MAX = 3  # the first attempts that may be lost, of one message
DUPLICATES = (1, 3)
UNPROVEN: dict[Fault, Odd] = {"notify_forged": Odd("forged"), "notify_signtest": Odd("signtest")}

log = logging.getLogger(__name__)


class Attempt(NamedTuple):
    """One try to tell one thing."""

    subject: Subject
    number: int  # from 1
    held: bool = False  # was held back already


class Notifier:
    """Open as an async context manager: it notifies while open."""

    def __init__(
        self,
        books: Books,
        seals: Mapping[str, Seal],
        signers: Signers,
        clock: Clock,
        faults: Faults,
    ) -> None:
        self._books = books
        self._faults = faults
        self._held: set[Attempt] = set()
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

    async def refund_ended_now(self, step: int) -> None:
        """The same, and come back when the merchant has answered."""
        await self._attempt(Attempt(Subject("refund", step), 1))

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
        if attempt.held and attempt not in self._held:
            return  # it went out already, after a later one
        self._held.discard(attempt)
        said = letter(self._books, attempt.subject)
        fate = self._faults.draw("notify", said.number)
        try:
            if not attempt.held and await self._faults.fire(fate, "notify_reordered"):
                self._hold(attempt)
                return
            await self._mislead(said, fate, attempt.subject)
            status = await self._tell(said, fate, attempt)
            await self._record(attempt, status)
            if status in HEARD and await self._faults.fire(fate, "notify_duplicate"):
                for _ in range(fate.within("notify_duplicate", DUPLICATES)):
                    await self._besides("notify_duplicate", said, PROPER)
        finally:
            self._faults.done(fate)
        self._let_go()

    async def _tell(self, said: Letter, fate: Fate, attempt: Attempt) -> int:
        """The message itself, as its fate has it; returns the status of the answer."""
        if attempt.number <= LOST_MAX and await self._faults.fire(fate, "notify_lost"):
            return 0
        if await self._faults.fire(fate, "clock_skew"):
            return await self._besides("clock_skew", said, Odd(age=-skew(fate)))
        return await self._post(said, PROPER)

    async def _mislead(self, said: Letter, fate: Fate, subject: Subject) -> None:
        """Messages before the real one that nobody may believe; the last of them is the channel's own."""
        for fault, odd in UNPROVEN.items():
            if await self._faults.fire(fate, fault):
                await self._besides(fault, said, odd)
        by_dice = fate.wanted.get("notify_wrong_amount") is None
        if subject.event == "payment" and by_dice:
            return  # what was captured is told wrongly on request only
        if await self._faults.fire(fate, "notify_wrong_amount"):
            await self._besides("notify_wrong_amount", said, with_another_amount(said))

    async def _besides(self, fault: Fault, said: Letter, odd: Odd) -> int:
        """A message for the sake of a fault, and what the merchant said to it."""
        status = await self._post(said, odd)
        sent = {"number": said.number, "status": status, "at": self._clock.now().isoformat()}
        await self._books.write(lambda books: add(books, "fault_messages", fault=fault, **sent))
        return status

    async def _record(self, attempt: Attempt, status: int) -> None:
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

    def _hold(self, attempt: Attempt) -> None:
        """Keep it until a later message has gone out, but not for ever."""
        held = attempt._replace(held=True)
        self._held.add(held)
        self._agenda.put(self._clock.now() + HELD_MAX, held)

    def _let_go(self) -> None:
        for held in self._held:
            self._agenda.put(self._clock.now(), held)

    def _finished(self, attempt: asyncio.Task[None]) -> None:
        self._slots.release()
        self._attempts.discard(attempt)
        if not attempt.cancelled() and (error := attempt.exception()):
            log.error("an attempt to notify broke", exc_info=error)


def skew(fate: Fate) -> timedelta:
    """How far a clock is off that is off on purpose: six minutes to an hour, either way."""
    off = timedelta(seconds=fate.within("clock_skew", (360, 3600)))
    return off if fate.share("clock_skew way") < 0.5 else -off
