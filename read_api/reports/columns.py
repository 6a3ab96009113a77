"""What a report is made of: typed columns, rows in their order, and what a writer of them promises."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any, Final, Literal, NamedTuple, Protocol, TypeAlias

Kind: TypeAlias = Literal["text", "id", "fen", "count", "day", "instant"]
"""`id`: never a number, however many digits. `fen`: integer fen; people are shown yuan with two decimals."""

Value: TypeAlias = str | int | date | datetime | None
Row: TypeAlias = Sequence[Value]

SHANGHAI: Final = timezone(timedelta(hours=8))  # people's time; machines get UTC
TOTAL: Final = "合计 Total"


class Column(NamedTuple):
    """One column. `key` is its name for machines, `sums` says that its total means something."""

    key: str
    zh: str
    en: str
    kind: Kind
    sums: bool = False

    @property
    def heading(self) -> str:
        """For people: both languages, and the unit where there is one."""
        unit = " (元 CNY)" if self.kind == "fen" else ""
        return f"{self.zh} {self.en}{unit}"


class Sheet(NamedTuple):
    """One report as it is written. `about` says what it is of: whose, which days, as known when."""

    name: str
    title: str
    columns: tuple[Column, ...]
    about: Mapping[str, str]
    made_at: datetime


class Writer(Protocol):
    """Turns rows into bytes as they come, and keeps none of them in memory."""

    def begin(self) -> bytes:
        """What comes before the first row."""

    def rows(self, rows: Sequence[Row]) -> bytes:
        """These rows; what a writer can only give out at the end is empty here."""

    def end(self, totals: Row | None) -> Iterator[bytes]:
        """What comes after the last row."""

    def close(self) -> None:
        """Let go of what it holds, also when it never came to an end."""


class Totals:
    """Adds up the columns that sum."""

    def __init__(self, columns: Sequence[Column]) -> None:
        self._columns = columns
        self._sums = {n: 0 for n, column in enumerate(columns) if column.sums}

    def add(self, rows: Sequence[Row]) -> None:
        for at in self._sums:
            self._sums[at] += sum(amount for row in rows if isinstance(amount := row[at], int))

    def row(self) -> Row | None:
        """The line under the report; None when nothing in it sums."""
        if not self._sums:
            return None
        values: list[Any] = [self._sums.get(n) for n in range(len(self._columns))]
        if values[0] is None:
            values[0] = TOTAL
        return values


def yuan(fen: int) -> str:
    """Exact, to the fen, without separators."""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100}.{abs(fen) % 100:02d}"
