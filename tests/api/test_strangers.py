"""Every id of one tenant, tried by another on every route: there is no such thing. On the real engine."""

from collections.abc import AsyncIterator
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import pytest
from msgspec import inspect

from commands.api.examples import example_of
from commands.registry import DECIDERS, USE_CASES
from domain.identity import SCOPES
from domain.ids import PaymentId
from domain.order import refund_id
from tests.api.edge import ANN, BOB, Edge, code_of, token
from tests.builders import NOON, terms
from tests.engine.running import HandClock, Running, running
from tests.servers import Database


class House(NamedTuple):
    """A tenant with one of everything, and the ids of it all by the name of the field that takes them."""

    edge: Edge
    ids: dict[str, Any]
    cell: Running

    def events(self) -> int:
        """How much has ever happened here."""
        count: int = self.cell.one("select count(*) from events")
        return count


async def furnished(edge: Edge) -> dict[str, Any]:
    """Goods, a campaign, a group with two orders and a payment, all of the tenant `demo`."""
    staff, ann, bob = token(*SCOPES), token("shop"), token("shop", subject=BOB)

    async def ask(name: str, body: Any, who: dict[str, str] = staff, key: str = "k1") -> Any:
        response = await edge.post(f"/v1/commands/{name}", body, who=who, key=key)
        assert response.status_code == 200, response.text
        return response.json()

    goods = {"merchant": "tea", "title": "春茶", "list_price_fen": 1990, "fulfilment": "physical"}
    sku = await ask("register_sku", goods)
    pool = await ask(
        "open_pool", {"sku_id": sku["sku_id"], "kind": "warehouse", "location": "广州"}
    )
    stock = {"pool_id": pool["pool_id"], "quantity": 100, "reference": "DN-1"}
    await ask("receive_stock", stock)
    campaign = await ask(
        "launch_campaign",
        {
            "title": "三人团",
            "sku_id": sku["sku_id"],
            "source_pool": pool["pool_id"],
            "terms": msgspec.to_builtins(terms()),
        },
    )
    order = {"campaign_id": campaign["campaign_id"], "province": "44"}
    opened = await ask("open_group", order, ann)
    payer = {"order_id": opened["order_id"], "channel": "wechatpay", "payer": "sealed"}
    payment = await ask("start_payment", payer, token("payment:start"))
    paid = {
        "payment_id": payment["payment_id"],
        "transaction_id": "42",
        "amount_fen": payment["amount_fen"],
        "paid_at": NOON.isoformat(),
    }
    await ask("record_capture", paid)
    await ask("record_capture", paid | {"transaction_id": "43"}, key="k2")  # again: owed back
    refund = str(refund_id(PaymentId(UUID(payment["payment_id"])), "43"))
    step = await ask("advance_refund", {"refund_id": refund, "worker": BOB})
    merchant = await settled(ask)
    earned = await earning(ask, order, paid)
    joining = {"group_id": opened["group_id"], "province": "44"}
    joined = await ask("join_group", joining, bob)
    return {
        "sku_id": sku["sku_id"],
        "pool_id": pool["pool_id"],
        "source_pool": pool["pool_id"],
        "campaign_id": campaign["campaign_id"],
        "group_id": opened["group_id"],
        "order_id": joined["order_id"],
        "paid_order": opened["order_id"],
        "payment_id": payment["payment_id"],
        "refund_id": refund,
        "number": step["number"],
        "worker": BOB,
        "proposal_id": BOB,
        "merchant_id": merchant,
        "earned_order": earned,
    }


async def earning(ask: Any, order: dict[str, Any], paid: dict[str, Any]) -> str:
    """An order that a merchant earned with."""
    alone = await ask("buy_alone", order, token("shop", subject=BOB))
    payer = {"order_id": alone["order_id"], "channel": "wechatpay", "payer": "sealed"}
    bought = await ask("start_payment", payer, token("payment:start", subject=BOB), "k2")
    money = {"payment_id": bought["payment_id"], "amount_fen": bought["amount_fen"]}
    await ask("record_capture", paid | money | {"transaction_id": "44"}, key="k3")
    assert (await ask("recognise_earning", {"order_id": alone["order_id"]}))["recognised"]
    return str(alone["order_id"])


async def settled(ask: Any) -> str:
    """A merchant whose sales are earned as they are made."""
    who = {"merchant": "tea", "name": "茶", "self_operated": False, "route": "bank_file"}
    merchant: str = (await ask("onboard_merchant", who | {"payee": "sealed"}))["merchant_id"]
    rules = [{"category": "", "tiers": [{"from_volume": {"fen": 0}, "rate_bp": 1000}]}]
    terms = {"rules": rules, "vat_rate_bp": 600, "settle_days": 1, "period": "day"}
    await ask("sign_agreement", {"merchant_id": merchant} | terms)
    books = {"subsidy_as": "expense", "accounting": "agent", "money_mode": "split"}
    await ask("set_book_policy", {"merchant_id": merchant, "recognise_at": "sale"} | books)
    return merchant


