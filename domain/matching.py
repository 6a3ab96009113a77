"""Trade bill against clearing: joined by the channel's number, then by ours. What only looks alike is shown, never matched.

`matching_join` settles in parts, while lines stream past; here what found no partner, or one that differs, is
brought together and named. The outcome depends neither on the order of lines or rows nor on the parts.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime, timedelta
from typing import Final, TypeAlias

from domain.bill_lines import TradeLine
from domain.events.recon import Code
from domain.ids import BreakId
from domain.ledger import SHANGHAI
from domain.matching_join import Leftover, Pair, order_of_lines, order_of_rows
from domain.matching_rows import (
    RULES,
    Equal,
    Finding,
    Known,
    Lookup,
    Outcome,
    Row,
    Rules,
    Void,
    Waits,
    channel_number,
    net_fen,
    own_number,
    paid,
)
from domain.matching_tests import failing, legs

FEE_ROUNDING: Final = "FEE_ROUNDING"  # the rule that books small differences of fees by itself
DAY: Final = timedelta(days=1)

Held: TypeAlias = Mapping[tuple[date, int], BreakId]
"""Lines of earlier bills whose money is in suspense, by bill date and line."""

KEYS: Final[tuple[tuple[Callable[[TradeLine], str], Callable[[Row], str]], ...]] = (
    (channel_number, lambda row: row.channel_number),  # K1
    (own_number, lambda row: row.number),  # K2
)


# --- bringing the parts together ------------------------------------------------------------


def conclude(
    parts: Iterable[Leftover],
    *,
    bill_date: date,
    known: Lookup,
    held: Held | None = None,
    rules: Rules = RULES,
) -> Iterator[Outcome]:
    """Join what the parts left by the channel's number and then by ours (K2), and say what each is."""
    parts, held = list(parts), held or {}
    pairs = [pair for part in parts for pair in part.pairs]
    doubles = [line for part in parts for line in part.doubles]
    strays = [line for part in parts for line in part.strays]
    free = [row for part in parts for row in part.free]
    taken = set[str]().union(*(part.taken for part in parts))
    for number, of_row in KEYS:
        more, strays, free = joined(strays, free, number, of_row)
        pairs += more
        taken |= {pair.row.number for pair in more}
    again, strays = repeated(strays, taken)
    yield from without_fees(compared(pairs, held, bill_date), rules)
    for line in doubles + again:
        if (line.bill.date, line.line) not in held:
            yield double(line)
    yield from lines_alone(strays, free, bill_date, known, held, rules)
    yield from rows_alone(free, strays, bill_date, rules)


def joined(
    strays: list[TradeLine],
    free: list[Row],
    number: Callable[[TradeLine], str],
    of_row: Callable[[Row], str],
) -> tuple[list[Pair], list[TradeLine], list[Row]]:
    """Pair what has the same number, best fit first; then what is left of both."""
    wanted = defaultdict[tuple[str, str], list[TradeLine]](list)
    for line in strays:
        wanted[line.kind, number(line)].append(line)
    pairs, left, used = list[Pair](), list[Row](), set[int]()
    for row in sorted(free, key=order_of_rows):
        lines = wanted.get((row.kind, of_row(row))) if of_row(row) else None
        if not lines:
            left.append(row)
            continue
        line = min(lines, key=lambda each: order_of_lines(each, row))
        lines.remove(line)
        used.add(id(line))
        pairs.append(Pair(line, row))
    return pairs, [line for line in strays if id(line) not in used], left


def repeated(strays: list[TradeLine], taken: set[str]) -> tuple[list[TradeLine], list[TradeLine]]:
    """Lines whose number is settled by another line, or stands on an earlier stray; and all others."""
    again, single, seen = [], [], set[tuple[str, str]]()
    for line in sorted(strays, key=order_of_lines):
        numbers = {(line.kind, channel_number(line)), (line.kind, own_number(line))}
        if paid(line) and (own_number(line) in taken or not seen.isdisjoint(numbers)):
            again.append(line)
        else:
            single.append(line)
            seen |= numbers if paid(line) else set()
    return again, single


def compared(pairs: Iterable[Pair], held: Held, bill_date: date) -> Iterator[Outcome]:
    for line, row in pairs:
        by = held.get((line.bill.date, line.line))
        tests = failing(line, row)
        if not tests:
            yield Equal(row, line.line, line.bill.date, "trade", by)
        elif not (by and (row.held or row.booked > bill_date)):
            where = legs(line, row, tests, line_held=by is not None)
            yield Finding(tests, "ledger" if by else "trade", line, row, (), *where)


