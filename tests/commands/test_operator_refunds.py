"""An operator gives a buyer's money back, in whole or part: one wishes, another agrees, nothing moves before."""

import pytest

from commands.advance_refund import AdvanceRefund
from commands.decline_resolution import DeclineResolution
from commands.propose_refund import ProposedResolution
from commands.record_refund_rejection import RecordRefundRejection
from domain.debts import OrderNotRefundable, RefundOverPaid
from domain.display import OrderStatus
from domain.events.order import QuotaReturned, RefundOwed
from domain.events.stock import StockReturned
from domain.four_eyes import ProposalPending, ProposalStale, ProposalUnknown, SamePerson
from domain.ids import ProposalId, RefundId
from domain.order import OrderNotFound
from domain.refund import RefundNotFound, Status
from domain.refund_desk import (
    ActionUnsafe,
    CallMayBeUnderWay,
    NothingToDecide,
    ReferenceMissing,
)
from tests.builders import ann, bob, cat, dan, order
from tests.in_memory import Cell
from tests.refund_desk import agrees, proposes, wishes
from tests.shop import Shop

SHOWN = "0" * 64


@pytest.fixture
def shop() -> Shop:
    return Shop(Cell(paranoid=True), seats=2)


def test_part_of_a_ready_order_is_refunded_and_the_order_goes_on(shop: Shop) -> None:
    bought = shop.buys_alone(ann)
    shop.pays(bought.order_id)
    wish = wishes(shop, bought.order_id, 300)
    assert shop.owed() == []
    assert agrees(shop, wish) is Status.WAITING
    assert shop.owed() == [(bought.order_id, 300, "operator")]
    shop.repays()
    assert shop.status(bought.order_id) is OrderStatus.READY
    assert shop.cell.happened(QuotaReturned, StockReturned) == []


def test_the_rest_ends_the_order_and_gives_quota_and_units_back(shop: Shop) -> None:
    bought = shop.buys_alone(ann)
    shop.pays(bought.order_id)
    sold = shop.pool().sold
    for fen in (300, 990):
        agrees(shop, wishes(shop, bought.order_id, fen))
        shop.cell.wait(minutes=2)
        shop.repays()
    assert shop.status(bought.order_id) is OrderStatus.REFUNDED
    assert (shop.units_of(ann), shop.pool().sold) == (0, sold - 1)


def test_units_come_home_when_the_campaign_is_over(shop: Shop) -> None:
    bought = shop.buys_alone(ann)
    shop.pays(bought.order_id)
    shop.ends()
    free = shop.warehouse().received
    agrees(shop, wishes(shop, bought.order_id, 1290))
    assert shop.warehouse().received == free + 1


def test_never_more_than_was_paid(shop: Shop) -> None:
    bought = shop.buys_alone(ann)
    shop.pays(bought.order_id)
    with pytest.raises(RefundOverPaid) as refusal:
        wishes(shop, bought.order_id, 1291)
    assert refusal.value.facts == {"left_fen": 1290}
    first, second = (wishes(shop, bought.order_id, 1000) for _ in range(2))
    agrees(shop, first)
    with pytest.raises(RefundOverPaid):
        agrees(shop, second)
    assert [debt[1] for debt in shop.owed()] == [1000]


def test_only_a_ready_order_is_refunded_by_hand(shop: Shop) -> None:
    opened = shop.opens_and_pays(ann)
    with pytest.raises(OrderNotRefundable):
        wishes(shop, opened.order_id, 1)
    with pytest.raises(OrderNotFound):
        wishes(shop, order(1), 1)


def test_who_proposed_does_not_approve(shop: Shop) -> None:
    bought = shop.buys_alone(ann)
    shop.pays(bought.order_id)
    wish = wishes(shop, bought.order_id, 300)
    with pytest.raises(SamePerson):
        agrees(shop, wish, by=cat)
    with pytest.raises(ProposalStale):
        agrees(shop, wish, shown=SHOWN)
    with pytest.raises(ProposalUnknown):
        agrees(shop, ProposedResolution(wish.refund_id, ProposalId(order(7)), wish.shown))
    assert shop.cell.happened(RefundOwed) == []


