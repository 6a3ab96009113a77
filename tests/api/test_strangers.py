"""Every id of one tenant, tried by another on every route: there is no such thing. On the real engine."""

from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from typing import Any, NamedTuple
from uuid import UUID

import msgspec
import pytest

from commands.api.examples import UUID as NOBODYS
from commands.api.examples import example_of
from commands.reconciling import OfDay
from commands.registry import DECIDERS, USE_CASES
from domain.identity import SCOPES
from domain.ids import PaymentId
from domain.order import refund_id
from tests.api.edge import ANN, BOB, Edge, code_of, token
from tests.builders import NOON, terms
from tests.engine.running import HandClock, Running, running
from tests.servers import Database
from tests.waiting import eventually_async


class House(NamedTuple):
    """A tenant with one of everything, and the ids of it all by the name of the field that takes them."""

    edge: Edge
    ids: dict[str, Any]
    cell: Running

    def events(self) -> int:
        """How much has ever happened here."""
        count: int = self.cell.one("select count(*) from events")
        return count


Ask = Callable[..., Awaitable[Any]]
STAFF, CHECKER = token(*SCOPES), token(*SCOPES, subject=BOB)


async def furnished(edge: Edge, cell: Running, clock: HandClock) -> dict[str, Any]:
    """One of everything, all of the tenant `demo`."""

    async def ask(name: str, body: Any, who: dict[str, str] = STAFF, key: str = "k1") -> Any:
        response = await edge.post(f"/v1/commands/{name}", body, who=who, key=key)
        assert response.status_code == 200, (name, response.text)
        return response.json()

    sold = await shelves(ask)
    merchant = await settled(ask)
    order = {"campaign_id": sold["campaign_id"], "province": "44"}
    earned = await earning(ask, order, clock)
    paid_out = await payout(ask, cell, clock)
    traded = await trade(ask, order, clock)
    for name in sorted(DATED):
        await edge.post(f"/v1/commands/{name}", example(name), who=STAFF, key="dated")
    return {
        **sold,
        **traded,
        **paid_out,
        **await sharing(ask, earned),
        **await differing(ask),
        "worker": BOB,
        "proposal_id": BOB,
        "merchant_id": merchant,
        "earned_order": earned,
    }


async def shelves(ask: Ask) -> dict[str, str]:
    """Goods in stock, and a campaign that sells them."""
    goods = {"merchant": "tea", "title": "春茶", "list_price_fen": 1990, "fulfilment": "physical"}
    sku = (await ask("register_sku", goods))["sku_id"]
    store = {"sku_id": sku, "kind": "warehouse", "location": "广州"}
    pool = (await ask("open_pool", store))["pool_id"]
    await ask("receive_stock", {"pool_id": pool, "quantity": 100, "reference": "DN-1"})
    rules = msgspec.to_builtins(terms())
    campaign = {"title": "三人团", "sku_id": sku, "source_pool": pool, "terms": rules}
    launched = await ask("launch_campaign", campaign)
    return {
        "sku_id": sku,
        "pool_id": pool,
        "source_pool": pool,
        "campaign_id": launched["campaign_id"],
    }


async def trade(ask: Ask, order: dict[str, Any], clock: HandClock) -> dict[str, str]:
    """A group with two orders, one of them paid twice, so that one of its payments goes back."""
    opened = await ask("open_group", order, token("shop"))
    payer = {"order_id": opened["order_id"], "channel": "wechatpay", "payer": "sealed"}
    payment = await ask("start_payment", payer, token("payment:start"))
    paid = {
        "payment_id": payment["payment_id"],
        "transaction_id": "42",
        "amount_fen": payment["amount_fen"],
        "paid_at": clock.now().isoformat(),
    }
    await ask("record_capture", paid)
    await ask("record_capture", paid | {"transaction_id": "43"}, key="k2")  # again: owed back
    refund = str(refund_id(PaymentId(UUID(payment["payment_id"])), "43"))
    step = await ask("advance_refund", {"refund_id": refund, "worker": BOB})
    joining = {"group_id": opened["group_id"], "province": "44"}
    joined = await ask("join_group", joining, token("shop", subject=BOB))
    return {
        "group_id": opened["group_id"],
        "order_id": joined["order_id"],
        "paid_order": opened["order_id"],
        "payment_id": payment["payment_id"],
        "refund_id": refund,
        "number": step["number"],
    }


async def settled(ask: Ask) -> str:
    """A merchant whose sales are earned as they are made, and whose money two people let the platform hold."""
    who = {"merchant": "tea", "name": "茶", "self_operated": False, "route": "bank_file"}
    merchant: str = (await ask("onboard_merchant", who | {"payee": "sealed"}))["merchant_id"]
    rules = [{"category": "", "tiers": [{"from_volume": {"fen": 0}, "rate_bp": 1000}]}]
    terms = {"rules": rules, "vat_rate_bp": 600, "settle_days": 1, "period": "day"}
    it = {"merchant_id": merchant}
    await ask("sign_agreement", it | terms)
    wish = await ask("propose_money_mode", it | {"mode": "platform_collect", "custody": "C-1"})
    agreed = {"proposal_id": wish["proposal_id"], "shown": wish["shown"]}
    await ask("approve_money_mode", it | agreed, CHECKER)
    books = {"subsidy_as": "expense", "accounting": "agent", "money_mode": "platform_collect"}
    await ask("set_book_policy", it | {"recognise_at": "sale"} | books)
    return merchant


