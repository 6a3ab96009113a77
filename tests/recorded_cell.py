"""A cell in memory whose every command is written to a real one as well, as the engine would write it.

Stories are told in shoppers' words (`Shop(RecordedCell())`), and stand in Postgres afterwards with both hash
chains: `await cell.write(dsn)`. Read models follow by `await read_models(dsn_of_projector)`.
"""

from typing import Any
from uuid import UUID

import msgspec

from commands.engine.batch import Batch
from commands.engine.outcome import refusal
from commands.engine.ports import Head
from commands.ports import Submission
from commands.use_case import Command
from domain.errors import Rejected
from infra.cell.keys import key_digest
from infra.cell.store import PostgresCellStore
from infra.delivery.checkpoints import OPEN
from infra.delivery.connect import connect
from infra.delivery.recount import recount
from infra.delivery.replay import empty_tables, make_tables, no_progress, replay, switch
from projections import PROJECTIONS, refusals
from projections.recorded import Projection
from tests.in_memory import BY_COMMAND, Cell


class RecordedCell(Cell):
    """Remembers what was asked, what came of it, and when."""

    def __init__(self, **changes: Any) -> None:
        super().__init__(**changes)
        self.asked_for: list[tuple[Any, ...]] = []

    def ask(self, command: Command, *, by: object = "service") -> Any:
        before = len(self.log)
        try:
            reply = super().ask(command, by=by)
        except Rejected as why:
            self.remember(command, by, why.code, refusal(why), before)
            raise
        self.remember(command, by, "accepted", msgspec.json.encode(reply), before)
        return reply

    def remember(
        self, command: Command, by: object, outcome: str, reply: bytes, before: int
    ) -> None:
        name, body, id = BY_COMMAND[type(command)].name, msgspec.json.encode(command), self.asked
        key = None if by == "timer" else f"key-{id}"
        submission = Submission(
            command_id=UUID(int=id),
            tenant=self.tenant,
            principal=str(by),
            name=name,
            idempotency_key=key,
            command=command,
            body=body,
            body_mac=b"mac" * 5,
            correlation_id=UUID(int=1 << 64 | id),
        )
        digest = key_digest(self.tenant, str(by), name, key) if key else None
        rows = [
            (one.category, one.stream, one.version, one.event.__struct_config__.tag,
             msgspec.json.encode(one.event))
            for one in self.log[before:]
        ]  # fmt: skip
        self.asked_for.append((self.at, submission, digest, outcome, reply, rows))

    async def write(self, dsn: str) -> Head:
        """Everything asked since the last time, a commit each; returns where the logs end."""
        store = PostgresCellStore(dsn, "cell_0", {}, ())
        await store.connect()
        try:
            head = await store.take(-1, "")
            assert head is not None
            for at, *recorded in self.asked_for:
                batch = Batch(head, max(head.last_at, at), "test")
                batch.add(*recorded)
                await store.commit(head, batch)
                head = Head(
                    head.epoch, batch.position, batch.hash, batch.seq, batch.command_hash, batch.at
                )
            await store.release(head)
        finally:
            await store.close()
        self.asked_for.clear()
        return head


async def read_models(dsn: str, *which: Projection) -> None:
    """Made from the log as it stands; `dsn` acts as tuan_projector."""
    async with await connect(dsn, "test") as conn:
        for projection in which or PROJECTIONS:
            await make_tables(conn, projection.tables, projection.ddl)
            await conn.execute(OPEN, ([projection.name], "cell_0"))
            await empty_tables(conn, projection)
            place = await replay(conn, projection, "cell_0")
            await switch(conn, projection, {"cell_0": place})
        await make_tables(conn, refusals.TABLES, refusals.TABLE)
        await recount(conn, dsn, ["cell_0"], no_progress)