@pytest.fixture
async def house(fresh_database: Database) -> AsyncIterator[House]:
    clock = HandClock(NOON)
    async with running(
        fresh_database.dsn, clock=clock, use_cases=USE_CASES, deciders=DECIDERS
    ) as cell:
        edge = Edge()
        edge.counter = edge.counter._replace(submitter=cell.engine)
        yield House(edge, await furnished(edge), cell)


def naming(ids: dict[str, Any], name: str) -> dict[str, Any]:
    """The body of a command with every id in it being one of these."""
    body: dict[str, Any] = example_of(USE_CASES[name].command)
    info = inspect.type_info(USE_CASES[name].command)
    assert isinstance(info, inspect.StructType)
    for field in info.fields:
        if isinstance(field.type, inspect.UUIDType) or field.name == "number":
            body[field.name] = ids[field.name]
    if name in OF_WHAT_WAS_EARNED:
        body["order_id"] = ids["earned_order"]
    return body


def takes_ids(name: str) -> bool:
    info = inspect.type_info(USE_CASES[name].command)
    assert isinstance(info, inspect.StructType)
    return any(isinstance(field.type, inspect.UUIDType) for field in info.fields)


ASKED = [one.name for one in USE_CASES.values() if one.scope]
WITH_IDS = [name for name in ASKED if takes_ids(name)]
OF_WHAT_WAS_EARNED = frozenset({"propose_adjustment", "approve_adjustment", "decline_adjustment"})
OF_ONE_BUYER = ("start_payment", "cancel_order", "withdraw_order")


def test_only_what_makes_something_new_takes_no_id() -> None:
    assert set(ASKED) - set(WITH_IDS) == {"register_sku", "onboard_merchant"}


@pytest.mark.parametrize("subject", [ANN, BOB, "0193535a-0000-7000-8000-00000000000c"])
async def test_another_tenant_finds_nothing_by_any_id(house: House, subject: str) -> None:
    rival = token(*SCOPES, tenant="rival", subject=subject)
    before = house.events()
    for name in WITH_IDS:
        body = naming(house.ids, name)
        response = await house.edge.post(f"/v1/commands/{name}", body, key=name, who=rival)
        assert response.status_code == 404, (name, response.text)
        assert str(house.ids) not in response.text
    assert house.events() == before


@pytest.mark.parametrize("subject", [ANN, "0193535a-0000-7000-8000-00000000000c"])
async def test_another_buyer_finds_no_order_but_their_own(house: House, subject: str) -> None:
    before = house.events()
    for name in OF_ONE_BUYER:
        body = naming(house.ids, name)
        stranger = token("shop", "payment:start", subject=subject)
        response = await house.edge.post(f"/v1/commands/{name}", body, key=name, who=stranger)
        assert code_of(response) == (404, "order_not_found"), name
    assert house.events() == before


async def test_a_shopper_cannot_start_a_payment_past_the_cashier(house: House) -> None:
    """Only the cashier's route seals the payer; a client's own words would be stored in the clear."""
    body = naming(house.ids, "start_payment")
    response = await house.edge.post("/v1/commands/start_payment", body, who=token("shop"))
    assert code_of(response) == (403, "scope_missing")


async def test_the_owner_does_find_them(house: House) -> None:
    """The same bodies from the right caller: so it is the caller that makes the difference."""
    house.ids["order_id"] = house.ids["paid_order"]
    for name in WITH_IDS:
        who = token(*SCOPES, subject=ANN)
        body = naming(house.ids, name)
        response = await house.edge.post(f"/v1/commands/{name}", body, key=f"own-{name}", who=who)
        assert response.status_code in (200, 409), (name, response.text)


async def test_a_rival_s_key_is_not_the_tenant_s_key(house: House) -> None:
    """The same idempotency key of another tenant, even with the same subject, is another request."""
    goods = {"merchant": "tea", "title": "春茶", "list_price_fen": 1990, "fulfilment": "physical"}
    rival = token("catalog:write", tenant="rival", subject=ANN)
    response = await house.edge.post("/v1/commands/register_sku", goods, who=rival)
    assert response.status_code == 200
    assert "idempotency-replayed" not in response.headers
    assert response.json()["sku_id"] != house.ids["sku_id"]
