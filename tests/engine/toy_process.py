"""A real process around an engine with the toy trade: python -m tests.engine.toy_process DSN PORT

Like the real service it says where the owner is when another process owns the cell, asks to come back when
it is overloaded, and answers only what is durable. TUAN_CRASH_AT has it die at a named point.
"""

import asyncio
import logging
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

import msgspec
import uvloop

from commands.ports import (
    Answer,
    KeyReused,
    NotOwner,
    Overloaded,
    Pending,
    Submission,
)
from infra.cell.inbox import PostgresInbox
from infra.crash import POINTS, reached_from
from tests.engine.heavy import DECIDERS, HEAVY
from tests.engine.running import Running, an_inbox, running, submission
from tests.engine.wire import LINE_MAX, Ask, Said, encode, read_ask

log = logging.getLogger(__name__)


class WallClock:
    """What `infra.clock` has too, without a second's worth of settings to load."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class Desk:
    """Answers one connection after the other."""

    def __init__(self, cell: Running, inbox: PostgresInbox) -> None:
        self.cell = cell
        self.inbox = inbox
        self.lines: set[asyncio.StreamWriter] = set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.lines.add(writer)
        with suppress(ConnectionError):
            while line := await reader.readline():
                writer.write(encode(await self.say(read_ask(line))) + b"\n")
                await writer.drain()
        writer.close()
        self.lines.discard(writer)

    def hang_up(self) -> None:
        for writer in self.lines:
            writer.transport.abort()

    async def say(self, ask: Ask) -> Said:
        try:
            if ask.name == "owner":
                head = self.cell.engine.head
                return Said("answer", outcome="owner" if head else "standby")
            if ask.name == "status":
                return said(await self.inbox.status(ask.tenant, ask.principal, UUID(ask.key)))
            asked = read(ask)
            if ask.later:
                return Said("promised", command_id=await self.inbox.put(asked))
            return said(await self.cell.engine.submit(asked))
        except NotOwner as elsewhere:
            return Said("elsewhere", address=elsewhere.address)
        except Overloaded:
            return Said("later")
        except KeyReused:
            return Said("reused")
        except Exception as other:
            log.exception("%s", ask.name)
            return Said("failed", address=repr(other))


def read(ask: Ask) -> Submission:
    command = msgspec.json.decode(ask.body, type=HEAVY[ask.name].command)
    asked = submission(ask.name, command, ask.key, tenant=ask.tenant, principal=ask.principal)
    return asked._replace(body=ask.body.encode())


def said(answer: Answer | Pending | None) -> Said:
    match answer:
        case None:
            return Said("unknown")
        case Pending():
            return Said("promised", command_id=answer.command_id)
        case Answer():
            return Said(
                "answer",
                answer.command_id,
                answer.outcome,
                answer.reply.decode(),
                answer.token,
                answer.replayed,
            )


async def run(dsn: str, port: int, inbox_dsn: str) -> None:
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopped.set)
    address = f"127.0.0.1:{port}"
    async with (
        an_inbox(inbox_dsn) as inbox,
        running(
            dsn,
            clock=WallClock(),
            use_cases=HEAVY,
            deciders=DECIDERS,
            reached=reached_from(os.environ, POINTS["engine"]),
            address=address,
            wait_for_ownership=False,
        ) as cell,
    ):
        desk = Desk(cell, inbox)
        await answer_at(port, desk.serve, stopped)
    desk.hang_up()  # now that the engine has answered whom it could


async def answer_at(
    port: int,
    serve: Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]],
    stopped: asyncio.Event,
) -> None:
    server = await asyncio.start_server(serve, "127.0.0.1", port, limit=LINE_MAX)
    await stopped.wait()
    server.close()  # whoever is connected still gets an answer, from the engine as it stops


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    uvloop.run(run(sys.argv[1], int(sys.argv[2]), sys.argv[3]))
