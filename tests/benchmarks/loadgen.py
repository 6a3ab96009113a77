"""A load generator of its own process: kept-alive connections, raw HTTP/1.1, as little Python as possible.

Reads a plan (msgpack) from the file named first, plays it, and prints one JSON line. A closed loop keeps
`connections` requests under way; an open loop sends `rate` requests a second whatever comes back, and counts
latency from when a request was due, so that a stalled server cannot hide its queue.
"""

import asyncio
import sys
import time
from collections import Counter
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import msgspec
import uvloop


class Plan(msgspec.Struct):
    """`requests[i]` is sent with `tokens[i % len(tokens)]` unless `owners` names the token of each."""

    url: str
    tokens: list[str]
    bodies: list[bytes]
    owners: list[int]
    key_prefix: str
    connections: int
    seconds: float = 0.0  # 0: until the plan is used up
    rate: float = 0.0  # requests a second; 0: closed loop


class Result(msgspec.Struct):
    """Latencies in milliseconds. `per_second` counts 2xx answers only."""

    sent: int
    seconds: float
    per_second: float
    p50: float
    p99: float
    statuses: dict[str, int]


class Client(asyncio.Protocol):
    """One connection. `ask` sends one request; the answer's status sets `answered`."""

    def __init__(self) -> None:
        self._buffer = b""
        self._answered: asyncio.Future[int] | None = None
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def ask(self, request: bytes) -> "asyncio.Future[int]":
        assert self._transport is not None
        self._answered = asyncio.get_running_loop().create_future()
        self._transport.write(request)
        return self._answered

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self._buffer[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 : head.find(b"\r\n", at) % (end + 1)]) if at >= 0 else 0
        if len(self._buffer) < end + 4 + length:
            return
        self._buffer = self._buffer[end + 4 + length :]
        answered, self._answered = self._answered, None
        if answered is not None and not answered.done():
            answered.set_result(int(head[9:12]))

    def connection_lost(self, error: Exception | None) -> None:
        if self._answered is not None and not self._answered.done():
            self._answered.set_exception(error or ConnectionResetError())


class Load:
    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.parts = urlsplit(plan.url)
        self.next = 0
        self.latencies: list[float] = []
        self.statuses: Counter[str] = Counter()
        self.heads = [
            f"POST {self.parts.path} HTTP/1.1\r\nHost: {self.parts.netloc}\r\n"
            f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\n"
            f"Idempotency-Key: {plan.key_prefix}".encode()
            for token in plan.tokens
        ]

    def request(self, index: int) -> bytes:
        body = self.plan.bodies[index]
        head = self.heads[self.plan.owners[index]]
        return b"%b%d\r\nContent-Length: %d\r\n\r\n%b" % (head, index, len(body), body)

    async def connect(self) -> Client:
        loop = asyncio.get_running_loop()
        _, client = await loop.create_connection(
            Client, str(self.parts.hostname), int(self.parts.port or 80)
        )
        return client

    async def one(self, client: Client, index: int, due: float) -> None:
        try:
            status = await client.ask(self.request(index))
        except ConnectionError as lost:
            self.statuses[type(lost).__name__] += 1
            return
        self.latencies.append(time.perf_counter() - due)
        self.statuses[str(status)] += 1

    async def closed_loop(self, client: Client, until: float) -> None:
        while self.next < len(self.plan.bodies) and time.perf_counter() < until:
            index, self.next = self.next, self.next + 1
            await self.one(client, index, time.perf_counter())

    async def open_loop(self, clients: "asyncio.Queue[Client]", began: float, until: float) -> None:
        tasks: set[asyncio.Task[None]] = set()
        for index in range(len(self.plan.bodies)):
            due = began + index / self.plan.rate
            if due >= until:
                break
            while (wait := due - time.perf_counter()) > 0:
                await asyncio.sleep(wait)
            task = asyncio.create_task(self._borrow(clients, index, due))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
        await asyncio.gather(*tasks)

    async def _borrow(self, clients: "asyncio.Queue[Client]", index: int, due: float) -> None:
        client = await clients.get()
        await self.one(client, index, due)
        clients.put_nowait(client)

    async def run(self) -> Result:
        clients = [await self.connect() for _ in range(self.plan.connections)]
        began = time.perf_counter()
        until = began + (self.plan.seconds or 3600)
        if self.plan.rate:
            free: asyncio.Queue[Client] = asyncio.Queue()
            for client in clients:
                free.put_nowait(client)
            await self.open_loop(free, began, until)
        else:
            await asyncio.gather(*(self.closed_loop(client, until) for client in clients))
        seconds = time.perf_counter() - began
        self.latencies.sort()
        good = sum(count for status, count in self.statuses.items() if status.startswith("2"))
        return Result(
            sent=sum(self.statuses.values()),
            seconds=seconds,
            per_second=good / seconds,
            p50=self._percentile(0.50),
            p99=self._percentile(0.99),
            statuses=dict(self.statuses),
        )

    def _percentile(self, share: float) -> float:
        if not self.latencies:
            return 0.0
        return 1000 * self.latencies[min(len(self.latencies) - 1, int(share * len(self.latencies)))]


def main() -> None:
    plan = msgspec.msgpack.decode(Path(sys.argv[1]).read_bytes(), type=Plan)
    result = uvloop.run(Load(plan).run())
    sys.stdout.write(msgspec.json.encode(result).decode() + "\n")


if __name__ == "__main__":
    main()
