"""What somebody with every right in the database could do to what is stored: 500 ways by seed."""

from collections.abc import Callable
from random import Random
from typing import Any, Final

import psycopg
from psycopg import sql

from commands.engine.chain import GENESIS, command_digest, command_hash, event_hash
from projections.ledger_tables import TABLES
from tests.infra.cell.tampering import Tamperer

LOG_COLUMNS: Final = {
    "events": "position epoch tenant category stream_id version type data command_id recorded_at hash",
    "commands": "seq command_id tenant principal name idempotency_key body body_mac facts outcome reply"
    " seen_position first_position last_position code_rev correlation_id causation_id at hash",
}
TRIES: Final = 50  # until the database takes a change: its own constraints refuse some


class Insider(Tamperer):
    """Knows how everything is made, and can write anything but a signature."""

    def change_a_value(self, table: str, *among: str) -> None:
        """One value of one row becomes another."""
        row = self.session.execute(f"select * from {table} limit 0".encode()).description
        columns = [each.name for each in row or () if not among or each.name in among]
        name = sql.Identifier(table)
        for _ in range(TRIES):
            column = self.rng.choice(columns)
            rows = self.session.execute(
                sql.SQL("select ctid, {} from {} order by ctid").format(
                    sql.Identifier(column), name
                ),
                binary=False,
            ).fetchall()
            place, old = self.rng.choice(rows)
            if old is None:
                continue
            change = sql.SQL("update {} set {} = %s where ctid = %s").format(
                name, sql.Identifier(column)
            )
            try:
                with self.session.transaction():
                    self.session.execute(change, (self.unlike(old), place))
            except psycopg.errors.IntegrityError:
                continue  # no change that could ever be found in the table
            return
        raise AssertionError(f"{table} takes no change")

    def unlike(self, old: Any) -> Any:
        if isinstance(old, (bytes, str, int)) or hasattr(old, "int"):
            return self.another("", old)
        if hasattr(old, "hour"):
            return self.another("", old)
        return type(old).fromordinal(old.toordinal() + self.rng.choice((-1, 1)))  # a date

    def drop_a_row(self, table: str) -> None:
        self.run(f"delete from {table} where ctid = (select ctid from {table} order by md5(ctid::text || %s) limit 1)",
                 str(self.rng.random()))  # fmt: skip

    def swap_amounts(self, table: str) -> None:
        """Two lines of the books exchange what they say."""
        rows = self.session.execute(f"select ctid, debit_fen, credit_fen from {table}".encode()).fetchall()  # fmt: skip
        one = self.rng.choice(rows)
        two = self.rng.choice([row for row in rows if row[1:] != one[1:]])
        for place, sums in ((one[0], two[1:]), (two[0], one[1:])):
            self.run(f"update {table} set debit_fen = %s, credit_fen = %s where ctid = %s",
                     *sums, place)  # fmt: skip

    def swap_texts(self, table: str) -> None:
        """Two pieces of bills exchange what they say."""
        rows = self.session.execute(f"select ctid, data from {table} order by ctid".encode(), binary=False).fetchall()  # fmt: skip
        (one, first), (two, second) = self.rng.sample(rows, 2)
        self.run(f"update {table} set data = %s where ctid = %s", second, one)
        self.run(f"update {table} set data = %s where ctid = %s", first, two)

    def add_a_line(self, table: str) -> None:
        """An entry that balances, of nothing that happened."""
        self.run(f"create temp table more on commit drop as select * from {table} where (position, nth) ="
                 f" (select position, nth from {table} order by md5(position::text || %s) limit 1)",
                 str(self.rng.random()))  # fmt: skip
        self.run("update more set nth = 77, entry_id = gen_random_uuid()")
        self.run(f"insert into {table} select * from more")

    def cut_and_hide(self, _: str) -> None:
        """The end of both logs is gone, the owner's row says that it never was, and read models are to be made anew."""
        ((row, seen),) = self.pick("commands", "seen_position", 1)
        self.run("delete from commands where seq >= %s", row)
        self.run("delete from events where position > %s", seen)
        self.run("delete from checkpoints")
        self.hide()

    def write_again(self, _: str) -> None:
        """Another past, with every hash as it would have been."""
        ((row, data),) = self.pick("events", "data", 1)
        self.put(
            "events", row, "data", data.replace(b"0", b"1", 1) if b"0" in data else data + b" "
        )
        digests, previous = {}, GENESIS
        commands = self.session.execute(
            b"select seq, command_id, tenant, principal, name, idempotency_key, body, body_mac, facts,"
            b" correlation_id, causation_id, at, code_rev, outcome, reply, seen_position, first_position,"
            b" last_position from commands order by seq",
            binary=True,
        ).fetchall()
        for seq, *asked, outcome, reply, seen, first, last in commands:
            digest = digests[asked[0]] = command_digest(*asked)
            previous = command_hash(previous, seq, digest, outcome, reply, seen, first, last)
            self.put("commands", seq, "hash", previous)
        previous = GENESIS
        events = self.session.execute(
            b"select position, epoch, tenant, category, stream_id, version, type, data, command_id"
            b" from events order by position",
            binary=True,
        ).fetchall()
        for *fields, command in events:
            linked: tuple[Any, ...] = (previous, *fields, digests[command])
            previous = event_hash(*linked)
            self.put("events", fields[0], "hash", previous)
        self.hide()

    def hide(self) -> None:
        """The owner's row says what the logs say now."""
        for number, key, head, table in (
            ("head_position", "position", "head_hash", "events"),
            ("command_seq", "seq", "command_hash", "commands"),
        ):
            self.run(
                f"update owner set ({number}, {head}) = (select coalesce(max({key}), 0), coalesce("
                f"(array_agg(hash order by {key} desc))[1], decode(repeat('00', 32), 'hex')) from {table})"
            )


Way = tuple[str, Callable[[Insider], None]]


def named(how: Callable[..., None], *of: str) -> Way:
    return f"{how.__name__} {' '.join(of)}", lambda insider: how(insider, *of)


WAYS: Final[tuple[Way, ...]] = (
    *(named(Insider.change, of, column) for of in LOG_COLUMNS for column in LOG_COLUMNS[of].split()),
    *(named(way, of) for of in LOG_COLUMNS for way in (
        Insider.delete, Insider.cut, Insider.cut_both, Insider.swap, Insider.swap_data, Insider.repeat,
    )),
    *(named(Insider.cut_and_hide, "both") for _ in range(6)),
    *(named(Insider.write_again, "both") for _ in range(4)),
    *(named(Insider.change_a_value, TABLES[0]) for _ in range(8)),
    *(named(way, of) for of in TABLES for way in (
        Insider.change_a_value, Insider.drop_a_row, Insider.swap_amounts,
    )),
    *(named(Insider.add_a_line, TABLES[0]) for _ in range(2)),
    *(named(Insider.change_a_value, "anchors") for _ in range(4)),
    *(named(Insider.change_a_value, "pieces") for _ in range(3)),
    named(Insider.change_a_value, "files", "tenant", "sha256", "size", "pieces"),
    *(named(Insider.drop_a_row, of) for of in ("files", "pieces")),
    named(Insider.swap_texts, "pieces"),
)  # fmt: skip


def way_of(seed: int) -> tuple[str, Callable[[Insider], None], Random]:
    """What the insider does with this seed."""
    name, how = WAYS[seed % len(WAYS)]
    return name, how, Random(seed)
