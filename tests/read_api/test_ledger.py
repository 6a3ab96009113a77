"""What finance finds: books that balance, what each account is made of, and the entries behind it."""

from collections import Counter
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.accounts import CHART
from domain.events.order import RefundOwed
from domain.events.payment import PaymentCaptured
from domain.events.refund import RefundAttemptAccepted
from domain.ledger import Posted, postings
from infra.delivery.handlers import tags
from tests.builders import HOUR, ann, bob
from tests.delivery.history import Fact, History, cell_of, facts_of
from tests.read_api.conftest import Readers, tell
from tests.servers import Database
from tests.shop import Shop

BOOKS = "/v1/ledger"
MONEY = tags(Posted)


def balances(facts: list[Fact], until: int | None = None) -> Counter[tuple[str, str]]:
    """The same from the events themselves: fen in each account and sub-key."""
    found: Counter[tuple[str, str]] = Counter()
    for fact in facts[:until]:
        for line in (line for entry in postings(fact.event) for line in entry.lines):
            balance = CHART[line.account].balance(line.debit_fen, line.credit_fen)
            found[line.account, line.sub_key] += balance
    return found


def by_account(facts: list[Fact], until: int | None = None) -> dict[str, int]:
    found = dict.fromkeys(CHART, 0)
    for (account, _), fen in balances(facts, until).items():
        found[account] += fen
    return found


def shown(books: dict[str, Any]) -> dict[str, int]:
    assert books["debit_fen"] == books["credit_fen"]
    assert books["difference_fen"] == 0
    return {it["account"]: it["balance_fen"] for it in books["accounts"]}


async def test_the_trial_balance_is_zero_and_names_every_account(
    readers: Readers, acme: list[Fact]
) -> None:
    books = await readers.json(f"{BOOKS}/trial-balance", "acme/cfo/finance:read")
    assert shown(books) == by_account(acme)
    assert books["debit_fen"] > 0
    assert books["degraded"] is False
    assert {it["zh"] for it in books["accounts"]} == {it.zh for it in CHART.values()}