async def earning(ask: Ask, order: dict[str, Any], clock: HandClock) -> str:
    """An order that a merchant earned with."""
    alone = await ask("buy_alone", order, token("shop", subject=BOB))
    payer = {"order_id": alone["order_id"], "channel": "wechatpay", "payer": "sealed"}
    bought = await ask("start_payment", payer, token("payment:start", subject=BOB), "k2")
    paid = {
        "payment_id": bought["payment_id"],
        "transaction_id": "44",
        "amount_fen": bought["amount_fen"],
        "paid_at": clock.now().isoformat(),
    }
    await ask("record_capture", paid, key="k3")
    assert (await ask("recognise_earning", {"order_id": alone["order_id"]}))["recognised"]
    return str(alone["order_id"])


async def payout(ask: Ask, cell: Running, clock: HandClock) -> dict[str, Any]:
    """What was earned matures, its statement closes, and the bank is asked to pay it."""
    for happens in ("statement.line_added.v1", "payout.initiated.v1"):
        clock.forward(days=2)
        query = "select stream_id from events where type = %s"
        found = await eventually_async(partial(streams_of, cell, query, happens))
    id = str(found[0][0])
    file = await ask("send_payouts_by_bank", {"payouts": [id]})
    return {"payout_id": id, "payouts": [id], "payout_number": file["lines"][0]["number"]}


async def streams_of(cell: Running, query: str, kind: str) -> list[tuple[Any, ...]]:
    return cell.rows(query, kind)


async def sharing(ask: Ask, order: str) -> dict[str, str]:
    """The money of an order is being shared out inside the channel."""
    leader = {"kind": "leader", "account": "1900000777", "amount_fen": 100}
    split = (await ask("request_split", {"order_id": order, "receivers": [leader]}))["split_id"]
    step = await ask("advance_split", {"split_id": split, "worker": BOB})
    return {"split_id": split, "split_number": step["number"]}


async def differing(ask: Ask) -> dict[str, str]:
    """A line of a bill differs from the books, and somebody wants an entry put right."""
    broken = await ask("open_break", example("open_break"), key="k2")
    lines = [
        {"account": code, "sub_key": "x", "debit_fen": debit, "credit_fen": credit}
        for code, debit, credit in (("5020", 7, 0), ("5910", 0, 7))
    ]
    wish = {"corrections": [{"corrects": BOB, "lines": lines}], "reason": "wrong account"}
    correction = await ask("propose_correction", wish)
    return {"break_id": broken["break_id"], "correction_id": correction["correction_id"]}


@pytest.fixture
async def house(fresh_database: Database) -> AsyncIterator[House]:
    clock = HandClock(NOON)
    async with running(
        fresh_database.dsn, clock=clock, use_cases=USE_CASES, deciders=DECIDERS
    ) as cell:
        edge = Edge()
        edge.counter = edge.counter._replace(submitter=cell.engine)
        yield House(edge, await furnished(edge, cell, clock), cell)


def example(name: str) -> dict[str, Any]:
    body: dict[str, Any] = example_of(USE_CASES[name].command)
    return body


def naming(ids: dict[str, Any], name: str) -> dict[str, Any]:
    """The body of a command with every id in it being one of these."""
    known = dict(ids)
    if name in OF_WHAT_WAS_EARNED:
        known["order_id"] = ids["earned_order"]
    if name in NUMBERED:
        known["number"] = ids[NUMBERED[name]]
    body: dict[str, Any] = named(example(name), known)
    assert NOBODYS not in str(body), name
    return body


def named(body: Any, ids: dict[str, Any]) -> Any:
    """The same with these values for these fields, at any depth."""
    if isinstance(body, list):
        return [named(one, ids) for one in body]
    if not isinstance(body, dict):
        return body
    return {field: ids.get(field) or named(value, ids) for field, value in body.items()}


def takes_ids(name: str) -> bool:
    """Is there an id, or a number that an id hides in, anywhere in the command?"""
    return NOBODYS in (body := str(example(name))) or "'number'" in body


ASKED = [one.name for one in USE_CASES.values() if one.scope]
NEW = frozenset({"register_sku", "onboard_merchant", "propose_correction"})
# Said of a bill date of a channel's account, which each tenant has to itself.
DATED = frozenset(
    name
    for name in ASKED
    if issubclass(USE_CASES[name].command, OfDay) or "bill" in USE_CASES[name].command.__struct_fields__
) - {"settle_break"}  # fmt: skip
WITH_IDS = [name for name in ASKED if name not in NEW | DATED]
OF_WHAT_WAS_EARNED = frozenset(
    {
        "propose_adjustment",
        "approve_adjustment",
        "decline_adjustment",
        "retry_split",
        "request_split_return",
    }
)
NUMBERED = {
    "hear_payout": "payout_number",
    "hear_bank": "payout_number",
    "hear_split": "split_number",
}
OF_ONE_BUYER = ("start_payment", "cancel_order", "withdraw_order")


def test_only_what_makes_something_new_or_speaks_of_a_date_takes_no_id() -> None:
    assert [name for name in WITH_IDS if not takes_ids(name)] == []
    assert {"record_bill", "begin_bill_day", "open_break", "close_bill_day"} <= DATED
    assert len(DATED) == 11


async def test_what_another_tenant_says_of_the_same_dates_is_about_its_own(house: House) -> None:
    rival = token(*SCOPES, tenant="rival")
    streams = house.cell.rows("select distinct stream_id from events where tenant = 'demo'")
    count = "select count(*) from events where tenant = %s"
    before = house.cell.one(count, "demo")
    for name in sorted(NEW | DATED):
        body = named(example(name), house.ids)
        response = await house.edge.post(f"/v1/commands/{name}", body, key=name, who=rival)
        assert response.status_code in (200, 409), (name, response.text)
        sent = str(body)
        assert not [id for (id,) in streams if str(id) in response.text and str(id) not in sent]
    assert house.cell.one(count, "demo") == before
    assert house.cell.one(count, "rival") >= len(NEW) - 1  # its correction does not add up


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
