"""A bill that was restated after lines of it were matched: is it the same bill still, and what says something else?

A line is known again by its place and its numbers. Lines may be added at the end, taken away from there, or say
another sum; where other lines stand in the places of those that were matched, people must look.
"""

from collections.abc import Iterable, Mapping
from itertools import zip_longest
from typing import Any

import msgspec

from commands.restate_bill_day import DIFFERS_MAX, Differing
from domain.bill_lines import FundLine, TradeLine
from domain.events.recon import Code
from domain.matching_rows import channel_number, net_fen, own_number, paid
from infra.recon.asking import theirs_of

Placed = Mapping[int, bool]
"""Lines that have a place; true for those that were simply matched, and may break now."""


class Unlike(Exception):
    """The two files are not the same bill for all that is known: why not, in words."""


def trade_differs(
    old: Iterable[TradeLine], new: Iterable[TradeLine], placed: Placed
) -> list[Differing]:
    """Matched lines by which other money moves now. Raises: Unlike."""
    found = list[Differing]()
    for before, now in zip_longest(old, new):
        if before is None:
            break
        if before.line not in placed or (now is not None and said(before) == said(now)):
            continue
        if now is not None and identity(before) != identity(now):
            raise Unlike(f"trade line {before.line} is another: {channel_number(now)} now")
        gained = (net_fen(now) if now is not None else 0) - net_fen(before)
        if not placed[before.line] or not gained:
            raise Unlike(f"trade line {before.line} was not simply matched, or moves no other sum")
        found.append(differing(before, now, gained))
        if len(found) > DIFFERS_MAX:
            raise Unlike(f"more than {DIFFERS_MAX} lines of the trade bill differ")
    return found


def fund_stands(old: Iterable[FundLine], new: Iterable[FundLine], placed: Placed) -> None:
    """What found its place on the fund flow stands there still; balances may be others. Raises: Unlike."""
    for before, now in zip_longest(old, new):
        if before is None:
            return
        if before.line in placed and (now is None or moved(before) != moved(now)):
            raise Unlike(f"line {before.line} of the fund flow is another")


def identity(line: TradeLine) -> tuple[str, ...]:
    return line.kind, channel_number(line), own_number(line)


def said(line: TradeLine) -> tuple[Any, ...]:
    """All of it that reconciliation compares."""
    sums = line.amount_fen, line.settled_fen, line.fee_fen, paid(line), line.refund_status
    return *identity(line), *sums, line.currency, line.sub_mchid


def moved(line: FundLine) -> FundLine:
    return msgspec.structs.replace(line, balance_fen=0)


def differing(before: TradeLine, now: TradeLine | None, gained: int) -> Differing:
    return Differing(
        line=before.line,
        failing=(code_of(before, now),),
        kind=before.kind,
        number=own_number(before)[:64],
        channel_number=channel_number(before)[:64],
        before=theirs_of(before),
        now=None if now is None else theirs_of(now),
        gained_fen=gained,
    )


def code_of(before: TradeLine, now: TradeLine | None) -> Code:
    if now is None:
        return "LEDGER_ONLY_PAY" if before.kind == "pay" else "LEDGER_ONLY_REFUND"
    if paid(before) and not paid(now):
        return "STATUS_LEDGER_PAID"
    if before.settled_fen != now.settled_fen:
        return "AMOUNT_OVER" if now.settled_fen > before.settled_fen else "AMOUNT_UNDER"
    return "FEE_DIFF"
