"""`tuan parked`: what read models and workers could not take, and letting it follow after a fix."""

import sys
from typing import Annotated

import typer

from commands.processes.registry import PROCESSES
from infra.clock import clock_from
from infra.delivery.checkpoints import halted
from infra.delivery.connect import connect
from infra.delivery.handlers import Handler, projecting
from infra.delivery.parking import list_parked, replay_parked
from infra.processes.list import following, release, set_aside
from infra.settings import Settings
from projections import PROJECTIONS


def handlers() -> dict[str, Handler]:
    """Everything of this code that may park, by name."""
    every = [
        *(projecting(projection) for projection in PROJECTIONS),
        *(following(process) for process in PROCESSES),
    ]
    return {handler.name: handler for handler in every}


async def main(
    settings: Settings,
    of: Annotated[str, typer.Option(help="Only of this read model.")] = "",
    *,
    replay: Annotated[
        bool, typer.Option(help="Apply what is parked, in order; what still fails stays.")
    ] = False,
) -> int:
    """List parked streams, halted read models and points set aside; exit code 1 when there are any."""
    known = handlers()
    async with await connect(settings.dsn("tuan_projector"), "tuan-parked") as conn:
        places = {(it.handler, it.cell) for it in await list_parked(conn) if of in ("", it.handler)}
        for name, cell in sorted(places) if replay else ():
            if name not in known:
                say(f"{name} in {cell}: no such read model in this code")
                continue
            done = await replay_parked(conn, known[name], cell)
            say(f"{name} in {cell}: {done.applied} applied, {done.still_parked} still parked")
        aside = [it for it in await set_aside(conn) if of in ("", f"todo_{it.process}")]
        for process in sorted({it.process for it in aside}) if replay else ():
            count = await release(conn, process, clock_from(settings).now())
            say(f"todo_{process}: {count} worked on again")
        aside = [] if replay else aside
        left = [it for it in await list_parked(conn) if of in ("", it.handler)]
        standing = [it for it in await halted(conn) if of in ("", it[0])]
    for it in left:
        where = f"{it.handler} in {it.cell}: stream {it.stream_id}, {it.events} events"
        say(f"parked  {where} from position {it.first_position}: {it.error}")
    for name, cell, why in standing:
        say(f"halted  {name} in {cell}: {why}")
    for point in aside:
        say(
            f"aside   todo_{point.process}: {point.subject}, {point.crashes} crashes,"
            f" since {point.since:%Y-%m-%d %H:%M:%SZ}: {point.why}"
        )
    if not left and not standing and not aside:
        say("nothing is parked, and nothing stands still")
    return 1 if left or standing or aside else 0


def say(line: str) -> None:
    print(line, file=sys.stdout)  # noqa: T201
