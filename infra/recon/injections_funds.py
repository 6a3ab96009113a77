"""Ways in which the fund flow, the bank and the freezes are made to differ, each saying what must be found."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any, Final, Literal

import msgspec

from domain.bank_flow import BankLine, SplitDue, Transfer
from domain.fund_flow import Payout
from domain.ids import BreakId, OrderId
from domain.matching_rows import Row
from infra.recon.injections import LONG_AGO, TOMORROW, YESTERDAY
from infra.recon.oracle import Story
from infra.recon.oracle_words import TODAY, Bills, Expected, at, over

JUDGED_AT: Final = at(TODAY, 12 * 3600)


def row(s: Story, **fields: Any) -> Row:
    """A row of clearing that no trade bill shows."""
    when = s.noon(fields.pop("day", TODAY))
    standard: dict[str, Any] = {
        "kind": "refund_closed",
        "number": s.next("r"),
        "channel_number": "",
        "amount_fen": s.random.randrange(1_00, 90_00),
        "fee_fen": s.random.randrange(0, 90),
        "booked": when.date(),
        "at": when,
    }
    made = Row(**(standard | fields))
    s.fund_rows.append(made)
    return made


# --- the fund flow --------------------------------------------------------------------------


def fee_not_taken(s: Story) -> None:
    """The trade bill says that a fee was taken, and it was not."""
    line, ours = s.pay()
    s.lines.append(line)
    s.flow_of(line, fee=False)
    s.book(ours)
    s.matched(line, ours)
    s.expect(line.theirs, "FUND_DIFF", **over(line.fee))


def money_not_moved(s: Story) -> None:
    line, ours = s.either()
    s.bill(line, flows=False)
    s.book(ours)
    s.matched(line, ours)
    s.expect(line.theirs, "FUND_DIFF", **over(-line.gain))


def not_on_the_trade_bill(s: Story) -> None:
    line, _ = s.pay()
    s.flow(line.at, line.transaction, "交易", line.amount, line.number)
    s.expect(line.transaction, "FUND_DIFF", long=line.amount)


def fund_flow_ahead(s: Story) -> None:
    """The account moved before midnight, and the trade bill of the next date has it."""
    line, _ = s.either(s.evening())
    s.flow_of(line)
    s.waits(line.theirs, TOMORROW)


def trade_bill_ahead(s: Story) -> None:
    line, ours = s.either(s.evening())
    s.bill(line, flows=False)
    s.book(ours)
    s.matched(line, ours)
    s.waits(line.theirs, TOMORROW)


def caught_up(s: Story) -> None:
    """What the account had yesterday is on today's trade bill."""
    line, ours = s.either(s.early(), booked=YESTERDAY)
    s.ahead[line.theirs] = line.gain
    s.bill(line, flows=False)
    s.book(ours)
    s.matched(line, ours)


def never_caught_up(s: Story) -> None:
    number = s.next("t")
    s.ahead[number] = s.random.choice((-3_00, 4_00))
    s.expect(number, "FUND_DIFF", **over(s.ahead[number]))


def nobody_knows(s: Story) -> None:
    gain = s.random.choice((-7_00, 12_34))
    mark = s.flow(s.noon(), s.next("b"), "其他业务", gain, s.next("v"))
    s.expect(mark, "FUND_DIFF", **over(gain))


def moves(s: Story) -> None:
    """Withdrawals, what came back of one, and money put in."""
    for what, gain, kind in (
        ("提现", -500_00, "withdrawal"),
        ("提现", 100_00, "withdrawal_returned"),
        ("充值", 900_00, "recharge"),
    ):
        s.moved(s.flow(s.noon(), s.next("b"), what, gain, s.next("v")), kind)


def paid_out(s: Story) -> None:
    number = s.next("w")
    s.payouts[number] = Payout(79_20, "confirmed")
    s.moved(s.flow(s.noon(), s.next("b"), "商家转账", -79_20, number), "payout")


def payout_known_returned(s: Story) -> None:
    number = s.next("w")
    s.payouts[number] = Payout(79_20, "returned")
    s.moved(s.flow(s.noon(), s.next("b"), "商家转账退回", 79_20, number), "payout")


def payout_came_back(s: Story) -> None:
    number = s.next("w")
    s.payouts[number] = Payout(79_20, "confirmed")
    mark = s.flow(s.noon(), s.next("b"), "商家转账退回", 79_20, number)
    s.expect(mark, "PAYOUT_RETURNED")


def payout_of_another_sum(s: Story) -> None:
    number = s.next("w")
    s.payouts[number] = Payout(79_20, "confirmed")
    mark = s.flow(s.noon(), s.next("b"), "商家转账", -79_21, number)
    s.expect(mark, "FUND_DIFF", short=79_21)


def refund_closed(s: Story) -> None:
    """Both know: its money, and its fee, went the other way again. On the same date it may have come, too."""
    line, ours = s.refund()
    gain = -line.gain
    closing = row(s, number=line.refund_no, amount_fen=line.amount, fee_fen=-line.fee)
    if s.random.random() < 0.5:
        s.bill(line)
        s.book(ours)
        s.matched(line, ours)
    later = line.at + timedelta(minutes=5)
    mark = s.flow(later, line.refund_id, "退款关闭", line.amount, line.refund_no)
    if line.fee:
        s.flow(later, line.refund_id, "扣除交易手续费", line.fee, line.refund_no)
    assert closing.amount_fen - closing.fee_fen == gain
    s.answers.append(lambda marks: equal_of(closing, marks[mark]))


