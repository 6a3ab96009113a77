"""How WeChat Pay writes its bills: a heading, rows whose values each begin with a back-tick, a heading of sums, sums.

Columns are found by their names, since their order is not promised.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import BinaryIO, Final, NamedTuple, TypeAlias, TypeVar

from infra.bills.reading import Fault, Notes, numbered, wrong

T = TypeVar("T")
Row: TypeAlias = Mapping[str, str]  # values by the name of their column

BOM: Final = b"\xef\xbb\xbf"
MARK: Final = "`"
BETWEEN: Final = ",`"  # values hold no comma: the channel writes those of users in another way


class Table(NamedTuple):
    """The columns that a bill must have."""

    columns: Sequence[str]
    sums: Sequence[str]


def rows(
    file: BinaryIO,
    table: Table,
    notes: Notes,
    line: Callable[[Row, int], T],
    close: Callable[[Row, int], None],
) -> Iterator[T]:
    """Every line that `line` makes something of; then `close` gets the sums. Faults go to the notes."""
    texts = decoded(file, notes)
    names = heading(texts, table.columns, notes)
    if names is None:
        return
    for place, (at, text) in enumerate(texts, 1):
        if not text.startswith(MARK):
            closing(texts, at, text, table, notes, close)
            return
        try:
            yield line(split(text, names), place)
        except Fault as fault:
            notes.fault(at, fault.column, fault.what)
    if not notes.error_count:
        notes.fault(0, "", "没有汇总 the sums are missing")


def decoded(file: BinaryIO, notes: Notes) -> Iterator[tuple[int, str]]:
    """The texts of the lines without their ends. Ends after one that is no text."""
    for at, raw in numbered(file, notes):
        try:
            text = raw.removeprefix(BOM).decode() if at == 1 else raw.decode()
        except UnicodeDecodeError:
            notes.fault(at, "", "不是 UTF-8 not UTF-8")
            return
        yield at, text.removesuffix("\n").removesuffix("\r")


def heading(
    texts: Iterator[tuple[int, str]], wanted: Sequence[str], notes: Notes
) -> list[str] | None:
    """The names of the columns, in order; None when there is no telling."""
    for at, text in texts:
        return named(at, text, wanted, notes)
    if not notes.error_count:
        notes.fault(0, "", "空文件 the file is empty")
    return None


def named(at: int, text: str, wanted: Sequence[str], notes: Notes) -> list[str] | None:
    names = text.split(",")
    missing = [name for name in wanted if name not in names]
    for name in missing:
        notes.fault(at, name, "没有这一列 the column is missing")
    twice = len(set(names)) != len(names)
    if twice:
        notes.fault(at, "", "列名重复 a column is there twice")
    return None if missing or twice else names


def split(text: str, names: Sequence[str]) -> Row:
    """Raises: Fault."""
    values = text[1:].split(BETWEEN)
    many = len(names)
    if text.count(",") != many - 1 or len(values) != many or not text.startswith(MARK):
        raise Fault(
            "", wrong(f"不是 {many} 个带反引号的值 not {many} values with a back-tick", text)
        )
    return dict(zip(names, values, strict=True))


def closing(
    texts: Iterator[tuple[int, str]],
    at: int,
    text: str,
    table: Table,
    notes: Notes,
    close: Callable[[Row, int], None],
) -> None:
    """The heading of the sums, the sums, and nothing after them."""
    names = named(at, text, table.sums, notes)
    if names is None:
        return
    for at_sums, sums in texts:
        try:
            close(split(sums, names), at_sums)
        except Fault as fault:
            notes.fault(at_sums, fault.column, fault.what)
        break
    else:
        notes.fault(0, "", "没有汇总 the sums are missing")
    for after, _ in texts:
        notes.fault(after, "", "汇总之后还有内容 something follows the sums")
        return