async def test_the_books_as_of_any_position_are_those_of_that_position(
    readers: Readers, acme: list[Fact]
) -> None:
    moments = [0, 1, *(n for n, it in enumerate(acme, 1) if tag(it) in MONEY), len(acme)]
    for position in moments[:: max(1, len(moments) // 12)]:
        books = await readers.json(f"{BOOKS}/trial-balance?as_of_position={position}")
        assert shown(books) == by_account(acme, position), position


def tag(fact: Fact) -> str:
    return str(fact.event.__struct_config__.tag)


async def told(database: Database, history: History, tenant: str, shop: Shop) -> list[Fact]:
    facts = facts_of(shop.cell)
    await tell(database, history, facts, tenant)
    return facts


async def test_two_clocks_when_it_was_known_and_of_which_day_it_is(
    readers: Readers, database: Database, history: History
) -> None:
    """Paid before midnight in Shanghai, and told to us in the morning."""
    shop = Shop(cell_of("clocks"))
    order = shop.opens(ann)
    shop.starts_paying(order.order_id)
    paid_at = shop.cell.at
    shop.cell.at += 10 * HOUR
    known_at = shop.cell.at
    shop.pays(order.order_id, paid_at=paid_at)
    await told(database, history, "clocks", shop)
    boss = "clocks/boss/read:all"

    async def escrow(query: str) -> int:
        return shown(await readers.json(f"{BOOKS}/trial-balance?{query}", boss))["2010"]

    before = (known_at - timedelta(seconds=1)).isoformat().replace("+00:00", "Z")
    after = known_at.isoformat().replace("+00:00", "Z")
    assert await escrow(f"as_of_time={before}") == 0
    assert await escrow(f"as_of_time={after}") == 990
    assert await escrow("through=2026-05-31") == 0
    assert await escrow("through=2026-06-01") == 990  # the day it was paid
    assert await escrow(f"through=2026-06-01&as_of_time={before}") == 0
    (entry,) = await readers.pages(f"{BOOKS}/entries?value_date=2026-06-01", boss)
    assert (entry["value_date"], entry["recorded_at"]) == ("2026-06-01", after)
    assert await readers.pages(f"{BOOKS}/entries?value_date=2026-06-02", boss) == []


@pytest.mark.parametrize("code", list(CHART))
async def test_an_account_is_the_sum_of_its_sub_keys(
    readers: Readers, acme: list[Fact], code: str
) -> None:
    expected = {key: fen for (account, key), fen in balances(acme).items() if account == code}
    zero = await readers.pages(f"{BOOKS}/accounts/{code}?zero=true")
    assert {it["sub_key"]: it["balance_fen"] for it in zero} == expected
    assert [it["sub_key"] for it in zero] == sorted(expected)
    open = {
        it["sub_key"]: it["balance_fen"] for it in await readers.pages(f"{BOOKS}/accounts/{code}")
    }
    assert open == {key: fen for key, fen in expected.items() if fen}
    half = len(acme) // 2
    then = await readers.pages(f"{BOOKS}/accounts/{code}?as_of_position={half}")
    expected = {key: fen for (account, key), fen in balances(acme, half).items() if account == code}
    assert {it["sub_key"]: it["balance_fen"] for it in then} == {
        k: v for k, v in expected.items() if v
    }


async def test_one_sub_key_and_no_such_account(readers: Readers, acme: list[Fact]) -> None:
    (order, *_) = (it.event.order_id for it in acme if isinstance(it.event, RefundOwed))
    found = await readers.json(f"{BOOKS}/accounts/2010?sub_key={order}&zero=true")
    assert [it["sub_key"] for it in found["items"]] == [str(order)]
    assert (found["zh"], found["kind"], found["sub_key_is"]) == ("待成团预收", "liability", "order")
    assert (await readers.get(f"{BOOKS}/accounts/9999")).status_code == 404


async def test_every_entry_comes_once_the_latest_first(readers: Readers, acme: list[Fact]) -> None:
    entries = await readers.pages(f"{BOOKS}/entries")
    posted = [  # of an entry that moves nothing there is nothing to read
        position
        for position, it in enumerate(acme, 1)
        for entry in postings(it.event)
        if entry.lines
    ]
    assert [it["position"] for it in entries] == posted[::-1]
    assert len({it["entry_id"] for it in entries}) == len(entries)
    for entry in entries:
        sides = [(line["debit_fen"], line["credit_fen"]) for line in entry["lines"]]
        assert sum(debit - credit for debit, credit in sides) == 0
        assert len(sides) >= 2


async def test_filters_apply_together_and_show_whole_entries(
    readers: Readers, database: Database, history: History
) -> None:
    shop = Shop(cell_of("refunds"))
    order = shop.opens_and_pays(ann)
    shop.opens_and_pays(bob)
    shop.withdraws(order.order_id)
    shop.repays()
    await told(database, history, "refunds", shop)
    boss = "refunds/boss/finance:read"
    refund = shop.cell.happened(RefundOwed)[0].refund_id
    of_order = await readers.pages(f"{BOOKS}/entries?order={order.order_id}", boss)
    kinds = ["refund.succeeded.v1", "refund.attempt_accepted.v1", "order.refund_owed.v1"]
    assert [it["event"] for it in of_order] == [*kinds, "payment.captured.v1"]
    of_refund = await readers.pages(f"{BOOKS}/entries?refund={refund}", boss)
    assert of_refund == of_order[:3]
    clearing = await readers.pages(f"{BOOKS}/entries?order={order.order_id}&account=1120", boss)
    assert [it["event"] for it in clearing] == [kinds[1], "payment.captured.v1"]
    assert {line["account"] for line in clearing[0]["lines"]} == {"1122", "1120", "5010"}
    number = shop.cell.happened(RefundAttemptAccepted)[0].number
    transit = await readers.pages(f"{BOOKS}/entries?account=1122&sub_key={number}", boss)
    assert [it["event"] for it in transit] == kinds[:2]
    assert {it["reference"] for it in transit} == {number}


async def test_books_are_each_tenants_own(
    readers: Readers, acme: list[Fact], other: list[Fact]
) -> None:
    for facts, tenant in ((acme, "acme"), (other, "other")):
        boss = f"{tenant}/boss/finance:read"
        captured = {
            it.event.transaction_id for it in facts if isinstance(it.event, PaymentCaptured)
        }
        entries = await readers.pages(f"{BOOKS}/entries?account=2010", boss)
        named = {it["reference"] for it in entries if it["event"] == "payment.captured.v1"}
        assert named == captured
        assert shown(await readers.json(f"{BOOKS}/trial-balance", boss)) == by_account(facts)
    theirs = [it.event for it in other if isinstance(it.event, RefundOwed)]
    for debt in theirs:
        for query in (f"order={debt.order_id}", f"refund={debt.refund_id}"):
            assert await readers.pages(f"{BOOKS}/entries?{query}") == []
        for code, key in (("2010", debt.order_id), ("2210", debt.refund_id)):
            found = await readers.json(f"{BOOKS}/accounts/{code}?sub_key={key}&zero=true")
            assert found["items"] == []
    nobody = await readers.json(f"{BOOKS}/trial-balance", "nobody/boss/finance:read")
    assert set(shown(nobody).values()) == {0}


async def test_what_could_not_be_posted_is_said(
    readers: Readers, database: Database, history: History
) -> None:
    shop = Shop(cell_of("unposted"))
    order = shop.opens_and_pays(ann)
    facts = facts_of(shop.cell)
    lost = [it._replace(raw=b"{") if isinstance(it.event, PaymentCaptured) else it for it in facts]
    await tell(database, history, lost, "unposted")
    boss = "unposted/boss/finance:read"
    for path in ("trial-balance", "accounts/2010", "entries", f"entries?order={order.order_id}"):
        assert (await readers.json(f"{BOOKS}/{path}", boss))["degraded"] is True, path
    assert (await readers.json(f"{BOOKS}/trial-balance"))["degraded"] is False


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [
        ("trial-balance?as_of_position=-1", 422, "invalid_query"),
        ("trial-balance?as_of_position=9223372036854775808", 422, "invalid_query"),
        ("trial-balance?as_of_time=1", 422, "invalid_query"),
        ("trial-balance?through=1", 422, "invalid_query"),
        ("trial-balance?through=2026-02-30", 422, "invalid_query"),
        ("trial-balance?limit=1", 422, "invalid_query"),
        ("accounts/12", 422, "invalid_query"),
        ("accounts/2010?sub_key=%00", 422, "invalid_query"),
        ("accounts/2010?cursor=WyJsZWRnZXItMjIxMCIsImEiXQ", 400, "cursor_invalid"),  # of 2210
        ("accounts/2010?cursor=WyJsZWRnZXItMjAxMCIsMV0", 400, "cursor_invalid"),  # a number
        ("entries?order=1", 422, "invalid_query"),
        ("entries?cursor=WyJsZWRnZXItZW50cmllcyIsIjEiXQ", 400, "cursor_invalid"),  # no part
        ("entries?cursor=WyJvcmRlcnMiLDFd", 400, "cursor_invalid"),
    ],
)  # fmt: skip
async def test_what_is_not_understood_is_refused(
    readers: Readers, path: str, status: int, code: str
) -> None:
    answer = await readers.get(f"{BOOKS}/{path}")
    assert (answer.status_code, answer.json()["code"]) == (status, code)


async def test_only_finance_and_operators_read_the_books(readers: Readers) -> None:
    for path in ("trial-balance", "accounts/2010", "entries"):
        for scopes in ("finance:read", "read:all"):
            assert (await readers.get(f"{BOOKS}/{path}", f"acme/x/{scopes}")).status_code == 200
        buyer = f"acme/{UUID(int=1)}/shop+read:own+read:board"
        assert (await readers.get(f"{BOOKS}/{path}", buyer)).status_code == 403
