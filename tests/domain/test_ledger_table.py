"""The worked example, row by row and to the fen: a deal of 100.00 for which 70.00 were paid.

20.00 of it is a coupon (12.00 the merchant's, 8.00 the platform's), 5.00 points, 5.00 subsidy. Commission is
10 % of 88.00 with 6 % VAT inside (8.30 + 0.50), the channel's fee 0.6 % (0.42).
"""

from collections import Counter
from datetime import date
from typing import Any
from uuid import UUID

import pytest
from msgspec.structs import replace

from domain.events import Event
from domain.events.earning import EarningMatured, EarningRecognised, EarningReversed
from domain.events.order import OrderReadied, RefundOwed
from domain.events.payment import PaymentCaptured
from domain.events.payout import PayoutConfirmed, PayoutFailed, PayoutInitiated, PayoutReturned
from domain.events.points import PointsExpired, PointsGranted, PointsReserved, PointsReturned
from domain.events.recon import BreakOpened, BreakPosted, FundMoved, LinesMatched, Match
from domain.events.refund import (
    RefundAttemptAccepted,
    RefundClosed,
    RefundPaidElsewhere,
    RefundReturned,
    RefundSucceeded,
)
from domain.events.split import Receiver, SplitFinished, SplitSubsidised
from domain.events.statement import StatementClosed
from domain.ids import (
    BillId,
    BreakId,
    EarningId,
    MerchantId,
    PayoutId,
    RefundId,
    SplitId,
    StatementId,
)
from domain.ledger import postings
from domain.money import ZERO, Money
from domain.policies import BookPolicy
from tests.architecture.books import WORKED
from tests.builders import DAY, NOON, ann, order, payment

ID = UUID(int=0x77)
M, R = MerchantId(UUID(int=0x3E)), RefundId(UUID(int=0x3001))
O = order(1)
BOOKS = BookPolicy(version=1, money_mode="platform_collect")
SPLIT = replace(BOOKS, money_mode="split")
ON = date(2026, 6, 1)
TO_MERCHANT = Money(79_20)


def earned(books: BookPolicy = BOOKS) -> EarningRecognised:
    return EarningRecognised(
        earning_id=EarningId(ID), order_id=O, merchant_id=M, lot=1, cause="verification",
        proof=ID, first=0, count=1, amounts=WORKED, units=(WORKED,), given_back=ZERO,
        rate_bp=1000, vat_rate_bp=600, agreement_version=1, books=books,
        matures_at=NOON + DAY, value_at=NOON, at=NOON,
    )  # fmt: skip


def given_back(taken_from: Any = "pending", books: BookPolicy = BOOKS) -> EarningReversed:
    return EarningReversed(
        earning_id=EarningId(ID), order_id=O, merchant_id=M, lot=1, refund_id=R, amounts=WORKED,
        units=(), given_back=Money(70_00), taken_from=taken_from, statement_id=None, books=books,
        value_at=NOON, at=NOON,
    )  # fmt: skip


def owed(held_as: Any = "escrow") -> RefundOwed:
    return RefundOwed(
        O, R, payment(1), "T1", Money(70_00), "withdrawn", ends=True, held_as=held_as, at=NOON
    )


def matched(kind: Any, fee: int, net: int) -> LinesMatched:
    return LinesMatched(
        channel="wechatpay", mchid="1900000001", bill_date=ON, bill_id=BillId(ID), side="trade",
        chunk=1, void=(), at=NOON,
        matches=(Match(
            line=2, kind=kind, number="n", channel_number="T1", order_id=O, refund_id=None,
            amount=Money(70_00), fee=Money(fee), net=Money(net), booked=ON,
        ),),
    )  # fmt: skip


def broken(through: int = 0, unbooked: int = 0, unbilled: int = 0) -> BreakOpened:
    return BreakOpened(
        break_id=BreakId(ID), code="AMOUNT_UNDER", failing=("AMOUNT_UNDER",), channel="wechatpay",
        mchid="1900000001", bill_date=ON, booked=ON, bill_id=BillId(ID), side="trade", line=2,
        kind="pay", number="n", channel_number="T1", order_id=O, refund_id=None, ours=None,
        theirs=None, suggested=(), through=Money(through), unbooked=Money(unbooked),
        unbilled=Money(unbilled), long=ZERO, short=ZERO, detail="", at=NOON,
    )  # fmt: skip


