"""What one report is, and the queries that follow from it: its rows, and the entries behind one of its sums."""

from collections.abc import Callable, Mapping
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

from read_api.problems import INVALID, Refused
from read_api.reports.books import LEDGER, NAME, Cell, Source, View, as_it_is
from read_api.reports.columns import Column

EXPLAIN: Final = Column("explain", "这个数怎么来的", "Explain", "text")
"""The address of a row's entries; `&cell=` and a column names the sum that is meant."""


class Key(NamedTuple):
    """A part of what tells rows apart: its expression, and what is read of an address."""

    sql: LiteralString
    kind: Callable[[str], Any] = str


class Made(NamedTuple):
    """What a cell is made of: an amount of some lines of a source."""

    source: Source
    amount: LiteralString
    which: LiteralString


class Report(NamedTuple):
    """One report. Rows are groups of lines, unless `query` says otherwise; cells are sums of lines.

    `where` limits the lines, `having` the groups; `more` are columns besides key and cells, as SQL;
    `dress` adds what follows from a row without being stored.
    """

    name: str
    zh: str
    en: str
    columns: tuple[Column, ...]
    key: Mapping[str, Key]
    cells: Mapping[str, Cell]
    where: LiteralString = "true"
    having: LiteralString = "true"
    more: Mapping[str, LiteralString] = {}
    order: LiteralString = ""
    query: LiteralString = ""
    dress: Callable[[dict[str, Any], View], dict[str, Any]] = as_it_is
    values: Mapping[str, Any] = {}
    source: Source = LEDGER
    reads: tuple[str, ...] = (NAME,)  # read models: while one lacks something, so does the report

    @property
    def title(self) -> str:
        return f"{self.zh} {self.en}"

    @property
    def written(self) -> tuple[Column, ...]:
        """Its columns as a file has them."""
        return (*self.columns, EXPLAIN) if self.cells else self.columns

    def rows(self) -> LiteralString:
        """The query of its rows."""
        if self.query:
            return self.query
        parts = [f"{key.sql} as {name}" for name, key in self.key.items()]
        parts += [f"{sql} as {name}" for name, sql in self.more.items()]
        parts += [
            f"coalesce(sum({it.amount}) filter (where {it.when}), 0)::bigint as {name}"
            for name, it in self.cells.items()
        ]
        groups = ", ".join(key.sql for key in self.key.values())
        order = self.order or groups
        return (
            f"select {', '.join(parts)} from {self.source.lines}"
            f" where {self.source.known} and {self.where}"
            f" group by {groups} having {self.having} order by {order}"
        )

    def fits(self, view: View) -> None:
        """Raises: Refused when it is asked for an account and has none."""
        if view.account is not None and self.source is not LEDGER:
            raise wrong("account", "this report is not made of accounts")

    def behind(self, cell: str, key: list[str]) -> tuple[Made, dict[str, Any]]:
        """Which lines make up this cell of the row with this key, of all rows when it is empty.

        Raises: Refused when the report has no such cell, or no rows with such keys.
        """
        if cell not in self.cells:
            raise wrong("cell", f"one of {', '.join(self.cells)}")
        it = self.cells[cell]
        source = it.source or self.source
        which = f"{source.known} and {it.when} and {it.amount} <> 0"
        if it.source is None:
            which += f" and {self.where}"
        if not key:
            if not any(column.sums for column in self.columns if column.key == cell):
                raise wrong("key", "this column has no total")
            return Made(source, it.amount, which), {}
        if len(key) != len(self.key):
            raise wrong("key", f"one each for {', '.join(self.key)}")
        try:
            values = {f"key_{n}": one.kind(key[n]) for n, one in enumerate(self.key.values())}
        except ValueError:
            raise wrong("key", "not a key of this report") from None
        same = [f"{one.sql} = %(key_{n})s" for n, one in enumerate(self.key.values())]
        return Made(source, it.amount, f"{which} and {it.of or ' and '.join(same)}"), values


def wrong(at: str, what: str) -> Refused:
    return Refused(INVALID, errors=[{"at": [at], "what": what}])


MERCHANT: Final = Key("coalesce(merchant_id::text, '')")
ENTRY: Final = Key("entry_id", UUID)
