"""One session with NATS: the stream of a cell, batches into it, messages out of it.

A session never reconnects. When anything is lost, or an answer stays out, it ends with `Lost` and its owner
begins another, comparing everything again; so nothing that was half sent can be sent twice later.
"""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, NamedTuple, TypeVar

from nats.aio.client import NATS_HDR_LINE_SIZE, Client
from nats.aio.msg import Msg
from nats.errors import Error as NatsError
from nats.js.api import (
    AckPolicy,
    ConsumerConfig,
    DeliverPolicy,
    DiscardPolicy,
    StorageType,
    StreamConfig,
)
from nats.js.errors import NotFoundError

from infra.delivery.messages import Message, Place, decode, encode, subject

T = TypeVar("T")

ANSWER_SECONDS: Final = 5.0  # longest wait for any answer
CLOSE_SECONDS: Final = 2.0  # to part from a server that may be gone
PULL_SECONDS: Final = 2.0  # how long one pull request waits for messages
SPACE: Final = ord(" ")  # after NATS/1.0 comes a status, or the end of the line
WRONG_LAST_SEQUENCE: Final = 10071
BATCH_BYTES: Final = 4_000_000  # of one atomic batch


class Lost(Exception):
    """The connection is gone, or an answer did not come. Nobody knows what the server did."""


class Fenced(Exception):
    """The stream does not end where we thought: someone else appended to it."""


class LeanClient(Client):
    """Reads headers of status messages only.

    JetStream leaves the headers of a batch on every message, and to parse what nobody looks at would be a
    quarter of a consumer's work.
    """

    async def _process_headers(self, headers: bytes) -> dict[str, str] | None:
        if headers and headers[NATS_HDR_LINE_SIZE] == SPACE:
            status: dict[str, str] | None = await super()._process_headers(headers)
            return status
        return None


class Limits(NamedTuple):
    """The window of the log that the stream keeps, and its copies."""

    messages: int = 2_000_000
    bytes: int = 2_000_000_000
    replicas: int = 1


class Found(NamedTuple):
    """The stream as it stands. `last` has no hash when it cannot be known."""

    stream_epoch: int
    last: Place


