"""What all bills have in common: a file is good as a whole, or every one of its faults is named by its place.

Lines come one at a time, so a file of any length needs little memory. Who takes lines before the last one was
read must be ready to throw them away: sums stand at the end.
"""

import re
from array import array
from collections.abc import Callable, Iterator
from datetime import datetime, time, timedelta, timezone
from typing import BinaryIO, Final, NamedTuple

from domain.bill import ERRORS_MAX
from domain.bill_lines import BillKey, Sums
from domain.events.bill import BillError

SHANGHAI: Final = timezone(timedelta(hours=8))
LINE_MAX: Final = 64 * 1024  # bytes: a line of a bill has a few hundred
CUTOFF_MAX: Final = timedelta(minutes=30)  # what is this near to midnight may be on either bill
SHOWN: Final = 40  # characters of a value that is named as wrong

TIME = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}")
YUAN = re.compile(r"(-?)(0|[1-9][0-9]{0,12})\.([0-9]{2})")
NUMBER = re.compile(r"[0-9A-Za-z_\-|*@.]{1,64}")


class Fault(Exception):
    """One value is not what it has to be. `column` "" is the whole line."""

    def __init__(self, column: str, what: str) -> None:
        super().__init__(f"{column}: {what}")
        self.column = column
        self.what = what


class Unreadable(Exception):
    """The file is not a bill. Carries the first faults, and how many there are."""

    def __init__(self, errors: tuple[BillError, ...], count: int) -> None:
        first = f"line {errors[0].line} {errors[0].column}: {errors[0].what}"
        super().__init__(f"{count} faults, the first: {first}")
        self.errors = errors
        self.count = count


class Found(NamedTuple):
    """What a good file holds."""

    lines: int
    duplicates: int
    sums: Sums


class Notes:
    """What a reader learns on its way through one file."""

    def __init__(self, key: BillKey) -> None:
        midnight = datetime.combine(key.date, time(), SHANGHAI)
        self.key = key
        self.lines = 0
        self.sums: Sums | None = None
        self.errors: list[BillError] = []
        self.error_count = 0
        self._from = midnight - CUTOFF_MAX
        self._until = midnight + timedelta(days=1) + CUTOFF_MAX
        self._numbers = array(
            "q"
        )  # a short digest of each line's number: bounded, whatever the file

    def fault(self, line: int, column: str, what: str) -> None:
        """`line` of the file, from 1; 0: the whole file."""
        self.error_count += 1
        if len(self.errors) < ERRORS_MAX:
            self.errors.append(BillError(line, column, what))

    def met(self, *number: str) -> None:
        """A good line with this number of the channel's."""
        self.lines += 1
        self._numbers.append(hash(number))

    def found(self) -> Found:
        """Once the file is at its end. Raises: Unreadable."""
        if self.sums is None and not self.error_count:
            self.fault(0, "", "没有汇总 the sums are missing")
        if self.error_count or self.sums is None:
            raise Unreadable(tuple(self.errors), self.error_count)
        return Found(self.lines, repeated(self._numbers), self.sums)

    def instant(self, column: str, text: str) -> datetime:
        """A time of the bill's day, or so near to it that the channel may have cut it off. Raises: Fault."""
        if not TIME.fullmatch(text):
            raise Fault(column, wrong("不是时间 no time", text))
        try:
            at = datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
        except ValueError:
            raise Fault(column, wrong("不是时间 no time", text)) from None
        if not self._from <= at < self._until:
            raise Fault(column, wrong("不是账单日的时间 not of the day of the bill", text))
        return at


def numbered(file: BinaryIO, notes: Notes) -> Iterator[tuple[int, bytes]]:
    """The lines of a file with their numbers. Ends at one that is too long to be of a bill."""
    number = 0
    while line := file.readline(LINE_MAX):
        number += 1
        if len(line) == LINE_MAX:
            notes.fault(number, "", "行过长 the line is too long")
            return
        yield number, line


def fen(column: str, text: str) -> int:
    """Yuan with two decimals. Raises: Fault."""
    if not (match := YUAN.fullmatch(text)):
        raise Fault(column, wrong("不是金额 no amount", text))
    amount = int(match[2] + match[3])
    return -amount if match[1] else amount


def paid(column: str, text: str) -> int:
    """The same where nothing may be below zero. Raises: Fault."""
    if text == "0.00":  # four of the five amounts of most lines
        return 0
    amount = fen(column, text)
    if amount < 0:
        raise Fault(column, wrong("金额为负 below zero", text))
    return amount


def number(column: str, text: str) -> str:
    """A number by which a line is known, ours or the channel's. Raises: Fault."""
    if not NUMBER.fullmatch(text):
        raise Fault(column, wrong("不是单号 no number", text))
    return text


def count(column: str, text: str) -> int:
    """How many. Raises: Fault."""
    if not (text.isascii() and text.isdecimal() and len(text) <= 12):
        raise Fault(column, wrong("不是笔数 no count", text))
    return int(text)


def wrong(what: str, text: str) -> str:
    return f"{what}: {text[:SHOWN]!r}"


def agree(
    notes: Notes, line: int, pairs: dict[str, tuple[int, int]], shown: Callable[[int], str]
) -> None:
    """Each sum of the last row against that of the lines."""
    for column, (said, is_) in pairs.items():
        if said != is_:
            what = f"汇总不符 the lines add up to {shown(is_)}, not {shown(said)}"
            notes.fault(line, column, what)


def yuan(amount: int) -> str:
    """Fen, to be read by people."""
    return f"{'-' if amount < 0 else ''}{abs(amount) // 100}.{abs(amount) % 100:02d}"


def repeated(numbers: "array[int]") -> int:
    """How many of them came before."""
    if len(numbers) < 2:
        return 0
    ordered = iter(sorted(numbers))
    before, again = next(ordered), 0
    for one in ordered:
        again += one == before
        before = one
    return again
