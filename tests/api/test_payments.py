"""Paying over HTTP: every step may fail or be repeated, and the money is asked for once."""

from typing import Any

import httpx
import msgspec
import pytest

from commands.api.payments import CASHIER
from commands.ports import (
    Answer,
    ChannelInDoubt,
    ChannelPayment,
    ChannelRefused,
    Overloaded,
    Submission,
)
from domain.money import Money
from tests.api.edge import ANN, ORDER, code_of, no, token
from tests.api.shop import BODY, CAPTURED, OPENID, PAYMENT, STARTED, Shop, decided


@pytest.fixture
def shop() -> Shop:
    return Shop()


async def test_a_buyer_gets_what_opens_the_channel_s_cashier(shop: Shop) -> None:
    response = await shop.pay()
    assert response.status_code == 200
    assert response.json() == {
        "payment_id": str(PAYMENT),
        "parameters": {"package": "prepay_id=wx1"},
    }
    (asked,) = shop.channel.asked
    assert asked["out_trade_no"] == PAYMENT.hex
    assert (asked["amount"], asked["payer"]) == (Money(1990), OPENID)
    assert asked["expires_at"] == STARTED.expires_at


async def test_what_is_recorded_holds_the_payer_sealed_only(shop: Shop) -> None:
    await shop.pay()
    (start,) = shop.submitted("start_payment")
    assert OPENID.encode() not in start.body
    assert msgspec.json.decode(start.body)["payer"] == f"sealed-1-for-{ANN}"
    assert (start.tenant, start.principal, start.idempotency_key) == ("demo", ANN, "k1")


async def test_the_platform_itself_records_the_channel_s_answer(shop: Shop) -> None:
    await shop.pay()
    (start,), (prepay,) = shop.submitted("start_payment"), shop.submitted("record_prepay")
    assert (prepay.tenant, prepay.principal) == ("demo", CASHIER)
    assert msgspec.json.decode(prepay.body) == {"payment_id": str(PAYMENT), "prepay_id": "wx1"}
    assert prepay.causation_id == start.command_id


async def test_a_repeat_is_the_same_request_though_the_seal_differs(shop: Shop) -> None:
    first, again = await shop.pay(), await shop.pay()
    assert (first.status_code, again.status_code) == (200, 200)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["tuan-command-id"] == first.headers["tuan-command-id"]
    assert {one["out_trade_no"] for one in shop.channel.asked} == {PAYMENT.hex}


async def test_another_payer_under_the_same_key_is_another_request(shop: Shop) -> None:
    await shop.pay()
    assert code_of(await shop.pay({**BODY, "openid": "o-other"})) == (422, "idempotency_key_reused")


async def test_in_doubt_the_client_is_asked_to_repeat_and_arrives(shop: Shop) -> None:
    shop.channel.trouble = ChannelInDoubt("timeout")
    response = await shop.pay()
    assert code_of(response) == (503, "channel_in_doubt")
    assert int(response.headers["retry-after"]) > 0
    assert not shop.submitted("record_prepay")
    shop.channel.trouble = None
    assert (await shop.pay()).status_code == 200


async def test_a_final_no_of_the_channel_is_told(shop: Shop) -> None:
    shop.channel.trouble = ChannelRefused("OUT_TRADE_NO_USED", "paid already")
    response = await shop.pay()
    assert code_of(response) == (409, "channel_refused")
    assert response.json()["channel_code"] == "OUT_TRADE_NO_USED"


async def test_an_order_that_cannot_be_paid_never_reaches_the_channel(shop: Shop) -> None:
    shop.edge.engine.decide = no("order_not_payable")
    assert code_of(await shop.pay()) == (409, "order_not_payable")
    assert not shop.channel.asked


@pytest.mark.parametrize(
    ("body", "answer"),
    [
        ({**BODY, "channel": "barter"}, (422, "channel_unknown")),
        ({**BODY, "openid": ""}, (422, "invalid_body")),
        ({**BODY, "openid": "x" * 65}, (422, "invalid_body")),
        ({**BODY, "openid": "a\0b"}, (422, "invalid_body")),
        ({**BODY, "amount": 1}, (422, "invalid_body")),
        ({"order_id": ORDER}, (422, "invalid_body")),
    ],
)
async def test_a_wrong_request_changes_nothing(
    shop: Shop, body: Any, answer: tuple[int, str]
) -> None:
    assert code_of(await shop.pay(body)) == answer
    assert not shop.edge.engine.got


