"""Which file of a bill is in force, and what else came."""

from datetime import date

import pytest

from domain.bill import BILL, bill_id
from domain.bill_lines import BillKey, BillKind, TradeSums
from domain.events.bill import BillAbsent, BillError, BillFetched, BillRejected, BillRestated
from domain.ids import BillId
from projections.bills import PROJECTION
from tests.builders import HOUR, NOON
from tests.delivery.history import Fact
from tests.projections.conftest import Model

KEY = BillKey("wechatpay", "1900007291", "trade", date(2026, 5, 31))
ID = bill_id("acme", KEY)
HEAD: tuple[BillId, str, str, BillKind, str, date] = (
    ID, KEY.channel, KEY.mchid, KEY.kind, "", KEY.date,
)  # fmt: skip
A, B, C = (("sha1:" + digit * 40, 100) for digit in "abc")
SUMS, LESS = TradeSums(2, 1980, 1, 990, 6), TradeSums(1, 990, 0, 0, 6)
STORY = [
    BillAbsent(*HEAD, "", NOON),
    BillFetched(*HEAD, "a" * 64, *A, 3, 1, SUMS, NOON + HOUR),
    BillRejected(*HEAD, "b" * 64, *B, 1, (BillError(2, "手续费", "x"),), NOON + 2 * HOUR),
    BillRestated(*HEAD, "a" * 64, "c" * 64, *C, 1, 0, LESS, NOON + 3 * HOUR),
    BillAbsent(*HEAD, "c" * 64, NOON + 4 * HOUR),
]
SELECT = "select state, sha256, lines, duplicates, sums, jsonb_array_length(files) from bills_v1"
AFTER = [
    ("absent", "", 0, 0, None, 0),
    ("in_force", "a" * 64, 3, 1, {"type": "trade", "pays": 2, "pay_fen": 1980, "refunds": 1,
                                  "refund_fen": 990, "fee_fen": 6}, 1),
    ("in_force", "a" * 64, 3, 1, {"type": "trade", "pays": 2, "pay_fen": 1980, "refunds": 1,
                                  "refund_fen": 990, "fee_fen": 6}, 2),
    ("in_force", "c" * 64, 1, 0, {"type": "trade", "pays": 1, "pay_fen": 990, "refunds": 0,
                                  "refund_fen": 0, "fee_fen": 6}, 3),
    ("absent", "c" * 64, 1, 0, {"type": "trade", "pays": 1, "pay_fen": 990, "refunds": 0,
                                "refund_fen": 0, "fee_fen": 6}, 3),
]  # fmt: skip


@pytest.mark.parametrize("many", range(1, len(STORY) + 1))
async def test_a_row_says_what_is_in_force_after_each_event(model: Model, many: int) -> None:
    facts = [Fact(BILL.category, ID, event) for event in STORY[:many]]
    await model.given(PROJECTION, facts)
    assert await model.rows(SELECT) == [AFTER[many - 1]]


async def test_how_events_are_cut_into_batches_does_not_show(model: Model) -> None:
    facts = [Fact(BILL.category, ID, event) for event in STORY]
    await model.given(PROJECTION, facts, batch=1)
    one_by_one = await model.digest(PROJECTION)
    await model.tx.execute("delete from bills_v1")
    await model.given(PROJECTION, facts)
    assert await model.digest(PROJECTION) == one_by_one


async def test_a_bill_that_never_could_be_read_is_rejected(model: Model) -> None:
    await model.given(PROJECTION, [Fact(BILL.category, ID, STORY[2])])
    assert await model.rows(
        "select state, sha256, files->0->'errors'->0->>'column' from bills_v1"
    ) == [("rejected", "", "手续费")]