def resolved(suspense: Any, resolution: Any, fen: int) -> BreakPosted:
    return BreakPosted(
        break_id=BreakId(ID), channel="wechatpay", mchid="1900000001", bill_date=ON,
        suspense=suspense, resolution=resolution, amount=Money(fen), booked=ON, order_id=O,
        refund_id=R, reference="", at=NOON,
    )  # fmt: skip


CAPTURED = PaymentCaptured(payment(1), O, "wechatpay", "T1", Money(70_00), NOON, NOON)
ACCEPTED = RefundAttemptAccepted(
    refund_id=R, order_id=O, channel="wechatpay", attempt=1, number="r", channel_refund_id="50",
    amount=Money(70_00), fee_back=Money(42), accepted_at=NOON, evidence="reply", next_at=NOON,
    at=NOON,
)  # fmt: skip
STARTED = PayoutInitiated(
    PayoutId(ID), M, StatementId(ID), TO_MERCHANT, "bank_file", "bank", "", 1, NOON, NOON
)
CONFIRMED = PayoutConfirmed(
    PayoutId(ID), M, StatementId(ID), "bank_file", "bank", "p", "", TO_MERCHANT, Money(1_00), NOON,
    "bank_file", NOON,
)  # fmt: skip
STATED = StatementClosed(
    statement_id=StatementId(ID), merchant_id=M, period="2026-06-01", lines=2, root="",
    totals=WORKED, net=ZERO, carried_in=ZERO, netted=Money(79_20), payable=ZERO, carried_out=ZERO,
    books=BOOKS, at=NOON,
)  # fmt: skip
OURS = Receiver("platform", "1900000001", Money(8_80), Money(50))
SHARED = SplitFinished(SplitId(ID), O, "wechatpay", OURS, "d", NOON, "query", NOON)
ADDED = SplitSubsidised(SplitId(ID), O, "wechatpay", Money(5_00), "summer", BOOKS, NOON, NOON)
GRANTED = PointsGranted(ann, ID, 500, Money(5_00), "signup", NOON, BOOKS, NOON)

