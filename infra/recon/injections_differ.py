"""Lines and rows that find each other and differ, or should not be there: each says what must be found."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Final

import msgspec

from domain.matching_rows import Known
from infra.recon.oracle import Story
from infra.recon.oracle_words import Suspense, Written, over

# --- known, and otherwise -------------------------------------------------------------------


def not_captured(s: Story) -> None:
    line, _ = s.pay(s.noon() if s.random.random() < 0.5 else s.evening())
    s.known[line.number] = Known(s.random.choice(("unpaid", "closed")))
    s.bill(line)
    s.expect(line, "STATUS_CHANNEL_PAID", long=line.gain)


def not_paid(s: Story) -> None:
    line, row = s.pay()
    s.book(row)
    gain, line.status = line.gain, "REVOKED"
    s.bill(line)
    s.expect(line, "STATUS_LEDGER_PAID", short=gain)


def twice(s: Story) -> None:
    """Two payments under one of our numbers: the second is too much."""
    line, row = s.either()
    again = replace(line, at=line.at + timedelta(minutes=1))
    again.transaction, again.refund_id = s.next("t"), s.next("f") if line.refund_id else ""
    s.bill(line, again)
    s.book(row)
    s.matched(line, row)
    s.expect(again, "DUPLICATE_CHANNEL", **over(again.gain))


def same_line_twice(s: Story) -> None:
    """The file has one line two times, the fund flow once: what one adds, the other takes away."""
    line, row = s.either()
    again = replace(line, at=line.at + timedelta(minutes=1))
    s.bill(line)
    s.bill(again, flows=False)
    s.book(row)
    s.matched(line, row)
    s.expect(again, "DUPLICATE_CHANNEL", **over(again.gain))
    s.expect(line.theirs, "FUND_DIFF", **over(-again.gain))


def captured_before(s: Story) -> None:
    """Another date's bill had it already."""
    line, _ = s.pay()
    s.known[s.random.choice((line.number, line.transaction))] = Known("captured")
    s.bill(line)
    s.expect(line, "DUPLICATE_CHANNEL", long=line.gain)


def unknown_twice(s: Story) -> None:
    line, _ = s.pay()
    again = replace(line, at=line.at + timedelta(minutes=1), transaction=s.next("t"))
    s.bill(line, again)
    s.expect(line, "CHANNEL_ONLY_PAY", long=line.gain)
    s.expect(again, "DUPLICATE_CHANNEL", long=again.gain)


# --- found, and different -------------------------------------------------------------------


def bent(s: Story) -> tuple[Written, int]:
    """An equal pair, the row written; and what the account should have gained."""
    line, row = s.either()
    s.book(row)
    return line, line.gain


def amount(s: Story) -> None:
    line, gain = bent(s)
    more = s.random.choice((1, 1, 100, line.amount))
    if more >= line.amount or s.random.random() < 0.5:
        code = "AMOUNT_OVER"
    else:
        code, more = "AMOUNT_UNDER", -more
    line.amount += more
    line.settled += more
    s.bill(line)
    s.expect(line, code, **over(line.gain - gain))


def channel_coupon(s: Story) -> None:
    """Paid in full, and less of it settled."""
    line, gain = bent(s)
    line.settled -= s.random.choice((1, 50))
    s.bill(line)
    s.expect(line, "AMOUNT_UNDER", **over(line.gain - gain))


def small_fee(s: Story) -> None:
    line, gain = bent(s)
    line.fee += s.random.choice((-1, 1))
    s.bill(line)
    s.expect(line, "FEE_DIFF", **over(line.gain - gain), more="FEE_ROUNDING")


def fee(s: Story) -> None:
    line, gain = bent(s)
    line.fee += s.random.choice((-2, 2, 37))
    s.bill(line)
    s.expect(line, "FEE_DIFF", **over(line.gain - gain))


def currency(s: Story) -> None:
    line, _ = bent(s)
    line.currency = "HKD"
    s.bill(line)
    s.expect(line, "CURRENCY_DIFF", long=abs(line.gain), short=abs(line.gain))


def merchant(s: Story) -> None:
    line, _ = bent(s)
    line.merchant = "1900009999"
    s.bill(line)
    s.expect(line, "MERCHANT_DIFF", long=abs(line.gain), short=abs(line.gain))


def several(s: Story) -> None:
    """The first that fails is its name; the others are told."""
    line, row = s.pay()
    s.book(row)
    gain = line.gain
    line.amount, line.settled, line.fee = line.amount + 5, line.settled + 5, line.fee + 1
    failing = ["AMOUNT_OVER", "FEE_DIFF"]
    if elsewhere := s.random.random() < 0.5:
        line.merchant = "1900009999"
        failing.append("MERCHANT_DIFF")
    s.bill(line)
    where = Suspense(long=line.gain, short=gain) if elsewhere else over(line.gain - gain)
    s.expect(line, *failing, **where)


def refund_dead(s: Story) -> None:
    """Taken on, and ended without paying, while we still think it is on its way."""
    told = s.random.choice(("closed", "abnormal", ""))
    line, row = s.refund()
    row = msgspec.structs.replace(row, status="processing", told=told)
    if not told:
        line.state = s.random.choice(("FAIL", "CHANGE"))
    s.bill(line)
    s.book(row)
    s.expect(line, "REFUND_ABNORMAL_STALE")


def refund_dead_and_known(s: Story) -> None:
    """The bill says what we know: no break."""
    line, row = s.refund()
    line.state, status = s.random.choice((("FAIL", "closed"), ("CHANGE", "abnormal")))
    row = msgspec.structs.replace(row, status=status)
    s.bill(line)
    s.book(row)
    s.matched(line, row)


def many_small_fees(s: Story, count: int, rule: str) -> None:
    """So many fen of a day, each by itself small enough."""
    for _ in range(count):
        line, gain = bent(s)
        line.fee += 1
        s.bill(line)
        s.expect(line, "FEE_DIFF", **over(line.gain - gain), more=rule)


DIFFERENT: Final[tuple[Callable[[Story], None], ...]] = (
    not_captured, not_paid, twice, same_line_twice, captured_before, unknown_twice, amount,
    channel_coupon, small_fee, fee, currency, merchant, several, refund_dead, refund_dead_and_known,
)  # fmt: skip
