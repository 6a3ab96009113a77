"""What the channel tells of refunds, and of payments with an unlikely amount: recorded, asked about, or refused."""

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from commands.ports import Answer, ChannelInDoubt, ChannelPayment, ChannelRefund, Submission
from domain.ids import RefundId
from domain.money import Money
from domain.refund_numbers import out_refund_no
from tests.api.edge import NOON, accepted
from tests.api.shop import CAPTURED, Shop, decided

REFUND = RefundId(UUID("0193535a-0000-7000-8000-0000000000e1"))
NUMBER = out_refund_no(REFUND, 0)
ARRIVED = ChannelRefund(NUMBER, "succeeded", "5030", "4200001", Money(1990), "支付用户零钱", NOON)
LIE = CAPTURED._replace(amount=Money(1))


@pytest.fixture
def shop() -> Shop:
    return Shop()


def unproven(submission: Submission) -> Answer:
    """The engine of a payment of 1990 fen."""
    command = msgspec.json.decode(submission.body)
    outcome = "accepted" if command["amount_fen"] == 1990 or command["asked"] else "amount_unproven"
    return accepted(submission, b"{}")._replace(outcome=outcome)


async def test_a_refund_is_heard_before_it_is_acknowledged(shop: Shop) -> None:
    shop.channel.says = ARRIVED
    assert (await shop.notify()).status_code == 204
    (heard,) = shop.submitted("hear_refund")
    assert (heard.tenant, heard.principal) == ("demo", "channel:wechatpay")
    assert msgspec.json.decode(heard.body) == {
        "refund_id": str(REFUND),
        "number": NUMBER,
        "seen": "succeeded",
        "evidence": "notification",
        "channel_refund_id": "5030",
        "amount_fen": 1990,
        "received_by": "支付用户零钱",
        "accepted_at": None,
        "succeeded_at": "2026-11-22T12:00:00Z",
    }


async def test_the_same_word_again_is_the_same_command_and_another_word_is_another(
    shop: Shop,
) -> None:
    words = [
        ARRIVED,
        ARRIVED,
        ARRIVED._replace(state="closed", succeeded_at=None),
        ARRIVED._replace(amount=Money(1)),
        ARRIVED._replace(succeeded_at=NOON + timedelta(seconds=1)),
    ]
    for shop.channel.says in words:
        assert (await shop.notify()).status_code == 204
    keys = [one.idempotency_key for one in shop.submitted("hear_refund")]
    assert keys[0] == keys[1]
    assert len(set(keys)) == 4


@pytest.mark.parametrize(
    "number", ["", "4200001", NUMBER[:32], f"{NUMBER[:32]}-1", "z" * 32 + "00"]
)
async def test_a_refund_number_that_is_none_of_ours_is_not_swallowed(
    shop: Shop, number: str
) -> None:
    shop.channel.says = ARRIVED._replace(out_refund_no=number)
    assert (await shop.notify()).status_code == 500
    assert not shop.edge.engine.got


async def test_a_refund_that_was_not_recorded_is_never_acknowledged(shop: Shop) -> None:
    shop.channel.says = ARRIVED
    shop.edge.engine.decide = lambda one: accepted(one, b"{}")._replace(outcome="refund_not_found")
    assert (await shop.notify()).status_code == 500
    shop.edge.engine.decide = decided
    assert (await shop.notify()).status_code == 204


async def test_an_unlikely_amount_is_believed_only_as_the_channel_answers(shop: Shop) -> None:
    shop.edge.engine.decide = unproven
    shop.channel.says = LIE
    assert (await shop.notify()).status_code == 204
    assert shop.channel.asked_about == [CAPTURED.out_trade_no]
    bodies = [msgspec.json.decode(one.body) for one in shop.submitted("record_capture")]
    assert [(body["amount_fen"], body["asked"]) for body in bodies] == [(1, False), (1990, True)]
    shop.channel.says = CAPTURED  # and the truth, told later, finds no key in its way
    assert (await shop.notify()).status_code == 204


async def test_an_unlikely_amount_waits_while_the_channel_is_in_doubt(shop: Shop) -> None:
    shop.edge.engine.decide = unproven
    shop.channel.says, shop.channel.trouble = LIE, ChannelInDoubt("timeout", "timeout")
    assert (await shop.notify()).status_code == 500
    shop.channel.trouble = None
    assert (await shop.notify()).status_code == 204


async def test_a_payment_that_the_channel_denies_when_asked_is_not_recorded(shop: Shop) -> None:
    shop.edge.engine.decide = unproven
    shop.channel.says, shop.channel.answers = LIE, ChannelPayment(LIE.out_trade_no, "not_paid")
    assert (await shop.notify()).status_code == 500
    assert len(shop.submitted("record_capture")) == 1
