"""The channel's fund flow: is it whole, does it agree with the trade bill, and what else moved on the account.

The balance after each line makes a chain, so a missing line or file shows before anything is matched.
"""

from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from heapq import merge
from typing import Final, Literal, NamedTuple, TypeAlias, TypeVar

import msgspec

from domain.bill_lines import FundLine, TradeLine
from domain.events.recon import Code
from domain.matching import DAY, near_midnight
from domain.matching_rows import (
    RULES,
    Ahead,
    Equal,
    Finding,
    Moved,
    Outcome,
    Row,
    Rules,
    Waits,
    channel_number,
    net_fen,
)

OF_TRADE: Final = frozenset({"交易", "扣除交易手续费", "退款", "退还交易手续费", "退款关闭"})
REFUND_CLOSED: Final = "退款关闭"
WITHDRAWAL: Final = frozenset({"提现"})
RECHARGE: Final = frozenset({"充值"})
PAYOUT: Final = frozenset({"商家转账", "商家转账退回", "企业付款"})
SPLIT: Final = frozenset({"分账", "分账回退"})

L = TypeVar("L", TradeLine, FundLine)
PayoutState: TypeAlias = Literal["confirmed", "returned"]


class Gap(NamedTuple):
    """The chain of balances is broken before this line: something between is missing, or one of them is wrong."""

    line: FundLine
    expected_fen: int


class Payout(NamedTuple):
    """A payout of ours that the channel made out of what it holds for us."""

    amount_fen: int
    state: PayoutState


class Flow(msgspec.Struct):
    """What the two bills say under one number of the channel; dropped as soon as they agree."""

    billed_fen: int = 0  # fund flow
    traded_fen: int = 0  # trade bill
    line: TradeLine | None = None
    fund: FundLine | None = None
    closed: FundLine | None = None
    carried: bool = False  # the other bill was ahead on the date before


def moved_fen(line: FundLine) -> int:
    """Signed: what the account gained."""
    return line.amount_fen if line.direction == "in" else -line.amount_fen


# --- stage 0 --------------------------------------------------------------------------------


def gap(lines: Iterable[FundLine], opening_fen: int | None) -> Gap | None:
    """The first place where the balance does not follow from the one before. Lines in the order of their file.

    `opening_fen` is where the last date ended; None when nothing is known of it.
    """
    balance = opening_fen
    for line in lines:
        moved = moved_fen(line)
        if balance is not None and balance + moved != line.balance_fen:
            return Gap(line, balance + moved)
        balance = line.balance_fen
    return None


# --- stage B --------------------------------------------------------------------------------


def compare_bills(
    trades: Iterable[TradeLine],
    funds: Iterable[FundLine],
    rows: Iterable[Row],
    *,
    payouts: Mapping[str, Payout],
    ahead: Iterable[Ahead] = (),
    bill_date: date,
    rules: Rules = RULES,
) -> Iterator[Outcome]:
    """Both bills of one date, in time: under each number they must add up to the same.

    `rows` are those of clearing that no trade bill shows: refunds closed, splits, chargebacks. `ahead` is by
    what the bills differed on the date before, around midnight.
    """
    flows = {it.number: Flow(billed_fen=it.net_fen, carried=True) for it in ahead}
    ours = {row.number: row for row in sorted(rows, key=lambda row: (row.booked, row.number))}
    by_channel = {row.channel_number: row for row in ours.values() if row.channel_number}
    both: Iterable[TradeLine | FundLine] = merge(trades, funds, key=lambda each: each.at)
    for line in both:
        if isinstance(line, TradeLine):
            traded(flows, line)
        elif line.business_type in OF_TRADE:
            billed(flows, line)
        else:
            row = ours.pop(line.voucher_no, None) or ours.pop(
                number_of(by_channel.get(line.business_no)), None
            )
            yield other(line, row, payouts)
    for number, flow in flows.items():
        yield differing(number, flow, ours, by_channel, bill_date, rules)
    for row in ours.values():
        if (outcome := alone(row, bill_date, rules)) is not None:
            yield outcome


