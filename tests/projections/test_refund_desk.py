"""What the desk shows of refunds is what the refunds are, attempt by attempt."""

import random
from datetime import timedelta
from typing import Any, Literal

import pytest

from commands.approve_resolution import ApproveResolution
from commands.confirm_refund_by_bill import ConfirmRefundByBill
from commands.decline_resolution import DeclineResolution
from commands.processes.refund_buyers import REFUND_BUYERS
from commands.propose_refund import ProposeRefund
from commands.propose_resolution import ProposeResolution
from domain.display import RefundStatus
from domain.errors import Rejected
from domain.events.order import OrderPaid, RefundOwed
from domain.events.refund import (
    RefundAttemptInDoubt,
    RefundAttemptRejected,
    RefundAttemptStarted,
)
from domain.refund import REFUND, Refund
from projections import refund_desk
from tests.builders import bob, cat, dan
from tests.delivery.history import facts_of
from tests.in_memory import Cell
from tests.processes.desk import Desk
from tests.processes.enemy import EnemyChannel
from tests.processes.test_refund_buyers import failed_group
from tests.projections.conftest import Model
from tests.shop import Shop

WEEK = timedelta(days=7)
ACTIONS: tuple[Literal["retry", "reissue", "return", "paid_elsewhere", "keep"], ...] = (
    "retry",
    "reissue",
    "return",
    "paid_elsewhere",
    "keep",
)


async def lived(seed: int) -> tuple[Cell, Shop]:
    """A failed group at an enemy's hands, and people who decide about what is left over."""
    dice = random.Random(seed)
    cell, shop = failed_group(5)
    ends = dice.choice((("succeeded", "closed"), ("closed",), ("abnormal", "succeeded")))
    channel = EnemyChannel(cell, dice, chaos=0.4, ends=ends)
    desk = Desk(cell, REFUND_BUYERS, channel, dice, kills=0.1)
    bought = shop.buys_alone(bob)
    shop.pays(bought.order_id)
    cell.ask(ProposeRefund(bought.order_id, 300, "破损"), by=cat)
    await desk.run(timedelta(minutes=dice.choice((1, 3, 10, 100))))
    for _ in range(4):
        for refund_id in list(cell.streams):
            if cell.streams[refund_id][0] is REFUND:
                decide(cell, refund_id, dice)
        await desk.run(dice.choice((timedelta(minutes=5), WEEK)))
    return cell, shop


def decide(cell: Cell, refund_id: Any, dice: random.Random) -> None:
    """Whatever two people may do with a refund now."""
    refund: Refund = cell.state(REFUND, refund_id)
    try:
        if refund.proposal is None:
            action = dice.choice(ACTIONS)
            cell.ask(ProposeResolution(refund_id, action, "处理", "回单 77"), by=cat)
        elif dice.random() < 0.7:
            seen = refund.proposal.shown
            cell.ask(ApproveResolution(refund_id, refund.proposal.id, seen), by=dan)
        else:
            cell.ask(DeclineResolution(refund_id, refund.proposal.id, "不同意"), by=dan)
        cell.ask(ConfirmRefundByBill(refund_id, refund.number, f"{dice.random():064.0f}", 7))
    except Rejected:
        pass  # not now; the state says why


@pytest.mark.parametrize("seed", range(12))
async def test_the_desk_agrees_with_the_domain(model: Model, seed: int) -> None:
    cell, _ = await lived(seed)
    await model.given(
        refund_desk.PROJECTION, facts_of(cell), batch=random.Random(seed).choice((1, 7, 500))
    )
    refunds = {id: state for id, (kind, state, _) in cell.streams.items() if kind is REFUND}
    rows = await model.rows(
        "select refund_id, status, trouble, escalated_at is not null, coalesce(number, ''), attempts,"
        " proposal_id, proposal_shown, generation, ended_at is not null, amount_fen from refund_desk_v1"
    )
    assert {row[0]: row[1:] for row in rows} == {
        id: (
            state.status,
            state.trouble,
            state.trouble is not None,
            state.number if state.attempt else "",
            state.attempt,
            shown_proposal(state) and shown_proposal(state).id,
            shown_proposal(state) and shown_proposal(state).shown,
            state.generation,
            state.status in ("SUCCEEDED", "PAID_ELSEWHERE", "DECLINED"),
            state.amount.fen,
        )
        for id, state in refunds.items()
    }


def shown_proposal(refund: Refund) -> Any:
    """The proposal that is open for an answer: an agreed one only waits to be carried out."""
    agreed = refund.status is RefundStatus.CLOSED and refund.trouble is None
    return None if agreed else refund.proposal


async def test_every_call_stands_there_with_its_outcome(model: Model) -> None:
    cell, _ = await lived(3)
    await model.given(refund_desk.PROJECTION, facts_of(cell), batch=11)
    started = cell.happened(RefundAttemptStarted)
    rows = await model.rows(
        "select refund_id, attempt, number, worker, outcome, code from refund_attempts_v1"
        " order by started_at, refund_id"
    )
    assert {(row[0], row[1], row[2], row[3]) for row in rows} == {
        (it.refund_id, it.attempt, it.number, it.worker) for it in started
    }
    doubts = {(it.refund_id, it.attempt): it.cause for it in cell.happened(RefundAttemptInDoubt)}
    noes = {(it.refund_id, it.attempt): it.code for it in cell.happened(RefundAttemptRejected)}
    assert len(doubts) > 3
    assert {(row[0], row[1]): row[5] for row in rows if row[5]} == doubts | noes
    assert {row[4] for row in rows} >= {"accepted", "in_doubt", "rejected"}


async def test_a_refund_that_nobody_touched_waits_for_its_first_call(model: Model) -> None:
    cell, _ = failed_group(1)
    await model.given(refund_desk.PROJECTION, facts_of(cell))
    (debt,) = cell.happened(RefundOwed)
    (paid,) = cell.happened(OrderPaid)
    (row,) = await model.rows(
        "select refund_id, status, why, paid_fen, number, ended_at from refund_desk_v1"
    )
    assert row == (debt.refund_id, "WAITING", "group_failed", paid.amount.fen, None, None)
    assert await model.rows("select * from refund_attempts_v1") == []