ROWS: dict[str, tuple[Event, str, dict[str, int]]] = {
    "P1 P1f": (CAPTURED, "P1", {"1120": 70_00 - 42, "2010": -70_00, "5010": 42}),
    "P1p": (PointsReserved(ann, O, 500, Money(5_00), NOON), "P1p", {"2310": 5_00, "2311": -5_00}),
    "P2": (OrderReadied(O, Money(70_00), NOON), "P2", {"2010": 70_00, "2020": -70_00}),
    "P3 P3c": (
        earned(),
        "P3",
        {"2020": 70_00, "2311": 5_00, "5110": 8_00, "5111": 5_00}
        | {"2110": -79_20, "4010": -8_30, "2510": -50},
    ),
    "P3 less revenue": (
        earned(replace(BOOKS, subsidy_as="contra_revenue")),
        "P3",
        {"2020": 70_00, "2311": 5_00, "4090": 13_00}
        | {"2110": -79_20, "4010": -8_30, "2510": -50},
    ),
    "P3 own goods": (
        earned(replace(BOOKS, accounting="principal")),
        "P3",
        {"2020": 70_00, "2311": 5_00, "5110": 8_00, "5111": 5_00}
        | {"4000": -77_88, "2510": -10_12, "5030": 60_00, "2150": -60_00},
    ),
    "P4": (
        EarningMatured(EarningId(ID), O, M, 1, WORKED, StatementId(ID), BOOKS, NOON),
        "P4",
        {"2110": 79_20, "2120": -79_20},
    ),
    "P5": (STARTED, "P5", {"2120": 79_20, "2130": -79_20}),
    "P6 P6f": (CONFIRMED, "P6", {"2130": 79_20, "5020": 1_00, "1010": -80_20}),
    "P6 by the channel": (
        replace(CONFIRMED, route="channel_transfer", channel="wechatpay", fee=ZERO),
        "P6",
        {"2130": 79_20, "1121": -79_20},
    ),
    "P6x failed": (
        PayoutFailed(PayoutId(ID), M, "bank_file", "bank", "p", TO_MERCHANT, "", "bank_file", NOON),
        "P6x",
        {"2130": 79_20, "2120": -79_20},
    ),
    "P6x returned": (
        PayoutReturned(
            PayoutId(ID), M, "bank_file", "bank", "p", TO_MERCHANT, True, "", NOON, "people", NOON
        ),
        "P6x",
        {"1010": 79_20, "2120": -79_20},
    ),
    "P7": (matched("pay", 42, 69_58), "P7", {"1121": 69_58, "1120": -69_58}),
    "P8": (GRANTED, "P8", {"5120": 5_00, "2310": -5_00}),
    "P8x": (
        PointsExpired(ann, ID, 500, Money(5_00), "signup", BOOKS, NOON),
        "P8x",
        {"2310": 5_00, "5120": -5_00},
    ),
    "R1": (owed(), "R1", {"2010": 70_00, "2210": -70_00}),
    "R1'": (owed("voucher"), "R1'", {"2020": 70_00, "2210": -70_00}),
    "R1p": (PointsReturned(ann, O, 500, Money(5_00), NOON), "R1p", {"2311": 5_00, "2310": -5_00}),
    **{
        f"R1'' {place}": (
            given_back(place),
            "R1''",
            {account: 79_20, "4010": 8_30, "2510": 50}
            | {"2020": -70_00, "2311": -5_00, "5110": -8_00, "5111": -5_00},
        )
        for place, account in (("pending", "2110"), ("payable", "2120"), ("receivable", "1310"))
    },
    "R2 R4": (ACCEPTED, "R2", {"1122": 70_00, "1120": -69_58, "5010": -42}),
    "R3": (
        RefundSucceeded(R, O, "r", "50", Money(70_00), "零钱", NOON, "query", NOON),
        "R3",
        {"2210": 70_00, "1122": -70_00},
    ),
    "R5": (matched("refund", 42, -69_58), "R5", {"1120": 69_58, "1121": -69_58}),
    "R6": (
        RefundClosed(R, O, "wechatpay", "r", Money(70_00), Money(42), "query", NOON),
        "R6",
        {"1120": 69_58, "1122": -70_00, "5010": 42},
    ),
    "R7a": (
        RefundReturned(R, O, "r", Money(70_00), "query", NOON),
        "R7a",
        {"1010": 70_00, "1122": -70_00},
    ),
    "R7b R7c": (
        RefundPaidElsewhere(R, O, Money(70_00), "银行回单", returned=True, at=NOON),
        "R7c",
        {"2210": 70_00, "1010": -70_00},
    ),
    "S1": (broken(unbooked=50_00), "S1", {"1121": 50_00, "2915": -50_00}),
    "S1 of a refund": (broken(unbooked=-50_00), "S1", {"1915": 50_00, "1121": -50_00}),
    "S1r found": (resolved("long", "order_found", 50_00), "S1r", {"2915": 50_00, "2010": -50_00}),
    "S1r sent back": (
        resolved("long", "refund_owed", 50_00), "S1r", {"2915": 50_00, "2210": -50_00},
    ),
    "S1r kept": (resolved("long", "written_off", 50_00), "S1r", {"2915": 50_00, "4910": -50_00}),
    "S2": (broken(unbilled=40_00), "S2", {"1915": 40_00, "1120": -40_00}),
    "S2 of a refund": (broken(unbilled=-40_00), "S2", {"1120": 40_00, "2915": -40_00}),
    "S2r late line": (
        resolved("short", "matched_bill", 40_00), "S2r", {"1121": 40_00, "1915": -40_00},
    ),
    "S2r never paid": (
        resolved("short", "order_unwound", 40_00), "S2r", {"2010": 40_00, "1915": -40_00},
    ),
    "S2r lost": (resolved("short", "written_off", 40_00), "S2r", {"5910": 40_00, "1915": -40_00}),
    "S3": (
        broken(through=69_00, unbilled=1_00), "S3", {"1121": 69_00, "1915": 1_00, "1120": -70_00},
    ),
    "S4": (resolved("short", "fee", 1), "S4", {"5010": 1, "1915": -1}),
    "T1": (
        FundMoved(
            "wechatpay", "1900000001", ON, BillId(ID), 3, "withdrawal", "w", Money(-500_00), NOON
        ),
        "T1",
        {"1010": 500_00, "1121": -500_00},
    ),
    "T2": (STATED, "T2", {"2120": 79_20, "1310": -79_20}),
    "B1": (replace(CAPTURED, mode="split"), "B1", {"9010": 70_00, "9020": -70_00}),
    "B2": (earned(SPLIT), "B2", {"1125": 8_80, "4010": -8_30, "2510": -50}),
    "B2 back": (
        given_back(books=SPLIT), "R1''", {"1125": -8_80, "4010": 8_30, "2510": 50},
    ),
    "B3": (SHARED, "B3", {"1120": 8_80, "1125": -8_80, "9020": 8_80, "9010": -8_80}),
    "B4": (ADDED, "B4", {"5111": 5_00, "1120": -5_00, "9010": 5_00, "9020": -5_00}),
}  # fmt: skip


