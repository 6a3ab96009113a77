"""`tuan rebuild`: read models made again from the log, compared with the ones in use, and put in their place."""

import sys
from collections.abc import Sequence
from typing import Annotated, Any, Final

import typer
from psycopg import AsyncConnection
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from infra.delivery import replay
from infra.delivery.checkpoints import OPEN
from infra.delivery.connect import connect
from infra.delivery.log import Diverged
from infra.delivery.parking import TooManyParked
from infra.delivery.recount import recount
from infra.settings import Settings
from projections import PROJECTIONS, refusals
from projections.recorded import Projection

KNOWN: Final = {projection.name: projection for projection in PROJECTIONS}
NAMES: Final = (*KNOWN, refusals.NAME)
CELLS: Final = "select distinct cell from read.checkpoints union select %s order by 1"
ONE_AT_A_TIME: Final = "select pg_try_advisory_lock(hashtextextended('tuan rebuild', 0))"


async def main(
    settings: Settings,
    name: Annotated[str, typer.Argument(help="A read model, e.g. order_status_v2.")] = "",
    *,
    all: Annotated[bool, typer.Option(help="Every read model, one after the other.")] = False,
) -> int:
    """Rebuild a read model while writes go on; exit code 1 when the old rows were not what the log says."""
    if bool(name) == all:
        return refuse("name one read model, or say --all")
    if name and name not in NAMES:
        return refuse(f"there is no read model {name!r}; there are {', '.join(NAMES)}")
    dsn = settings.dsn("tuan_projector")
    async with await connect(dsn, "tuan-rebuild") as conn:
        row = await (await conn.execute(ONE_AT_A_TIME)).fetchone()
        if row is None or not row[0]:
            return refuse("another rebuild is running")
        cursor = await conn.execute(CELLS, (settings.cell,))
        rebuilder = Rebuilder(conn, dsn, [cell for (cell,) in await cursor.fetchall()])
        try:
            with rebuilder.bars:
                found = [await rebuilder.rebuild(one) for one in (NAMES if all else (name,))]
        except (Diverged, TooManyParked, RuntimeError) as error:
            return refuse(f"{error}; the read model in use was left as it is")
    for line, _ in found:
        sys.stdout.write(line + "\n")
    return 0 if all_well(found) else 1


def all_well(found: Sequence[tuple[str, bool]]) -> bool:
    return False not in [well for _, well in found]


def refuse(why: str) -> int:
    sys.stderr.write(f"tuan: {why}\n")
    return 2


class Rebuilder:
    """Shows a bar for each read model and cell, and says what was found."""

    def __init__(self, conn: AsyncConnection[Any], dsn: str, cells: Sequence[str]) -> None:
        self.bars = Progress(
            TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            console=Console(stderr=True),
        )  # fmt: skip
        self._conn = conn
        self._dsn = dsn
        self._cells = cells

    async def rebuild(self, name: str) -> tuple[str, bool]:
        """What to tell of it, and whether the rows in use were right."""
        progress = self._bar(name)
        if name in KNOWN:
            return await self._replay(KNOWN[name], progress)
        await replay.make_tables(self._conn, refusals.TABLES, refusals.TABLE)
        same = await recount(self._conn, self._dsn, self._cells, progress)
        return verdict(name, same, 0), same

    async def _replay(self, projection: Projection, progress: replay.Progress) -> tuple[str, bool]:
        await replay.make_tables(self._conn, projection.tables, projection.ddl)
        for cell in self._cells:  # so that one that never ran begins where the new tables end
            await self._conn.execute(OPEN, ([projection.name], cell))
        done = await replay.rebuild(self._conn, projection, self._cells, progress)
        return verdict(projection.name, done.same, done.parked), done.same is not False

    def _bar(self, name: str) -> replay.Progress:
        tasks = {cell: self.bars.add_task(f"{name} {cell}", total=None) for cell in self._cells}

        def progress(cell: str, position: int, head: int) -> None:
            self.bars.update(tasks[cell], completed=position, total=head)

        return progress


def verdict(name: str, same: bool | None, parked: int) -> str:
    """One line: what was compared, and what is in use now."""
    compared = {
        True: "the same rows as before",
        False: "OTHER rows than before, which were wrong",
        None: "not compared: the old rows followed a log that is no more",
    }[same]
    waiting = f"; {parked} events are parked" if parked else ""
    return f"{name}: rebuilt, {compared}{waiting}"