def traded(flows: dict[str, Flow], line: TradeLine) -> None:
    number, net = channel_number(line), net_fen(line)
    if net == 0:
        return
    flow = flows.setdefault(number, Flow())
    flow.traded_fen += net
    flow.line = first(flow.line, line)
    settle(flows, number, flow)


def billed(flows: dict[str, Flow], line: FundLine) -> None:
    flow = flows.setdefault(line.business_no, Flow())
    flow.billed_fen += moved_fen(line)
    flow.fund = first(flow.fund, line)
    if line.business_type == REFUND_CLOSED:
        flow.closed = line
    settle(flows, line.business_no, flow)


def first(one: L | None, other: L) -> L:
    return other if one is None or other.line < one.line else one


def settle(flows: dict[str, Flow], number: str, flow: Flow) -> None:
    """A refund that came and was closed on one date adds up to nothing, and is still to be told."""
    if flow.billed_fen == flow.traded_fen and flow.closed is None:
        del flows[number]


def differing(
    number: str,
    flow: Flow,
    ours: dict[str, Row],
    by_channel: Mapping[str, Row],
    bill_date: date,
    rules: Rules,
) -> Outcome:
    """The two bills disagree under this number: by a refund that was closed, around midnight, or for no reason."""
    more = flow.billed_fen - flow.traded_fen
    if flow.closed is None:
        seen = [each.at for each in (flow.line, flow.fund) if each is not None]
        if not flow.carried and any(near_midnight(at, rules) for at in seen):
            return Waits(bill_date + DAY, ahead=Ahead(number, more))
        funds = (flow.fund,) if flow.fund else ()
        return Finding(
            ("FUND_DIFF",), "fund", flow.line, None, funds, unbooked_fen=more, number=number
        )
    by_no = by_channel.get(number)
    row = ours.pop(flow.closed.voucher_no, None) or ours.pop(number_of(by_no), None)
    return found(flow.closed, row, more, "REFUND_ABNORMAL_STALE")


def found(line: FundLine, row: Row | None, moved: int, alone: Code) -> Outcome:
    """A line of the fund flow, and the row that it should be; without one it is called `alone`."""
    if row is not None and row.net_fen == moved:
        return Equal(row, line.line, line.bill.date, "fund")
    if row is None or row.held:
        return Finding((alone,), "fund", None, row, (line,), unbooked_fen=moved)
    same = (row.net_fen > 0) == (moved > 0)
    through = min(row.net_fen, moved, key=abs) if same else 0
    over: Code = "AMOUNT_OVER" if abs(moved) > abs(row.net_fen) else "AMOUNT_UNDER"
    return Finding(
        (over,), "fund", None, row, (line,), through, moved - through, row.net_fen - through
    )


def other(line: FundLine, row: Row | None, payouts: Mapping[str, Payout]) -> Outcome:
    """What is neither a payment nor a refund."""
    if row is not None:
        return found(line, row, moved_fen(line), "FUND_DIFF")
    if line.business_type in WITHDRAWAL:
        back = line.direction == "in"
        return Moved(line, "withdrawal_returned" if back else "withdrawal", line.voucher_no)
    if line.business_type in RECHARGE and line.direction == "in":
        return Moved(line, "recharge", line.voucher_no)
    payout = payouts.get(line.voucher_no)
    if line.business_type in PAYOUT and payout and payout.amount_fen == line.amount_fen:
        if line.direction == "in" and payout.state != "returned":
            return Finding(("PAYOUT_RETURNED",), "fund", funds=(line,))
        return Moved(line, "payout", line.voucher_no)
    return Finding(("FUND_DIFF",), "fund", funds=(line,), unbooked_fen=moved_fen(line))


def alone(row: Row, bill_date: date, rules: Rules) -> Outcome | None:
    """A row that the fund flow should show and does not; it waits as any row does."""
    if row.held or row.booked > bill_date:
        return None
    until = row.booked + DAY * (rules.window_days - 1)
    if bill_date < until:
        return Waits(until, row=row)
    code: Code = "SPLIT_MISSING" if row.kind == "split" else "FUND_DIFF"
    return Finding((code,), "ledger", row=row, unbilled_fen=row.net_fen)


def number_of(row: Row | None) -> str:
    return row.number if row else ""