class Session:
    """Use within `session()`."""

    def __init__(self, client: Client, lost: asyncio.Event, cell: str) -> None:
        self._client = client
        self._js = client.jetstream(timeout=ANSWER_SECONDS)
        self._lost = lost
        self.cell = cell
        self.stream = f"TUAN_{cell}"

    async def until_lost(self, work: Awaitable[T]) -> T:
        """The result of `work`. Raises: Lost as soon as the connection is, or when NATS fails at it."""
        task = asyncio.ensure_future(work)
        lost = asyncio.ensure_future(self._lost.wait())
        try:
            await asyncio.wait((task, lost), return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise Lost("connection lost")
            return await task
        except (NatsError, OSError, TimeoutError) as error:
            raise Lost(str(error) or type(error).__name__) from error
        finally:
            lost.cancel()
            task.cancel()

    # --- the stream ----------------------------------------------------------------------------

    async def find(self) -> Found | None:
        """The stream of the cell, or None when there is none."""
        return await self.until_lost(self._find())

    async def _find(self) -> Found | None:
        try:
            info = await self._js.stream_info(self.stream)
        except NotFoundError:
            return None
        metadata = info.config.metadata or {}
        stream_epoch, last = int(metadata.get("tuan-stream-epoch", 0)), info.state.last_seq
        if info.state.messages == 0:
            known = metadata.get("tuan-after-position") == str(last)
            return Found(stream_epoch, Place(last, metadata["tuan-after-hash"] if known else ""))
        try:
            message = decode((await self._js.get_msg(self.stream, last)).data or b"")
        except (ValueError, NotFoundError):
            return Found(stream_epoch, Place(last, ""))
        return Found(stream_epoch, message.place._replace(position=last))

    async def recreate(self, stream_epoch: int, after: Place, limits: Limits) -> None:
        """An empty stream whose first message will have the sequence `after.position` + 1."""
        await self.until_lost(self._recreate(stream_epoch, after, limits))

    async def _recreate(self, stream_epoch: int, after: Place, limits: Limits) -> None:
        try:
            await self._js.delete_stream(self.stream)
        except NotFoundError:
            pass
        await self._js.add_stream(
            StreamConfig(
                name=self.stream,
                subjects=[f"tuan.{self.cell}.*.*.*"],
                discard=DiscardPolicy.OLD,
                storage=StorageType.FILE,
                max_msgs=limits.messages,
                max_bytes=limits.bytes,
                num_replicas=limits.replicas,
                first_seq=after.position + 1,
                allow_atomic=True,
                allow_direct=True,
                metadata={
                    "tuan-stream-epoch": str(stream_epoch),
                    "tuan-after-position": str(after.position),
                    "tuan-after-hash": after.hash,
                },
            )
        )

    async def publish(self, messages: Sequence[Message]) -> None:
        """Append all of them or none. Raises: Fenced when the stream does not end right before them."""
        answer = await self.until_lost(self._publish(messages))
        error = answer.get("error")
        if error is None:
            return
        if error.get("err_code") == WRONG_LAST_SEQUENCE:
            raise Fenced(error.get("description", ""))
        raise Lost(f"{self.stream}: {error}")

    async def _publish(self, messages: Sequence[Message]) -> dict[str, Any]:
        batch, last = self._client.new_inbox()[-22:], len(messages)
        expected = {"Nats-Expected-Last-Sequence": str(messages[0].position - 1)}
        for sequence, message in enumerate(messages, start=1):
            headers = expected if sequence == 1 else {}
            if last > 1:
                headers = {**headers, "Nats-Batch-Id": batch, "Nats-Batch-Sequence": str(sequence)}
            to = subject(self.cell, message.tenant, message.category, message.type)
            if sequence < last:
                await self._client.publish(to, encode(message), headers=headers)
                continue
            if last > 1:
                headers["Nats-Batch-Commit"] = "1"
            answer = await self._client.request(
                to, encode(message), ANSWER_SECONDS, headers=headers
            )
        decoded: dict[str, Any] = json.loads(answer.data)
        return decoded

    # --- pings ---------------------------------------------------------------------------------

    async def on_commit(self, woken: Callable[[], None]) -> None:
        """Call `woken` whenever the engine says that it committed."""

        async def ping(_: Msg) -> None:
            woken()

        await self.until_lost(self._client.subscribe(f"tuan.{self.cell}.committed", cb=ping))

    # --- consuming -----------------------------------------------------------------------------

    async def consume(
        self,
        durable: str,
        after: int,
        room: Callable[[], Awaitable[int]],
        offer: Callable[[Msg], None],
    ) -> None:
        """Hand messages after position `after` to `offer`, never more than there is `room` for, until `Lost`."""
        over = asyncio.Event()
        status, left = "", 0

        async def receive(message: Msg) -> None:
            nonlocal status, left
            if message.headers and "Status" in message.headers and not message.data:
                status = message.headers["Status"]
                over.set()
                return
            left -= 1
            offer(message)
            if left <= 0:
                over.set()

        await self.until_lost(self._position_consumer(durable, after))
        inbox = self._client.new_inbox()
        await self.until_lost(self._client.subscribe(inbox, cb=receive))
        pull = f"$JS.API.CONSUMER.MSG.NEXT.{self.stream}.{durable}"
        expires = int(PULL_SECONDS * 1e9)
        while status in ("", "404", "408"):  # nothing yet, or nothing within the time asked
            left = await self.until_lost(room())
            status = ""
            over.clear()
            request = json.dumps({"batch": left, "expires": expires}).encode()
            await self.until_lost(self._client.publish(pull, request, reply=inbox))
            await self.until_lost(_within(PULL_SECONDS + 1, over.wait()))
        raise Lost(f"consumer {durable}: status {status}")

    async def _position_consumer(self, durable: str, after: int) -> None:
        try:
            await self._js.delete_consumer(self.stream, durable)
        except NotFoundError:
            pass
        await self._js.add_consumer(
            self.stream,
            ConsumerConfig(
                durable_name=durable,
                ack_policy=AckPolicy.ALL,
                ack_wait=30,
                max_ack_pending=20_000,
                deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
                opt_start_seq=after + 1,
            ),
        )

    async def acknowledge(self, reply: str) -> None:
        """Everything up to the message with this reply subject is done with."""
        await self.until_lost(self._client.publish(reply, b"+ACK"))


async def _within(seconds: float, work: Awaitable[T]) -> T:
    """Raises: TimeoutError. (`asyncio.wait_for` of Python 3.11 may swallow a cancellation.)"""
    async with asyncio.timeout(seconds):
        return await work


@asynccontextmanager
async def session(servers: Sequence[str], cell: str, name: str) -> AsyncIterator[Session]:
    """Connect once. Raises: Lost, also from inside when the connection goes."""
    lost = asyncio.Event()

    async def closed() -> None:
        lost.set()

    async def error(_: Exception) -> None:
        """Every error that matters also closes the connection or leaves a request unanswered."""

    try:
        client = LeanClient()
        await client.connect(
            servers=list(servers),
            name=name,
            allow_reconnect=False,
            connect_timeout=2,
            ping_interval=2,
            max_outstanding_pings=2,
            error_cb=error,
            closed_cb=closed,
            disconnected_cb=closed,
        )
    except (NatsError, OSError, TimeoutError) as refused:
        raise Lost(str(refused) or type(refused).__name__) from refused
    try:
        yield Session(client, lost, cell)
    finally:
        with suppress(TimeoutError, OSError, NatsError):  # it is over either way
            await _within(CLOSE_SECONDS, client.close())
