"""The rows of the ledger: what was posted, line by line, and what it adds up to."""

from datetime import date
from uuid import UUID

import pytest

from domain.events.order import RefundOwed
from domain.events.payment import PaymentCaptured
from domain.events.recon import LinesMatched, Match
from domain.ids import BillId
from domain.ledger import RULE_VERSION, entry_id
from domain.money import Money
from projections import ledger
from projections.ledger import PROJECTION
from tests.builders import NOON, ann, bob, cat
from tests.delivery.history import Fact, facts_of
from tests.in_memory import Cell
from tests.projections.conftest import Model
from tests.shop import Shop

BILL, ON = UUID(int=0xB111), date(2026, 6, 1)
EVERY_KIND = 6  # of the events that are posted: all but those of a refund that went wrong


def lived() -> Shop:
    """One group succeeds, and one of it is refunded twice in part; one stands alone and is paid back."""
    shop = Shop(Cell(), seats=2)
    full = shop.opens_and_pays(ann)
    shop.joins_and_pays(bob, full.group_id)
    alone = shop.opens_and_pays(cat)
    shop.withdraws(alone.order_id)
    shop.repays()
    failing = shop.opens_and_pays(cat)
    shop.withdraws(failing.order_id)
    shop.repays(seen="closed")
    shop.follows_up()
    return shop


async def test_lines_say_what_happened_to_whom_and_when(model: Model) -> None:
    facts = facts_of(lived().cell)
    await model.given(PROJECTION, facts)
    position, captured = next(
        (n, it) for n, it in enumerate(facts, 1) if isinstance(it.event, PaymentCaptured)
    )
    columns = "nth, line, event, rule, order_id, refund_id, reference, account, sub_key, debit_fen, credit_fen"
    more = (
        "value_date, recorded_at, rule_version, entry_id, merchant_id, corrects, bill_id, bill_line"
    )
    rows = await model.rows(
        f"select {columns}, {more} from ledger_lines_v2 where position = %s order by line", position
    )
    event = captured.event
    order, at = event.order_id, event.at
    same = ("payment.captured.v1", "P1", order, None, event.transaction_id)
    bill = f"wechatpay {date(2026, 6, 1)}"
    end = (date(2026, 6, 1), at, RULE_VERSION, entry_id(captured.stream, position), *[None] * 4)
    assert rows == [
        (0, 1, *same, "1120", bill, 990, 0, *end),
        (0, 2, *same, "2010", str(order), 0, 990, *end),
        (0, 3, *same, "5010", "wechatpay", 6, 0, *end),
        (0, 4, *same, "1120", bill, 0, 6, *end),
    ]


async def test_balances_and_days_are_the_sum_of_the_lines(model: Model) -> None:
    facts = facts_of(lived().cell)
    await model.given(PROJECTION, facts, batch=3)
    kinds = await model.rows("select distinct event from ledger_lines_v2")
    assert len(kinds) == EVERY_KIND
    sums = "sum(debit_fen)::bigint, sum(credit_fen)::bigint, max(position)"
    for table, key in (("balances", "account, sub_key"), ("days", "value_date, account")):
        stored = await model.rows(
            f"select {key}, debit_fen, credit_fen, position from ledger_{table}_v2 order by 1, 2"
        )
        added = await model.rows(
            f"select {key}, {sums} from ledger_lines_v2 group by 1, 2 order by 1, 2"
        )
        assert stored == added
        assert sum(debit - credit for *_, debit, credit, _ in stored) == 0


async def test_every_line_of_a_bill_is_an_entry_however_they_are_cut(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    facts = [Fact("day", BILL, chunk(start)) for start in (2, 5, 8)]
    await model.given(PROJECTION, facts)
    columns = "position, nth, entry_id, rule, bill_id, bill_line, reference, debit_fen"
    rows = await model.rows(
        f"select {columns} from ledger_lines_v2 where line = 1 order by position, nth"
    )
    assert rows == [
        (at, nth, entry_id(BILL, at, nth=nth), "P7", BILL, line, f"T{line}", 984)
        for at, start in ((1, 2), (2, 5), (3, 8))
        for nth, line in enumerate(range(start, start + 3))
    ]
    at_once = await model.digest(PROJECTION)
    for table in PROJECTION.tables:
        await model.tx.execute(f"truncate {table}")
    monkeypatch.setattr(ledger, "LINES_AT_ONCE", 7)
    await model.given(PROJECTION, facts)
    assert await model.digest(PROJECTION) == at_once


def chunk(start: int) -> LinesMatched:
    """Three payments of 9.90 on a bill, less their fee."""
    matches = tuple(
        Match(line, "pay", f"o{line}", f"T{line}", None, None, Money(990), Money(6), Money(984), ON)
        for line in range(start, start + 3)
    )
    return LinesMatched(
        channel="wechatpay", mchid="1900000001", bill_date=ON, bill_id=BillId(BILL), side="trade",
        chunk=start, matches=matches, void=(), at=NOON,
    )  # fmt: skip


async def test_a_stream_that_follows_later_ends_in_the_same_rows(model: Model) -> None:
    """What parks one stream and replays it afterwards must not show."""
    facts = facts_of(lived().cell)
    await model.given(PROJECTION, facts)
    in_order = await model.digest(PROJECTION)
    for late in {fact.stream for fact in facts if isinstance(fact.event, RefundOwed)}:
        for table in PROJECTION.tables:
            await model.tx.execute(f"truncate {table}")
        await model.given(PROJECTION, held_back(facts, late, False))
        await model.given(PROJECTION, held_back(facts, late, True))
        assert await model.digest(PROJECTION) == in_order


def held_back(facts: list[Fact], stream: UUID, wanted: bool) -> list[Fact]:
    """The same positions, with something else in the place of what is left out."""
    nothing = next(fact for fact in facts if fact.category == "sku")
    return [fact if (fact.stream == stream) is wanted else nothing for fact in facts]
