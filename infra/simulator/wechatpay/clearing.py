"""Refunds on their way: each becomes what it is to become when its time has come, restarts or not."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime
from types import TracebackType
from typing import Self

from commands.ports import Clock
from infra.simulator.wechatpay import refunds
from infra.simulator.wechatpay.agenda import Agenda
from infra.simulator.wechatpay.books import Books

UNDER_WAY = """
SELECT s.seq, s.due_at FROM refund_steps s WHERE s.state = 'PROCESSING' AND NOT EXISTS
    (SELECT 1 FROM refund_steps later WHERE later.refund = s.refund AND later.step > s.step)
"""

log = logging.getLogger(__name__)


class Clearing:
    """Open as an async context manager. `tell` hears the number of each step at which a refund ended."""

    def __init__(self, books: Books, clock: Clock, tell: Callable[[int], None]) -> None:
        self._books = books
        self._clock = clock
        self._tell = tell
        self._agenda: Agenda[int] = Agenda(clock)

    async def __aenter__(self) -> Self:
        for step, due_at in self._books.read(UNDER_WAY):
            self._agenda.put(datetime.fromisoformat(due_at), step)
        self._loop = asyncio.create_task(self._keep_clearing())
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._loop.cancel()
        await asyncio.gather(self._loop, return_exceptions=True)

    def later(self, taken: refunds.Taken) -> None:
        """This step was written: see to it when it is due."""
        self._agenda.put(taken.due_at, taken.step)

    async def now(self, step: int) -> int | None:
        """Let it become what it is to become; the number of that step, None when it did before."""
        at = self._clock.now()
        return await self._books.write(lambda books: refunds.come_due(books, step, at))

    async def _keep_clearing(self) -> None:
        while True:
            step = await self._agenda.take()
            try:
                ended = await self.now(step)
            except Exception:  # one broken refund must not stop the others
                log.exception("step %d of a refund could not be taken", step)
                continue
            if ended is not None:
                self._tell(ended)
