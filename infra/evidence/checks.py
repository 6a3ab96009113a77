"""What every check of `tuan verify` is made of: it looks at one thing that is stored, and names the first bad place."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, LiteralString, NamedTuple, TypeAlias

import msgspec
import psycopg
from psycopg import sql

from domain.decider import Decider
from domain.events import Event
from infra.cell.damage import Bad, Damaged
from infra.settings import Settings
from projections.recorded import Recorded

PAGE: Final = 2000
OF_CATEGORIES: LiteralString = """
select position, recorded_at, tenant, stream_id, data from {}.events where category = any(%s) order by position"""
decode: Final = msgspec.json.Decoder(Event).decode

OTHERS = "select tenant from (select distinct cell from read.checkpoints where cell <> %s) c, read.tenants_of(cell) t(tenant)"


class Scene(NamedTuple):
    """What is looked at. `notes` are signed anchors that were kept outside; `told` shows progress to people."""

    settings: Settings
    deciders: Sequence[Decider[Any, Any]]
    notes: Sequence[str] = ()
    told: Callable[[str], None] = lambda what: None

    @property
    def cell(self) -> str:
        return self.settings.cell


class Found(NamedTuple):
    """What a check has to say. `bad` None: nothing is wrong."""

    said: str
    bad: Bad | None = None


Check: TypeAlias = Callable[[Scene], Found]


def snapshot(scene: Scene, role: str) -> psycopg.Connection[Any]:
    """One instant of the database, changing nothing; read models are found without naming their schema."""
    session = psycopg.connect(
        scene.settings.dsn(role), application_name="tuan-verify", autocommit=True
    )
    session.execute("select set_config('timezone', 'utc', false), set_config('jit', 'off', false)")
    session.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
    session.read_only = True
    session.autocommit = False
    return session


def is_there(session: psycopg.Connection[Any], table: str) -> bool:
    """Has a projector made it?"""
    row = session.execute("select to_regclass(%s) is not null", (f"read.{table}",)).fetchone()
    return bool(row and row[0])


def strangers(session: psycopg.Connection[Any], cell: str) -> list[str]:
    """Tenants of other cells, whose rows stand in the same read models."""
    return [tenant for (tenant,) in session.execute(OTHERS, (cell,))]


def of_cell(query: str, cell: str) -> sql.Composed:
    """The query with the cell's schema in the place of {}."""
    return sql.SQL(query).format(sql.Identifier(cell))


def told_by(
    session: psycopg.Connection[Any], cell: str, categories: Sequence[str]
) -> Iterator[Recorded]:
    """The events of these aggregates in order, a page at a time. Raises: Damaged."""
    with session.cursor("told", binary=True) as cursor:
        cursor.execute(of_cell(OF_CATEGORIES, cell), (list(categories),))
        while page := cursor.fetchmany(PAGE):
            for position, at, tenant, stream, data in page:
                try:
                    event = decode(data)
                except (msgspec.DecodeError, UnicodeDecodeError) as error:
                    found = f"unreadable ({error})"
                    raise Damaged(Bad(f"events position {position}", "data", found, "an event")) from error  # fmt: skip
                yield Recorded(position, at, tenant, stream, event)
