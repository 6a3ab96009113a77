"""A month told again, as finance asks for it before a decision."""

import json
from itertools import count
from typing import Any

import msgspec
import pytest

from domain.agreement import Agreement, CommissionRule, Tier
from domain.events.merchant import MerchantAgreementSigned
from domain.money import ZERO
from tests.builders import NOON, ann
from tests.delivery.history import History, cell_of, facts_of
from tests.read_api.conftest import Readers, tell
from tests.servers import Database
from tests.settlement import Finance
from tests.shop import Shop

PATH = "/v1/ledger/replay"
COUNT = count(10)
PRICE, COMMISSION, VAT = 1290, 122, 7  # of one order, at ten per cent
FIVE = Agreement(
    version=9, effective_from=NOON, rules=(CommissionRule("physical", (Tier(ZERO, 500),)),),
    vat_rate_bp=600, settle_days=1, period="day",
)  # fmt: skip


@pytest.fixture
async def finance(database: Database, history: History) -> Finance:
    """Three orders of June, one of them refunded after it was paid out; a fourth is ready and not earned."""
    shop = Shop(cell_of(f"r{next(COUNT)}-books"), per_user_limit=100)
    finance = Finance(shop.cell, shop)
    finance.signs()
    finance.collects()
    for _ in range(3):
        placed = shop.buys_alone(ann)
        shop.pays(placed.order_id)
        finance.earns(placed.order_id)
    finance.waits(3)
    finance.refunds(placed.order_id, PRICE)
    shop.pays(shop.buys_alone(ann).order_id)
    await tell(database, history, facts_of(shop.cell), shop.cell.tenant)
    return finance


async def told(readers: Readers, finance: Finance, **query: Any) -> dict[str, Any]:
    asked = "&".join(f"{name}={value}" for name, value in {"month": "2026-06", **query}.items())
    answer: dict[str, Any] = await readers.json(f"{PATH}?{asked}", boss(finance))
    return answer


def boss(finance: Finance) -> str:
    return f"{finance.cell.tenant}/boss/finance:read"


def fen(answer: dict[str, Any]) -> dict[str, int]:
    return {it["account"]: it["difference_fen"] for it in answer["differences"]}


async def test_gross_instead_of_net(readers: Readers, finance: Finance) -> None:
    answer = await told(readers, finance, accounting="principal")
    kept = 2  # of three orders
    net = PRICE - COMMISSION - VAT
    assert fen(answer) == {
        "4010": kept * COMMISSION,
        "4000": -kept * (PRICE - VAT),
        "5030": kept * net,
    }
    assert {it["merchant_id"] for it in answer["differences"]} == {str(finance.merchant_id)}
    assert (answer["corrections_in_all"], answer["adjustments"]) == (4, [])
    assert answer["entries"] == 3 + 3 + 1  # earned, matured, taken back


async def test_another_agreement_says_what_the_merchant_would_have_got(
    readers: Readers, finance: Finance
) -> None:
    text = msgspec.json.encode(FIVE).decode()
    answer = await told(readers, finance, agreement=text, merchant=finance.merchant_id)
    merchants = {"2120": -3 * 64, "1310": 64}  # paid three times, and owed back once
    assert fen(answer) == {**merchants, "4010": 2 * 61, "2510": 2 * 3}
    paid = {it["order_id"]: it["amount_fen"] for it in answer["adjustments"]}
    assert list(paid.values()) == [64, 64]
    lines = [line for it in answer["corrections"] for line in it["lines"]]
    assert sum(line["debit_fen"] - line["credit_fen"] for line in lines) == 0
    assert "2120" not in {line["account"] for line in lines}


async def test_an_order_that_earned_nothing_yet_is_counted_and_not_told(
    readers: Readers, finance: Finance
) -> None:
    answer = await told(readers, finance, recognise_at="sale")
    assert (answer["differences"], answer["moved"], answer["unearned"]) == ([], 0, 1)
    later = await told(readers, finance, recognise_at="verification")
    assert later["moved"] == 3
    assert later["corrections"] == []


async def test_another_month_and_another_tenant_have_nothing_of_it(
    readers: Readers, finance: Finance
) -> None:
    assert (await told(readers, finance, month="2026-07", accounting="principal"))["entries"] == 0
    other = await readers.json(f"{PATH}?month=2026-06&accounting=principal", "x/cfo/finance:read")
    assert (other["entries"], other["differences"]) == (0, [])


@pytest.mark.parametrize(
    "query",
    [
        "month=2026-13&accounting=agent", "month=2026-06", "accounting=agent",
        "month=2026-06&accounting=gross", "month=2026-06&agreement={}",
        f"month=2026-06&agreement={json.dumps({'version': 1})}",
    ],
)  # fmt: skip
async def test_what_is_not_understood_is_refused(readers: Readers, query: str) -> None:
    answer = await readers.get(f"{PATH}?{query}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_query")


async def test_an_agreement_is_one_merchants(readers: Readers, finance: Finance) -> None:
    (signed,) = finance.cell.happened(MerchantAgreementSigned)
    text = msgspec.json.encode(signed.agreement).decode()
    answer = await readers.get(f"{PATH}?month=2026-06&agreement={text}", boss(finance))
    assert answer.status_code == 422
    same = await told(readers, finance, agreement=text, merchant=finance.merchant_id)
    assert (same["differences"], same["corrections"], same["adjustments"]) == ([], [], [])