def moved(event: Event) -> dict[str, int]:
    """Fen that each account was debited with, less what it was credited with."""
    sums: Counter[str] = Counter()
    for entry in postings(event):
        for line in entry.lines:
            sums[line.account] += line.debit_fen - line.credit_fen
    return {account: fen for account, fen in sums.items() if fen}


@pytest.mark.parametrize("row", list(ROWS))
def test_each_row_of_the_table_moves_what_it_says(row: str) -> None:
    event, rule, expected = ROWS[row]
    assert moved(event) == expected
    assert sum(expected.values()) == 0
    assert {entry.rule for entry in postings(event)} == {rule}


def test_the_merchants_part_of_a_coupon_is_a_line_of_its_own() -> None:
    (entry,) = postings(earned())
    on = [line for line in entry.lines if line.account == "2110"]
    assert sum(line.credit_fen for line in on) == 100_00
    assert [line.debit_fen for line in on if line.debit_fen] == [12_00, 8_30, 50]


def test_a_whole_deal_that_is_given_back_leaves_only_what_points_cost() -> None:
    events = (
        GRANTED, ROWS["P1p"][0], CAPTURED, ROWS["P2"][0], earned(), given_back(), owed("voucher"),
        ROWS["R1p"][0], ACCEPTED, ROWS["R3"][0], ROWS["P7"][0], ROWS["R5"][0],
    )  # fmt: skip
    left: Counter[str] = Counter()
    for event in events:
        left.update(moved(event))
    assert {account: fen for account, fen in left.items() if fen} == {"5120": 5_00, "2310": -5_00}


def test_a_line_of_a_bill_is_an_entry_that_names_it() -> None:
    (one,) = matched("pay", 42, 69_58).matches
    event = replace(matched("pay", 42, 69_58), matches=(one, replace(one, line=3, kind="refund")))
    entries = postings(event)
    assert [entry.bill for entry in entries] == [(ID, 2), (ID, 3)]
    assert {line.sub_key for entry in entries for line in entry.lines} == {
        "wechatpay available",
        "wechatpay 2026-06-01",
    }


def test_a_month_may_be_told_by_another_policy() -> None:
    """Whose money it is and who is paid stays; what is revenue and what is cost is told otherwise."""
    gross = replace(BOOKS, accounting="principal")
    (entry,) = postings(earned(), under=gross)
    sums: Counter[str] = Counter()
    for line in entry.lines:
        sums[line.account] += line.debit_fen - line.credit_fen
    assert sums["4000"] == -(88_00 - 50)
    assert sums["5030"] == 79_20 == -sums["2110"], "what the merchant gets is what the goods cost"
    assert sums["2020"] == 70_00
    assert sums["4010"] == 0
