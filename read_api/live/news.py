"""Which of the orders that are watched have something new? Asked once for all their watchers.

Every event moves the checkpoint, and hardly any is about the order that somebody looks at: without this each
watcher would open a snapshot to find nothing.
"""

import asyncio
from typing import Final, LiteralString
from uuid import UUID

from starlette.datastructures import State

from domain.identity import Principal
from read_api import timeline

GATHER_SECONDS: Final = 0.02  # in which those whom one look woke ask together

NEWS: LiteralString = """
select w.order_id from unnest(%(orders)s::uuid[], %(afters)s::bigint[]) as w (order_id, after)
where exists (select from read.timeline_v1 t
              where t.tenant = %(tenant)s and t.order_id = w.order_id and t.position > w.after)"""


class Question:
    """Orders of one tenant, and up to where each is known."""

    def __init__(self) -> None:
        self.asked: dict[UUID, int] = {}
        self.answer: asyncio.Task[set[UUID]] | None = None


class News:
    """Gathers questions, tenant by tenant."""

    def __init__(self, state: State) -> None:
        self._state = state
        self._open: dict[str, Question] = {}

    async def of(self, principal: Principal, order_id: UUID, after: int) -> bool:
        """Is there anything after this position? Sometimes yes when there is not, never the other way round."""
        question = self._open.get(principal.tenant)
        if question is None:
            question = self._open[principal.tenant] = Question()
            question.answer = asyncio.create_task(self._ask(principal, question))
        question.asked[order_id] = min(after, question.asked.get(order_id, after))
        assert question.answer is not None
        return order_id in await asyncio.shield(question.answer)

    async def _ask(self, principal: Principal, question: Question) -> set[UUID]:
        await asyncio.sleep(GATHER_SECONDS)
        del self._open[principal.tenant]
        async with timeline.READING.open(self._state, principal) as snapshot:
            rows = await snapshot.rows(
                NEWS,
                tenant=principal.tenant,
                orders=list(question.asked),
                afters=list(question.asked.values()),
            )
        return {row["order_id"] for row in rows}
