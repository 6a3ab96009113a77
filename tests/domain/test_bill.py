"""A bill of a channel: the last file that can be read is in force, and none is forgotten."""

from datetime import date
from typing import Any

import msgspec

from domain.bill import BILL, ERRORS_MAX, Bill, File, accept, bill_id, note_absence, reject
from domain.bill_lines import BillKey, BillKind, FundSums, TradeSums
from domain.events.bill import BillAbsent, BillError, BillFetched, BillRejected, BillRestated
from domain.ids import BillId
from tests.builders import NOON
from tests.given import given_for

given = given_for(BILL)

KEY = BillKey("wechatpay", "1900000109", "trade", date(2026, 5, 31))
ID = bill_id("tea-shop", KEY)
HEAD: tuple[BillId, str, str, BillKind, str, date] = (
    ID,
    "wechatpay",
    "1900000109",
    "trade",
    "",
    date(2026, 5, 31),
)
FIRST = File("aa" * 32, "sha1:" + "a1" * 20, 1000)
SECOND = File("bb" * 32, "sha1:" + "b1" * 20, 900)
SUMS = TradeSums(pays=2, pay_fen=1980, refunds=1, refund_fen=990, fee_fen=6)
READ: dict[str, Any] = {"lines": 3, "duplicates": 0, "sums": SUMS}
WRONG = BillError(3, "手续费", "not whole fen")

fetched = BillFetched(*HEAD, *FIRST, 3, 0, SUMS, NOON)
restated = BillRestated(*HEAD, FIRST.sha256, *SECOND, 3, 0, SUMS, NOON)
rejected = BillRejected(*HEAD, *SECOND, 1, (WRONG,), NOON)
absent = BillAbsent(*HEAD, "", NOON)


def test_the_first_file_that_can_be_read_is_in_force() -> None:
    given().when(accept, id=ID, key=KEY, file=FIRST, **READ, at=NOON).then(fetched)


def test_another_file_restates_the_bill_and_names_the_one_before() -> None:
    given(fetched).when(accept, id=ID, key=KEY, file=SECOND, **READ, at=NOON).then(restated)


def test_a_file_that_comes_back_is_in_force_again() -> None:
    back = BillRestated(*HEAD, SECOND.sha256, *FIRST, 3, 0, SUMS, NOON)
    given(fetched, restated).when(accept, id=ID, key=KEY, file=FIRST, **READ, at=NOON).then(back)


def test_a_file_that_cannot_be_read_is_noted_once_and_changes_nothing_in_force() -> None:
    given(fetched).when(
        reject, id=ID, key=KEY, file=SECOND, error_count=1, errors=(WRONG,), at=NOON
    ).then(rejected)
    assert BILL.fold((fetched, rejected)).in_force == FIRST.sha256


def test_only_the_first_errors_are_kept_and_all_are_counted() -> None:
    many = tuple(BillError(n, "手续费", "not whole fen") for n in range(1, 80))
    (event,) = reject(
        Bill(), id=ID, key=KEY, file=FIRST, error_count=len(many), errors=many, at=NOON
    )
    assert isinstance(event, BillRejected)
    assert (event.error_count, event.errors) == (79, many[:ERRORS_MAX])


def test_a_file_that_could_not_be_read_once_may_be_read_by_later_code() -> None:
    history = (BillRejected(*HEAD, *FIRST, 1, (WRONG,), NOON),)
    given(*history).when(accept, id=ID, key=KEY, file=FIRST, **READ, at=NOON).then(fetched)


def test_a_day_without_trade_has_no_bill() -> None:
    given().when(note_absence, id=ID, key=KEY, at=NOON).then(absent)


def test_a_channel_that_takes_its_bill_back_contradicts_itself_and_both_words_stand() -> None:
    taken_back = BillAbsent(*HEAD, FIRST.sha256, NOON)
    given(fetched).when(note_absence, id=ID, key=KEY, at=NOON).then(taken_back)
    again = BillRestated(*HEAD, FIRST.sha256, *FIRST, 3, 0, SUMS, NOON)
    given(fetched, taken_back).when(accept, id=ID, key=KEY, file=FIRST, **READ, at=NOON).then(again)


def test_tenants_and_accounts_have_bills_of_their_own() -> None:
    basic = BillKey("wechatpay", "1900000109", "fundflow", KEY.date, "BASIC")
    fees = BillKey("wechatpay", "1900000109", "fundflow", KEY.date, "FEES")
    assert (
        len({ID, bill_id("other", KEY), bill_id("tea-shop", basic), bill_id("tea-shop", fees)}) == 4
    )


def test_what_is_stored_of_a_bill_comes_back_whole() -> None:
    sums = FundSums(2, 1980, 3, 996, 5_000_000, 5_000_984)
    event = BillFetched(*HEAD, *FIRST, 3, 0, sums, NOON)
    assert msgspec.json.decode(msgspec.json.encode(event), type=BillFetched) == event
