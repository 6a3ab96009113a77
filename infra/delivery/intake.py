"""What NATS brings, kept in memory until the consumer takes it. Losing any of it costs only time.

Messages may come twice, late, in any order or not at all: they wait here under their position, and the
consumer takes those that continue its own place. Whatever is missing it reads from the log.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Sequence
from itertools import takewhile
from typing import Final

import msgspec
from nats.aio.msg import Msg

from infra.delivery.disorder import Disorder, Receive
from infra.delivery.jetstream import Lost, Session, session
from infra.delivery.messages import START, Message, Place, chained, decode
from infra.delivery.metrics import DISCARDED

log = logging.getLogger(__name__)

WAITING_MAX: Final = 4000  # messages in memory
RETRY_SECONDS: Final = 0.25


class Intake:
    """Messages of one cell for one consumer. `front` is set by the consumer: what is behind it is dropped."""

    def __init__(
        self, cell: str, nats_servers: Sequence[str], durable: str, disorder: int | None = None
    ) -> None:
        self.cell = cell
        self.front: Place = START
        self.stream_epoch = 0
        self._servers = nats_servers
        self._durable = durable
        self._waiting: dict[int, Message] = {}
        self._replies: deque[tuple[int, str]] = deque()
        self._arrived = asyncio.Event()
        self._taken = asyncio.Event()
        self._session: Session | None = None
        straight: Receive = self._receive
        self._hear = straight if disorder is None else Disorder(straight, cell, disorder)

    # --- filling, in the background ------------------------------------------------------------

    async def run(self) -> None:
        """Listen for ever, beginning again behind the front whenever NATS or the stream is lost."""
        while True:
            try:
                async with session(self._servers, self.cell, f"tuan-{self._durable}") as nats:
                    await self._listen(nats)
            except Lost as lost:
                log.info("%s: %s hears nothing from NATS: %s", self.cell, self._durable, lost)
            finally:
                self._session = None
            await asyncio.sleep(RETRY_SECONDS)

    async def _listen(self, nats: Session) -> None:
        found = await nats.find()
        if found is None:
            raise Lost("no stream yet")
        if self.stream_epoch not in (0, found.stream_epoch):
            log.warning(
                "%s: stream epoch %d follows %d", self.cell, found.stream_epoch, self.stream_epoch
            )
        self.stream_epoch = found.stream_epoch
        self._session = nats
        self._replies.clear()
        await nats.consume(self._durable, self.front.position, self._room, self._hear)

    async def _room(self) -> int:
        while len(self._waiting) > WAITING_MAX // 2:
            self._taken.clear()
            await self._taken.wait()
        return WAITING_MAX - len(self._waiting)

    def _receive(self, raw: Msg) -> None:
        try:
            message = decode(raw.data)
        except (msgspec.DecodeError, UnicodeDecodeError):
            DISCARDED.labels(self.cell).inc()  # the log has it
            return
        self._replies.append((message.position, raw.reply))
        self.offer(message)

    def offer(self, message: Message) -> None:
        """Keep it until it is taken, unless it is behind the front already."""
        if message.position > self.front.position:
            self._waiting[message.position] = message
            self._arrived.set()

    # --- taking --------------------------------------------------------------------------------

    async def wait(self, seconds: float) -> None:
        """Return when something is here, at the latest after `seconds`."""
        if self._waiting:
            return
        self._arrived.clear()
        try:
            async with asyncio.timeout(seconds):
                await self._arrived.wait()
        except TimeoutError:
            pass

    def take(self, limit: int) -> list[Message]:
        """What continues the front, in order; nothing when the next message is missing or does not fit."""
        first = self.front.position + 1
        present = map(self._waiting.get, range(first, first + limit))
        batch = list(
            chained(self.front, (message for message in takewhile(bool, present) if message))
        )
        for message in batch:
            del self._waiting[message.position]
        misfit = first + len(batch)
        if len(batch) < limit and self._waiting.pop(misfit, None) is not None:
            log.warning("%s: the message at %d does not continue our log", self.cell, misfit)
            DISCARDED.labels(self.cell).inc()
        return batch

    def missing(self) -> int:
        """How many positions stand between the front and the first message that waits; 0 when none waits."""
        return min(self._waiting) - self.front.position - 1 if self._waiting else 0

    async def pass_front(self, front: Place) -> None:
        """Everything up to `front` is in the read models: forget it, and tell NATS."""
        self.front = front
        if self._waiting and min(self._waiting) <= front.position:
            self._waiting = {at: it for at, it in self._waiting.items() if at > front.position}
        self._taken.set()
        reply = ""
        while self._replies and self._replies[0][0] <= front.position:
            reply = self._replies.popleft()[1]
        if reply and self._session is not None:
            try:
                await self._session.acknowledge(reply)
            except Lost:
                log.debug("%s: not acknowledged; it will come again", self.cell)

    def forget(self, front: Place) -> None:
        """Begin anew behind `front`, which may lie before where we were."""
        self.front = front
        self._waiting.clear()
        self._taken.set()
