"""Given what reconciliation found, the rows of finance: the same, however the events are cut into batches."""

import pytest

from commands.act_on_break import ActOnBreak
from commands.approve_break import ApproveBreak
from projections import bill_days, breaks, clearing
from tests.builders import ann, bob, order
from tests.delivery.history import facts_of
from tests.in_memory import Cell
from tests.projections.conftest import Model
from tests.recon_desk import Recon
from tests.shop import Shop

ALL = (clearing.PROJECTION, bill_days.PROJECTION, breaks.PROJECTION)


@pytest.fixture
def cell() -> Cell:
    """Two payments; a date with a match, a break that two people resolved in part, and a row that waits."""
    cell = Cell()
    shop = Shop(cell)
    for who in (ann, bob):
        shop.pays(shop.buys_alone(who).order_id)
    day = Recon(cell)
    day.begins(trade=2)
    day.matches(1)
    broken = day.breaks()
    cell.ask(ActOnBreak(broken.break_id, "ASK_CHANNEL", "not paid"))
    wish = day.proposes(broken, "order_found", 60_00, order_id=order(2))
    cell.ask(ApproveBreak(broken.break_id, wish.proposal_id, wish.shown), by="bob")
    day.waits(3)
    return cell


@pytest.mark.parametrize("batch", [1, 3])
async def test_batches_do_not_show(model: Model, cell: Cell, batch: int) -> None:
    facts = facts_of(cell)
    digests = []
    for size in (1000, batch):
        for projection in ALL:
            for table in projection.tables:
                await model.tx.execute(f"truncate {table}")
            await model.given(projection, facts, size)
        digests.append([await model.digest(projection) for projection in ALL])
    assert digests[0] == digests[1]


async def test_a_capture_is_a_row_that_waits_for_its_line(model: Model, cell: Cell) -> None:
    await model.given(clearing.PROJECTION, facts_of(cell))
    rows = await model.rows("select kind, amount_fen, fee_fen, net_fen, code from clearing_v1")
    assert rows == [("pay", 1290, 8, 1282, None)] * 2


async def test_a_break_keeps_what_is_left_of_it(model: Model, cell: Cell) -> None:
    await model.given(breaks.PROJECTION, facts_of(cell))
    rows = await model.rows(
        "select opened_long_fen, long_fen, decided, closed, jsonb_array_length(postings), rules from breaks_v1"
    )
    assert rows == [
        (69_58, 9_58, "approved: order_found", None, 1, ["ASK_CHANNEL v1: not paid"]),
    ]


async def test_a_date_adds_up_what_happened_on_it(model: Model, cell: Cell) -> None:
    await model.given(bill_days.PROJECTION, facts_of(cell), 1)
    rows = await model.rows("select matched, pending, broken, pays_fen, fees_fen from bill_days_v1")
    assert rows == [(1, 1, 1, 70_00, 42)]
    lines = await model.rows("select code, side, line from bill_day_lines_v1 order by position")
    assert lines == [
        ("MATCHED", "trade", 1), ("CHANNEL_ONLY_PAY", "trade", 2), ("PENDING_CUTOFF", "ledger", None),
    ]  # fmt: skip