def equal_of(ours: Row, no: int) -> Expected:
    return Expected("MATCHED", f"{ours.number} fund {TODAY}#{no}")


def closed_unheard(s: Story) -> None:
    line, _ = s.refund()
    mark = s.flow(line.at, line.refund_id, "退款关闭", line.amount, line.refund_no)
    s.expect(mark, "REFUND_ABNORMAL_STALE", long=line.amount)


def split_arrived(s: Story) -> None:
    ours = row(s, kind="split", fee_fen=0)
    mark = s.flow(ours.at, s.next("b"), "分账", ours.amount_fen, ours.number)
    s.answers.append(lambda marks: equal_of(ours, marks[mark]))


def split_of_another_sum(s: Story) -> None:
    ours = row(s, kind="split", fee_fen=0)
    more = s.random.choice((-1, 1))
    code = "AMOUNT_OVER" if more > 0 else "AMOUNT_UNDER"
    mark = s.flow(ours.at, s.next("b"), "分账", ours.amount_fen + more, ours.number)
    s.expect(mark, code, **over(more))


def young_fund_row(s: Story) -> None:
    s.waits(row(s), TOMORROW)


def fund_row_alone(s: Story) -> None:
    kind = s.random.choice(("split", "refund_closed"))
    ours = row(s, kind=kind, day=s.random.choice((YESTERDAY, LONG_AGO)))
    code = "SPLIT_MISSING" if kind == "split" else "FUND_DIFF"
    s.expect(ours, code, short=ours.amount_fen - ours.fee_fen)
    row(s, day=LONG_AGO, held=BreakId(s.uuid()))


# --- the bank, and freezes ------------------------------------------------------------------


def bank(s: Story, reference: str, fen: int, kind: Literal["moved", "returned"] = "moved") -> str:
    s.bank.append(BankLine(len(s.bank) + 1, reference, fen, kind, JUDGED_AT))
    return f"bank#{len(s.bank)}"


def batch(s: Story, count: int, on: date = TODAY) -> tuple[str, list[Transfer]]:
    name = s.next("k") if count > 1 else ""
    made = [Transfer(s.next("v"), name, s.random.randrange(1_00, 90_00), on) for _ in range(count)]
    s.transfers.extend(made)
    return name or made[0].number, made


def odd(s: Story, about: str, code: str, more: object) -> None:
    s.outside.append(Expected(code, about, (code,), more=str(more)))


def banked(s: Story) -> None:
    """One line for one transfer, or for all of a batch."""
    reference, made = batch(s, s.random.choice((1, 1, 3)))
    place = bank(s, reference, sum(one.amount_fen for one in made))
    names = " ".join(sorted(one.number for one in made))
    s.outside.append(Expected("MATCHED", place, more=names))


def bank_differs(s: Story) -> None:
    reference, made = batch(s, s.random.choice((1, 3)))
    bank(s, reference, sum(one.amount_fen for one in made) + 1)
    odd(s, reference, "BANK_DIFF", 1)


def bank_alone(s: Story) -> None:
    reference = s.next("q")
    bank(s, reference, 5_00)
    odd(s, reference, "BANK_DIFF", 5_00)


def bank_silent(s: Story) -> None:
    reference, made = batch(s, 1, LONG_AGO)
    odd(s, reference, "BANK_DIFF", -made[0].amount_fen)
    young, _ = batch(s, 1, TODAY)
    odd(s, young, "PENDING_CUTOFF", TODAY + timedelta(days=2))


def bank_returned(s: Story) -> None:
    reference, made = batch(s, 1)
    place = bank(s, reference, made[0].amount_fen)
    s.outside.append(Expected("MATCHED", place, more=made[0].number))
    bank(s, reference, -made[0].amount_fen, "returned")
    odd(s, reference, "PAYOUT_RETURNED", -made[0].amount_fen)


def freezes(s: Story) -> None:
    """Done; far away; four fifths over; over."""
    cases = ((True, 40, ""), (False, 23, ""), (False, 24, "SPLIT_EXPIRING"), (False, 30, "SPLIT_MISSING"))  # fmt: skip
    for done, age, code in cases:
        began, number = JUDGED_AT - timedelta(days=age), s.next("d")
        ends = began + timedelta(days=30)
        s.splits.append(SplitDue(number, OrderId(s.uuid()), 8_80, began, ends, done))
        if code:
            odd(s, number, code, 8_80)


FUNDS: Final[tuple[Callable[[Story], None], ...]] = (
    fund_flow_ahead, trade_bill_ahead, caught_up, never_caught_up, fee_not_taken, money_not_moved, not_on_the_trade_bill, nobody_knows, moves, paid_out,
    payout_known_returned, payout_came_back, payout_of_another_sum, refund_closed, closed_unheard,
    split_arrived, split_of_another_sum, young_fund_row, fund_row_alone, banked, bank_differs, bank_alone,
    bank_silent, bank_returned, freezes,
)  # fmt: skip


def broken_chain(s: Story, bills: Bills) -> int:
    """Damage the chain of balances in one of four ways; returns the line before which it shows."""
    funds, way = bills.funds, s.random.randrange(4)
    place = s.random.randrange(len(funds) - 1)  # a last line that is gone shows on the next date
    if way == 0:
        gone = funds.pop(place)
        return gone.line + 1
    if way == 1:
        bills.opening += 1
        return funds[0].line
    line = funds[place]
    more = (
        {"amount_fen": line.amount_fen + 1} if way == 2 else {"balance_fen": line.balance_fen - 1}
    )
    funds[place] = msgspec.structs.replace(line, **more)
    return line.line
