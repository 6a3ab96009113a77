"""Changes to a stored log as only a superuser can make them: no trigger fires, no engine knows."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from random import Random
from typing import Any
from uuid import UUID

import psycopg

KEYS = {"events": "position", "commands": "seq"}
NULLABLE = {
    "idempotency_key": ("", "x"),
    "causation_id": (UUID(int=0), UUID(int=7)),
    "first_position": (0, 1),
    "last_position": (0, 1),
}
FAR = 1_000_000  # moves a key to where no other row is


class Tamperer:
    def __init__(self, session: psycopg.Connection[Any], rng: Random) -> None:
        self.session = session
        self.rng = rng

    def change(self, table: str, column: str) -> None:
        """One value of one row becomes another, as like it as possible."""
        ((row, old),) = self.pick(table, column, 1)
        self.put(table, row, column, self.another(column, old))

    def delete(self, table: str) -> None:
        ((row, _),) = self.pick(table, "hash", 1)
        self.run(f"delete from {table} where {KEYS[table]} = %s", row)

    def cut(self, table: str) -> None:
        """The end of one table is gone."""
        ((row, _),) = self.pick(table, "hash", 1)
        self.run(f"delete from {table} where {KEYS[table]} >= %s", row)

    def cut_both(self, _: str) -> None:
        """The end of the log is gone, commands and their events alike."""
        ((row, seen),) = self.pick("commands", "seen_position", 1)
        self.run("delete from commands where seq >= %s", row)
        self.run("delete from events where position > %s", seen)

    def swap(self, table: str) -> None:
        """Two rows change places."""
        (one, _), (two, _) = self.pick(table, "hash", 2)
        for old, new in ((one, FAR), (two, one), (FAR, two)):
            self.put(table, old, KEYS[table], new)

    def swap_data(self, table: str) -> None:
        """Two rows keep their places and exchange what they say."""
        column = {"events": "data", "commands": "body"}[table]
        (one, first), (two, second) = self.pick(table, column, 2, distinct=True)
        self.put(table, one, column, second)
        self.put(table, two, column, first)

    def repeat(self, table: str) -> None:
        """A row stands once more at the end, in a stream of its own."""
        ((row, _),) = self.pick(table, "hash", 1)
        key = KEYS[table]
        self.run(f"create temp table again as select * from {table} where {key} = %s", row)
        self.run(f"update again set {key} = (select max({key}) + 1 from {table})")
        if table == "events":
            self.run("update again set stream_id = gen_random_uuid()")
        self.run(f"insert into {table} select * from again")

    # --- how ---------------------------------------------------------------------------------

    def another(self, column: str, old: Any) -> Any:
        if old is None or (column in NULLABLE and self.rng.random() < 0.3):
            return self.rng.choice(NULLABLE[column]) if old is None else None
        match old:
            case bytes():
                at = self.rng.randrange(len(old) + 1)
                flipped = (old + b"\0")[at] ^ 1 << self.rng.randrange(8)
                return old[:at] + bytes([flipped]) + old[at + 1 :]
            case str():
                at = self.rng.randrange(len(old) + 1)
                return old[:at] + chr(ord((old + "a")[at]) ^ 1) + old[at + 1 :]
            case int():
                far = column in (*KEYS.values(), "version", "epoch")
                return old + self.rng.choice((-1, 1)) * (FAR if far else 1)
            case UUID():
                return UUID(int=old.int ^ 1 << self.rng.randrange(128))
            case datetime():
                return old + self.rng.choice((-1, 1)) * timedelta(microseconds=1)
        raise TypeError(f"{column} holds {old!r}")

    def pick(self, table: str, column: str, count: int, distinct: bool = False) -> list[Any]:
        """`count` random rows: the key and one column of each."""
        once = f"distinct on ({column})" if distinct else ""
        query = f"select {once} {KEYS[table]}, {column} from {table}"
        rows = sorted(self.session.execute(query.encode(), binary=True).fetchall())
        return self.rng.sample(rows, count)

    def put(self, table: str, row: int, column: str, value: Any) -> None:
        self.run(f"update {table} set {column} = %s where {KEYS[table]} = %s", value, row)

    def run(self, query: str, *values: object) -> None:
        self.session.execute(query.encode(), values)


@contextmanager
def tampered(dsn: str, how: Callable[[Tamperer], None], seed: int) -> Iterator[None]:
    """The log of cell_0 with one change of this kind; afterwards as it was."""
    with psycopg.connect(dsn, autocommit=True) as session:
        session.execute("set search_path to cell_0")
        session.execute("set session_replication_role to replica")
        for table in KEYS:
            session.execute(f"create temp table kept_{table} as select * from {table}".encode())
        try:
            how(Tamperer(session, Random(seed)))
            yield
        finally:
            for table in KEYS:
                session.execute(f"delete from {table}".encode())
                session.execute(f"insert into {table} select * from kept_{table}".encode())
