"""The desk of payouts shows what the payouts themselves say, however the log is cut."""

import random
from datetime import timedelta
from typing import Any

import pytest

from commands.processes.pay_out import PAY_OUT
from commands.propose_payout_resolution import ProposePayoutResolution
from domain.payout import PAYOUT, Status
from projections import funds_due, payout_desk
from tests.builders import DAY
from tests.delivery.history import facts_of
from tests.processes.desk import Desk
from tests.processes.test_pay_out import world
from tests.projections.conftest import Model

QUERY = """
select payout_id, status, trouble, generation, attempts, amount_fen, proposal_id is not null
from payout_desk_v1"""


@pytest.mark.parametrize("batch", [1, 7, 1000])
@pytest.mark.parametrize("seed", range(3))
async def test_rows_say_what_the_aggregates_say(model: Model, seed: int, batch: int) -> None:
    dice = random.Random(seed)
    cell, channel, ids = world(12, dice, chaos=0.5, ends=("confirmed", "failed"))
    desk = Desk(cell, PAY_OUT, channel, dice)
    await desk.run(timedelta(minutes=dice.choice((3, 90, 4000))))
    for id in ids:
        if cell.state(PAYOUT, id).trouble and dice.random() < 0.5:
            cell.ask(ProposePayoutResolution(id, "reissue", ""), by="cat")
    await model.given(payout_desk.PROJECTION, facts_of(cell), batch)
    rows = {row[0]: row[1:] for row in await model.rows(QUERY)}
    assert rows.keys() == set(ids)
    for id, row in rows.items():
        state = cell.state(PAYOUT, id)
        expected = (
            state.status,
            state.trouble,
            state.generation,
            state.asking.attempt,
            state.amount.fen,
            state.proposal is not None,
        )
        assert row == expected


async def test_what_falls_due_is_what_is_not_confirmed(model: Model) -> None:
    dice = random.Random(5)
    cell, channel, ids = world(8, dice, chaos=0.3, ends=("confirmed", "failed"))
    await Desk(cell, PAY_OUT, channel, dice).run(30 * DAY)
    await model.given(funds_due.PROJECTION, facts_of(cell))
    rows: list[Any] = await model.rows("select id, fen from funds_due_v1 where not over")
    states = {id: cell.state(PAYOUT, id) for id in ids}
    owed = {id: it.amount.fen for id, it in states.items() if it.status is not Status.CONFIRMED}
    assert dict(rows) == owed
    assert 0 < len(owed) < len(ids)