async def test_other_tenants_have_no_account_here(shop: Shop) -> None:
    response = await shop.pay(who=token("shop", tenant="rival"))
    assert code_of(response) == (422, "channel_unknown")


async def test_on_a_gateway_both_commands_go_to_the_owner(shop: Shop) -> None:
    shop.edge.engine.moved("http://owner:1")
    there = shop.edge.elsewhere

    async def submit(address: str, submission: Submission) -> Answer:
        there.submitted.append((address, submission))
        return decided(submission)

    there.submit = submit  # type: ignore[method-assign]
    assert (await shop.pay()).status_code == 200
    assert [(address, one.name) for address, one in there.submitted] == [
        ("http://owner:1", "start_payment"),
        ("http://owner:1", "record_prepay"),
    ]


async def test_while_no_payer_can_be_sealed_nothing_is_started(shop: Shop) -> None:
    async def away(tenant: str, subject: str, plaintext: str) -> str:
        raise Overloaded(1)

    shop.cashier.vault.seal = away  # type: ignore[method-assign]
    response = await shop.pay()
    assert code_of(response) == (503, "overloaded")
    assert response.headers["retry-after"] == "1"
    assert not shop.edge.engine.got


async def test_without_an_owner_nothing_is_asked_of_the_channel(shop: Shop) -> None:
    shop.edge.engine.moved("")
    assert code_of(await shop.pay()) == (503, "no_owner")
    assert not shop.channel.asked


# --- what the channel tells us ------------------------------------------------------------------


async def test_a_capture_is_recorded_before_it_is_acknowledged(shop: Shop) -> None:
    assert (await shop.notify()).status_code == 204
    (capture,) = shop.submitted("record_capture")
    assert (capture.tenant, capture.principal) == ("demo", "channel:wechatpay")
    assert msgspec.json.decode(capture.body) == {
        "payment_id": str(PAYMENT),
        "transaction_id": "4200001",
        "amount_fen": 1990,
        "paid_at": "2026-11-22T12:00:00Z",
        "asked": False,
    }


async def test_a_repeated_capture_is_one_command(shop: Shop) -> None:
    assert [(await shop.notify()).status_code for _ in range(3)] == [204] * 3
    assert len({one.idempotency_key for one in shop.submitted("record_capture")}) == 1


def failing(response: httpx.Response) -> tuple[int, str]:
    assert response.headers["content-type"] == "application/json"
    return response.status_code, response.json()["code"]


async def test_an_unproven_message_is_refused(shop: Shop) -> None:
    assert failing(await shop.notify(signature="forged")) == (401, "FAIL")
    assert not shop.edge.engine.got


@pytest.mark.parametrize("path", ["wechatpay/rival", "barter/demo", "wechatpay/DEMO%00"])
async def test_a_message_for_nobody_is_refused(shop: Shop, path: str) -> None:
    assert failing(await shop.notify(f"/v1/notifications/{path}")) == (404, "FAIL")


@pytest.mark.parametrize("outcome", ["payment_not_found", "error"])
async def test_a_capture_that_was_not_recorded_is_never_acknowledged(
    shop: Shop, outcome: str
) -> None:
    shop.edge.engine.decide = no(outcome)
    assert failing(await shop.notify()) == (500, "FAIL")


async def test_a_capture_refused_once_is_decided_anew_when_the_channel_repeats_it(
    shop: Shop,
) -> None:
    shop.edge.engine.decide = no("error")
    await shop.notify()
    shop.edge.engine.decide = decided
    assert (await shop.notify()).status_code == 204
    assert (await shop.notify()).status_code == 204


@pytest.mark.parametrize("trouble", ["busy", "moved"])
async def test_a_capture_that_cannot_be_decided_now_is_asked_for_again(
    shop: Shop, trouble: str
) -> None:
    shop.edge.engine.busy(1) if trouble == "busy" else shop.edge.engine.moved("")
    assert failing(await shop.notify()) == (500, "FAIL")


@pytest.mark.parametrize(
    "says",
    [
        CAPTURED._replace(out_trade_no="not-a-uuid"),
        CAPTURED._replace(amount=None),
        CAPTURED._replace(paid_at=None),
        CAPTURED._replace(transaction_id=""),
        CAPTURED._replace(transaction_id="x" * 200),
    ],
    ids=["number", "amount", "time", "transaction", "long transaction"],
)
async def test_what_cannot_be_a_payment_of_ours_is_not_swallowed(
    shop: Shop, says: ChannelPayment
) -> None:
    shop.channel.says = says
    assert failing(await shop.notify()) == (500, "FAIL")
    assert not shop.edge.engine.got
