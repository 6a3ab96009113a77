"""Onboarding a merchant over HTTP: its account is sealed before anything is stored."""

from typing import Any

import httpx
import msgspec
import pytest

from commands.api.onboarding import onboarding_route
from commands.ports import Answer, Overloaded, Submission
from commands.settling import MerchantState
from domain.ids import merchant_id
from tests.api.edge import ANN, Edge, accepted, code_of, token
from tests.api.shop import Sealing

ACCOUNT = "6222 0212 3456"
BODY = {
    "merchant": "tea-house",
    "name": "春茶坊",
    "self_operated": False,
    "route": "bank_file",
    "account": ACCOUNT,
}
TEA_HOUSE = merchant_id("demo", "tea-house")


class Desk:
    """The edge with the route for onboarding."""

    def __init__(self) -> None:
        self.edge = Edge()
        self.edge.engine.decide = decided
        self.vault = Sealing()

    async def onboard(self, key: str = "k1", **changes: Any) -> httpx.Response:
        others = (onboarding_route(self.edge.counter, self.vault),)
        who = token("merchant:write")
        return await self.edge.post(
            "/v1/onboarding", BODY | changes, key=key, others=others, who=who
        )


@pytest.fixture
def desk() -> Desk:
    return Desk()


async def test_what_is_recorded_holds_the_account_sealed_only(desk: Desk) -> None:
    answer = await desk.onboard()
    assert answer.status_code == 200
    assert answer.json() == {"merchant_id": str(TEA_HOUSE)}
    (onboard,) = desk.edge.engine.got
    assert ACCOUNT.encode() not in onboard.body
    assert msgspec.json.decode(onboard.body)["payee"] == f"sealed-1-for-{TEA_HOUSE}"
    assert (onboard.name, onboard.principal) == ("onboard_merchant", ANN)


async def test_a_repeat_is_the_same_request_though_the_seal_differs(desk: Desk) -> None:
    first, again = await desk.onboard(), await desk.onboard()
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["tuan-command-id"] == first.headers["tuan-command-id"]
    assert code_of(await desk.onboard(account="6222 9999")) == (422, "idempotency_key_reused")


async def test_without_the_key_nothing_is_recorded(desk: Desk, monkeypatch: Any) -> None:
    async def away(*_: object) -> str:
        raise Overloaded(1)

    monkeypatch.setattr(desk.vault, "seal", away)
    assert (await desk.onboard()).status_code == 503
    assert desk.edge.engine.got == []


async def test_a_route_that_is_none_is_no_request(desk: Desk) -> None:
    assert (await desk.onboard(route="cash")).status_code == 422


def decided(submission: Submission) -> Answer:
    return accepted(submission, msgspec.json.encode(MerchantState(TEA_HOUSE)))
