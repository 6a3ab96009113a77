"""What one report is, and the queries that follow from it: its rows, and the entries behind one of its sums."""

from collections.abc import Callable, Mapping
from typing import Any, Final, LiteralString, NamedTuple
from uuid import UUID

from read_api.problems import INVALID, Refused
from read_api.reports.books import CHOSEN, KNOWN, LINES, Cell, View, as_it_is
from read_api.reports.columns import Column

EXPLAIN: Final = Column("explain", "这个数怎么来的", "Explain", "text")
"""The address of a row's entries; `&cell=` and a column names the sum that is meant."""

# An entry stands behind a cell with what its lines add to it, and is shown with all of them.
ENTRIES: LiteralString = """
select l.*, why.fen from (select position, nth, sum({amount})::bigint as fen from {lines} where {which}
  and (%(after)s::bigint is null or (position, nth) > (%(after)s::bigint, %(after_nth)s::smallint))
  group by position, nth order by position, nth limit %(limit)s) why
join read.ledger_lines_v2 l using (position, nth)
where l.tenant = %(tenant)s order by l.position, l.nth, l.line"""
SUM: LiteralString = """
select coalesce(sum({amount}), 0)::bigint as fen, count(distinct (position, nth)) as entries
from {lines} where {which}"""


class Key(NamedTuple):
    """A part of what tells rows apart: its expression, and what is read of an address."""

    sql: LiteralString
    kind: Callable[[str], Any] = str


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
    reads: tuple[str, ...] = ()  # read models besides the ledger

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
            f"select {', '.join(parts)} from {LINES} where {KNOWN} and {CHOSEN} and {self.where}"
            f" group by {groups} having {self.having} order by {order}"
        )

    def behind(self, cell: str, key: list[str]) -> tuple[LiteralString, dict[str, Any]]:
        """Which lines make up this cell of the row with this key, of all rows when it is empty.

        Raises: Refused when the report has no such cell, or no rows with such keys.
        """
        if cell not in self.cells:
            raise wrong("cell", f"one of {', '.join(self.cells)}")
        made = self.cells[cell]
        which = f"{KNOWN} and {CHOSEN} and {self.where} and {made.when} and {made.amount} <> 0"
        if not key:
            summed = {column.key for column in self.columns if column.sums}
            if cell not in summed:
                raise wrong("key", "this column has no total")
            return which, {}
        if len(key) != len(self.key):
            raise wrong("key", f"one each for {', '.join(self.key)}")
        try:
            values = {f"key_{n}": it.kind(key[n]) for n, it in enumerate(self.key.values())}
        except ValueError:
            raise wrong("key", "not a key of this report") from None
        same = [f"{it.sql} = %(key_{n})s" for n, it in enumerate(self.key.values())]
        return f"{which} and {made.of or ' and '.join(same)}", values


def sum_of(report: Report, cell: str, which: LiteralString) -> LiteralString:
    """What the entries behind a cell add up to, and how many they are."""
    return SUM.format(amount=report.cells[cell].amount, lines=LINES, which=which)


def entries_of(report: Report, cell: str, which: LiteralString) -> LiteralString:
    """A page of them, with what each adds."""
    return ENTRIES.format(amount=report.cells[cell].amount, lines=LINES, which=which)


def wrong(at: str, what: str) -> Refused:
    return Refused(INVALID, errors=[{"at": [at], "what": what}])


MERCHANT: Final = Key("coalesce(merchant_id::text, '')")
ENTRY: Final = Key("entry_id", UUID)