def without_fees(outcomes: Iterable[Outcome], rules: Rules) -> Iterator[Outcome]:
    """Small differences of fees are booked by a rule, if all of the day together are small too."""
    small = list[Finding]()
    for outcome in outcomes:
        if isinstance(outcome, Finding) and small_fee(outcome, rules):
            small.append(outcome)
        else:
            yield outcome
    total = sum(fee_gap(finding) for finding in small)
    rule = FEE_ROUNDING if total <= rules.fee_day_fen else ""
    yield from (finding._replace(auto=rule) for finding in small)


def small_fee(finding: Finding, rules: Rules) -> bool:
    return finding.failing == ("FEE_DIFF",) and fee_gap(finding) <= rules.fee_line_fen


def fee_gap(finding: Finding) -> int:
    assert finding.line is not None
    assert finding.row is not None
    return abs(finding.line.fee_fen - finding.row.fee_fen)


def double(line: TradeLine) -> Outcome:
    """The second payment for one number, or the same one twice; what was not paid is nothing, twice."""
    if not paid(line):
        return Void(line.line, line.bill.date)
    return Finding(("DUPLICATE_CHANNEL",), "trade", line, unbooked_fen=net_fen(line))


def lines_alone(
    strays: list[TradeLine],
    free: list[Row],
    bill_date: date,
    known: Lookup,
    held: Held,
    rules: Rules,
) -> Iterator[Outcome]:
    """Lines that no row answers. What is in suspense already stays there."""
    alone = [line for line in strays if (line.bill.date, line.line) not in held]
    numbers = {number(line) for line in alone if paid(line) for number, _ in KEYS}
    ours = known(numbers - {""}) if numbers else {}
    alike = by_looks(free)
    for line in alone:
        it = ours.get(channel_number(line)) or ours.get(own_number(line))
        code = called(line, it)
        until = line.bill.date + DAY * (rules.window_days - 1)
        waits = code == "CHANNEL_ONLY_REFUND" and it is not None
        waits |= code.startswith("CHANNEL_ONLY") and near_midnight(line.at, rules)
        if not paid(line):
            yield Void(line.line, line.bill.date)
        elif waits and bill_date < until:
            yield Waits(until, line=line)
        else:
            like = alike.get((line.kind, line.settled_fen), ())
            seen = tuple(row.number for row in like if looks_like(line, row, rules))
            sum_, seen = net_fen(line), seen[: rules.looks_max]
            yield Finding((code,), "trade", line, unbooked_fen=sum_, known=it, suggested=seen)


def called(line: TradeLine, known: Known | None) -> Code:
    """Unknown, known and not captured, or counted before."""
    if known is not None and known.status == "captured":
        return "DUPLICATE_CHANNEL"
    if line.kind == "refund":
        return "CHANNEL_ONLY_REFUND"
    return "CHANNEL_ONLY_PAY" if known is None else "STATUS_CHANNEL_PAID"


def rows_alone(
    free: list[Row], strays: list[TradeLine], bill_date: date, rules: Rules
) -> Iterator[Outcome]:
    """Rows that no line answers: young ones wait. Rows of later dates were only there to be found."""
    alike = defaultdict[tuple[str, int], list[TradeLine]](list)
    for line in sorted(strays, key=lambda each: (each.at, own_number(each))):
        alike[line.kind, line.settled_fen].append(line)
    for row in free:
        if row.held or row.booked > bill_date:
            continue
        days = rules.window_days + near_midnight(row.at, rules)
        until = row.booked + DAY * (min(days, rules.window_max) - 1)
        if bill_date < until:
            yield Waits(until, row=row)
            continue
        like = (
            own_number(line)
            for line in alike[row.kind, row.amount_fen]
            if looks_like(line, row, rules)
        )
        code: Code = "LEDGER_ONLY_PAY" if row.kind == "pay" else "LEDGER_ONLY_REFUND"
        numbers = tuple(like)[: rules.looks_max]
        yield Finding((code,), "ledger", row=row, unbilled_fen=row.net_fen, suggested=numbers)


# --- parts ----------------------------------------------------------------------------------


def by_looks(rows: Iterable[Row]) -> Mapping[tuple[str, int], list[Row]]:
    found = defaultdict[tuple[str, int], list[Row]](list)
    for row in sorted(rows, key=lambda each: (each.at, each.number)):
        found[row.kind, row.amount_fen].append(row)
    return found


def looks_like(line: TradeLine, row: Row, rules: Rules) -> bool:
    """K3: the same sum from the same payer at about the same time. People are told; nothing is matched by it."""
    payer = not (line.payer and row.payer) or line.payer == row.payer
    return payer and abs(line.at - row.at) <= rules.looks_within


def near_midnight(at: datetime, rules: Rules) -> bool:
    """Whether the other side may have dated it a day earlier or later."""
    local = at.astimezone(SHANGHAI)
    since = timedelta(hours=local.hour, minutes=local.minute, seconds=local.second)
    return since <= rules.midnight or DAY - since <= rules.midnight
