"""The rows of the ledger: what was posted, line by line, and what it adds up to."""

from datetime import date
from uuid import UUID

from domain.events.order import RefundOwed
from domain.events.payment import PaymentCaptured
from domain.ledger import RULE_VERSION, entry_id
from projections.ledger import PROJECTION
from tests.builders import ann, bob, cat
from tests.delivery.history import Fact, facts_of
from tests.in_memory import Cell
from tests.projections.conftest import Model
from tests.shop import Shop

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
