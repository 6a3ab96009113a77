"""`tuan projector`: every read model, up to date."""

import asyncio
import os
from typing import Any

from infra.crash import POINTS, reached_from
from infra.delivery.connect import connect
from infra.delivery.consumer import Consumer
from infra.delivery.decisions import Decisions
from infra.delivery.disorder import disorder_of
from infra.delivery.handlers import projecting
from infra.delivery.replay import make_tables
from infra.services.health import serve_beside
from infra.settings import Settings
from projections import PROJECTIONS, refusals


async def main(settings: Settings) -> None:
    """Serve until a signal. Several may run: one works, the others wait for it to fall silent."""
    dsn = settings.dsn("tuan_projector")
    async with await connect(dsn, "tuan-projector") as conn:
        for projection in PROJECTIONS:
            await make_tables(conn, projection.tables, projection.ddl)
        await make_tables(conn, refusals.TABLES, refusals.TABLE)
    consumer = Consumer(
        "projector",
        [projecting(projection) for projection in PROJECTIONS],
        cell=settings.cell,
        dsn=dsn,
        nats_servers=settings.nats_servers(),
        disorder=disorder_of(settings),
        reached=reached_from(os.environ, POINTS["projector"]),
    )
    decisions = Decisions(settings.cell, dsn)

    async def work() -> None:
        async with asyncio.TaskGroup() as both:  # unlike gather, it waits for both to finish
            both.create_task(consumer.run())
            both.create_task(decisions.run())

    def state() -> dict[str, Any]:
        handlers = {name: at.place.position for name, at in consumer.checkpoints.items()}
        halted = {name: at.halted for name, at in consumer.checkpoints.items() if at.halted}
        return {
            "ready": consumer.ready,
            "cell": settings.cell,
            "positions": handlers,
            "halted": halted,
        }

    await serve_beside(work(), settings.host, settings.projector_port, state)
