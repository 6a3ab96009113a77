"""One part of the join: its rows are held, the lines stream past, and each looks for its row by the channel's number.

Parts (by our own number) may be joined apart, in as many processes as there are cores.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import NamedTuple

from domain.bill_lines import LineKind, TradeLine
from domain.matching_rows import Equal, Row, channel_number, own_number
from domain.matching_tests import agree


class Pair(NamedTuple):
    """A line and its row, found by number and not equal, or from another date."""

    line: TradeLine
    row: Row


class Leftover(NamedTuple):
    """What one part leaves: pairs to compare, lines and rows without partner, lines whose row is taken."""

    pairs: list[Pair]
    strays: list[TradeLine]
    doubles: list[TradeLine]
    free: list[Row]
    taken: set[str]  # numbers of strays under which another line found its row


class Join:
    """One part: all its rows first, then its lines. `bill_date` is the date that is being matched.

    `held` are lines of that very date whose money is in suspense: equal or not, they are compared at the end.
    """

    def __init__(
        self, rows: Iterable[Row], bill_date: date, held: frozenset[int] = frozenset()
    ) -> None:
        self._day = bill_date
        self._held = held
        self._rows: dict[LineKind, dict[str, Row]] = {"pay": {}, "refund": {}}
        self._found: dict[LineKind, dict[str, int | TradeLine]] = {"pay": {}, "refund": {}}
        self._spare: list[Row] = []
        self._strays: list[TradeLine] = []
        self._doubles: list[TradeLine] = []
        for row in rows:
            self._add(row)

    def _add(self, row: Row) -> None:
        assert row.kind == "pay" or row.kind == "refund", row.kind
        rows = self._rows[row.kind]
        if not row.channel_number:
            self._spare.append(row)
        elif (other := rows.setdefault(row.channel_number, row)) is not row:
            first, second = sorted((other, row), key=order_of_rows)
            rows[row.channel_number] = first
            self._spare.append(second)

    def hear(self, lines: Iterable[TradeLine]) -> None:
        """Find each line's row by the channel's number (K1). Equal lines of this date are not kept."""
        pays, refunds = self._rows["pay"], self._rows["refund"]
        found_pays, found_refunds = self._found["pay"], self._found["refund"]
        day, held = self._day, self._held
        for line in lines:
            if line.kind == "pay":
                number, rows, found = line.transaction_id, pays, found_pays
            else:
                number, rows, found = line.channel_refund_id, refunds, found_refunds
            row = rows.get(number)
            if row is None:
                self._strays.append(line)
            elif number in found:
                self._second(line, row)
            else:
                plain = agree(line, row) and line.bill.date == day and line.line not in held
                found[number] = line.line if plain else line

    def _second(self, line: TradeLine, row: Row) -> None:
        """The same number of the channel again: the one that fits better, or stands first, has the row."""
        found, number = self._found[line.kind], channel_number(line)
        first = found[number]
        known = restored(line, row, first, self._day) if isinstance(first, int) else first
        kept, double = sorted((known, line), key=lambda each: order_of_lines(each, row))
        self._doubles.append(double)
        plain = agree(kept, row) and kept.bill.date == self._day and kept.line not in self._held
        found[number] = kept.line if plain else kept

    def equal(self) -> Iterator[Equal]:
        """What is settled: rows whose line of this date says the same."""
        for kind, found in self._found.items():
            rows = self._rows[kind]
            for number, line in found.items():
                if isinstance(line, int):
                    yield Equal(rows[number], line, self._day)

    def leftover(self) -> Leftover:
        """What is not settled yet. Only small sets are kept: what differs, and what stands alone."""
        pairs, free, wanted = [], list(self._spare), {own_number(line) for line in self._strays}
        taken: set[str] = set()
        for kind, rows in self._rows.items():
            found = self._found[kind]
            for number, row in rows.items():
                line = found.get(number)
                if line is None:
                    free.append(row)
                    continue
                if row.number in wanted:
                    taken.add(row.number)
                if not isinstance(line, int):
                    pairs.append(Pair(line, row))
        return Leftover(pairs, self._strays, self._doubles, free, taken)


def restored(like: TradeLine, row: Row, line: int, day: date) -> TradeLine:
    """An equal line that was not kept: all of it that matters is in its row."""
    return TradeLine(
        bill=type(like.bill)(like.bill.channel, like.bill.mchid, "trade", day),
        line=line,
        kind=like.kind,
        status="SUCCESS" if like.kind == "pay" else "REFUND",
        out_trade_no=row.number if like.kind == "pay" else like.out_trade_no,
        transaction_id=row.channel_number if like.kind == "pay" else like.transaction_id,
        out_refund_no=row.number if like.kind == "refund" else "",
        channel_refund_id=row.channel_number if like.kind == "refund" else "",
        amount_fen=row.amount_fen,
        settled_fen=row.amount_fen,
        fee_fen=row.fee_fen,
        refund_status="",
        sub_mchid=row.merchant,
        currency=row.currency,
        payer=row.payer,
        at=row.at,
    )


def order_of_rows(row: Row) -> tuple[object, ...]:
    return (
        row.held is not None, row.booked, row.number, row.channel_number, row.amount_fen, row.fee_fen, row.at,
    )  # fmt: skip


def order_of_lines(line: TradeLine, row: Row | None = None) -> tuple[bool, date, int]:
    """Which of several lines of one number has the row: one that agrees, then the one that was billed first."""
    return row is None or not agree(line, row), line.bill.date, line.line