def test_a_declined_wish_is_over(shop: Shop) -> None:
    bought = shop.buys_alone(ann)
    shop.pays(bought.order_id)
    wish = wishes(shop, bought.order_id, 300)
    no = DeclineResolution(wish.refund_id, wish.proposal_id, "照片不符")
    assert shop.cell.ask(no, by=dan).status is Status.DECLINED
    with pytest.raises(ProposalUnknown):
        agrees(shop, wish)
    assert shop.cell.happened(RefundOwed) == []


def abnormal(shop: Shop) -> RefundId:
    """A refund that the buyer's account does not take."""
    opened = shop.opens_and_pays(ann)
    shop.withdraws(opened.order_id)
    shop.repays(seen="abnormal")
    (debt,) = shop.cell.happened(RefundOwed)
    assert shop.status(opened.order_id) is OrderStatus.REFUND_ATTENTION
    refund_id: RefundId = debt.refund_id
    return refund_id


def test_an_abnormal_refund_comes_back_to_us_and_is_paid_by_another_route(shop: Shop) -> None:
    refund_id = abnormal(shop)
    for unsafe in ("reissue", "paid_elsewhere", "retry", "keep"):  # the channel still has the money
        with pytest.raises(ActionUnsafe):
            proposes(shop, refund_id, unsafe, reference="R1")
    agrees(shop, proposes(shop, refund_id, "return"))
    step = shop.cell.ask(AdvanceRefund(refund_id, refund_id))
    assert (step.do, step.channel_refund_id) == ("return", shop.refund(refund_id).channel_refund_id)
    no = RecordRefundRejection(refund_id, step.attempt, refund_id, "PARAM_ERROR", "银行卡有误")
    assert shop.cell.ask(no).trouble == "rejected"
    for unsafe in ("reissue", "paid_elsewhere"):
        with pytest.raises(ActionUnsafe):
            proposes(shop, refund_id, unsafe, reference="R1")
    agrees(shop, proposes(shop, refund_id, "retry"))
    shop.cell.ask(AdvanceRefund(refund_id, refund_id))
    shop.hears(refund_id, "processing")
    assert shop.hears(refund_id, "succeeded", "query").status is Status.RETURNED
    proposal = proposes(shop, refund_id, "paid_elsewhere", reference="银行回单 77")
    assert agrees(shop, proposal) is Status.PAID_ELSEWHERE
    (debt,) = shop.cell.happened(RefundOwed)
    assert shop.status(debt.order_id) is OrderStatus.REFUNDED


def test_nobody_decides_about_what_goes_on_by_itself(shop: Shop) -> None:
    opened = shop.opens_and_pays(ann)
    shop.withdraws(opened.order_id)
    (debt,) = shop.cell.happened(RefundOwed)
    with pytest.raises(NothingToDecide):
        proposes(shop, debt.refund_id, "retry")
    with pytest.raises(RefundNotFound):
        proposes(shop, RefundId(order(3)), "retry")


def test_a_rejected_refund_is_decided_by_two(shop: Shop) -> None:
    opened = shop.opens_and_pays(ann)
    shop.withdraws(opened.order_id)
    (debt,) = shop.cell.happened(RefundOwed)
    step = shop.cell.ask(AdvanceRefund(debt.refund_id, bob))
    no = RecordRefundRejection(debt.refund_id, step.attempt, bob, "NO_AUTH", "无权限")
    assert shop.cell.ask(no).trouble == "rejected"
    with pytest.raises(ReferenceMissing):
        proposes(shop, debt.refund_id, "paid_elsewhere")
    proposal = proposes(shop, debt.refund_id, "paid_elsewhere", reference="银行回单 77")
    with pytest.raises(ProposalPending):
        proposes(shop, debt.refund_id, "retry")
    with pytest.raises(
        CallMayBeUnderWay
    ):  # by a worker that sleeps: two minutes to sign, five to live
        agrees(shop, proposal)
    shop.cell.wait(minutes=7)
    assert agrees(shop, proposal) is Status.PAID_ELSEWHERE
    assert shop.status(opened.order_id) is OrderStatus.REFUNDED
