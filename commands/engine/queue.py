"""Who waits where: one line per lane and tenant, tenants served in turn, everything bounded."""

import asyncio
from collections import deque
from collections.abc import Iterable
from typing import NamedTuple
from uuid import UUID

from commands.ports import Answer, Overloaded, Submission
from commands.use_case import Lane

RETRY_AFTER_SECONDS = 1
GREED = 8  # a tenant may have this many times as many commands waiting as there are free places


class Item(NamedTuple):
    """A command waiting for its answer. Timers and inbox commands have nobody waiting.

    `timer` names the row that fired (aggregate, command): it goes in the commit of this command.
    """

    submission: Submission
    key_digest: UUID | None
    answer: "asyncio.Future[Answer] | None"
    from_inbox: bool = False
    timer: tuple[UUID, str] | None = None


class FairQueue:
    """Lanes by urgency; inside a lane tenants take turns, so one tenant's rush delays only itself."""

    def __init__(self, total_max: int) -> None:
        self._total_max = total_max
        self._lanes: dict[Lane, dict[str, deque[Item]]] = {lane: {} for lane in Lane}
        self.size = 0
        self.arrived = asyncio.Event()

    def put(self, lane: Lane, item: Item) -> None:
        """Raises: Overloaded when full. Money lanes have a fifth of the room to themselves.

        The fuller it gets, the less one tenant may add, so a flood always leaves places for the others.
        """
        room = self._total_max if lane < Lane.TRADE else self._total_max * 4 // 5
        tenants, tenant = self._lanes[lane], item.submission.tenant
        line = tenants.get(tenant) or deque()
        if self.size >= room or len(line) >= GREED * (room - self.size):
            raise Overloaded(RETRY_AFTER_SECONDS)
        tenants[tenant] = line
        line.append(item)
        self.size += 1
        self.arrived.set()

    def take(self, limit: int) -> list[Item]:
        """The next items to decide, most urgent lane first. Who was served goes to the end of the round."""
        taken: list[Item] = []
        for tenants in self._lanes.values():
            while tenants and len(taken) < limit:
                tenant = next(iter(tenants))
                line = tenants.pop(tenant)
                taken.append(line.popleft())
                if line:
                    tenants[tenant] = line
        self.size -= len(taken)
        if self.size == 0:
            self.arrived.clear()
        return taken

    def drain(self) -> Iterable[Item]:
        """Everything still waiting, for an engine that stops owning."""
        return self.take(self.size)
