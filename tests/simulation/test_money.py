"""The books balance on an honest day, and each fault in them breaks what is there for it."""

from collections.abc import Callable
from typing import Any, get_args

import msgspec
import pytest

from domain.events.order import OrderReadied, RefundOwed
from domain.events.payment import PaymentCaptured
from domain.events.refund import (
    RefundAttemptAccepted,
    RefundClosed,
    RefundPaidElsewhere,
    RefundReturned,
    RefundSucceeded,
)
from domain.fees import channel_fee, fee_returned
from domain.ledger import Entry, Line, postings
from domain.ledger_refunds import RefundPosted
from domain.ledger_trade import TradePosted
from domain.money import Money
from infra.simulator.world import books, money
from infra.simulator.world.money import Movement
from infra.simulator.world.story import Story
from tests.builders import HOUR, ann, bob, cat, dan, eve
from tests.in_memory import Cell
from tests.refund_desk import agrees, proposes, wishes
from tests.shop import Shop

Change = Callable[[Any], list[Any]]


@pytest.fixture(scope="module")
def day() -> Cell:
    """Everything that can become of money: it buys, waits, goes back at once, late, in parts, or another way."""
    shop = Shop(Cell(), seats=2, per_user_limit=12)
    full = shop.opens_and_pays(ann)
    shop.joins_and_pays(bob, full.group_id)
    shop.follows_up()
    shop.pays(full.order_id, transaction="twice")
    for fen in (300, 200):
        agrees(shop, wishes(shop, full.order_id, fen))
    for who, said in ((cat, "succeeded"), (dan, "closed"), (eve, "abnormal")):
        shop.withdraws(shop.opens_and_pays(who).order_id)
        shop.repays(seen=said)  # type: ignore[arg-type]
    shop.cell.wait(until=shop.cell.at + HOUR)
    shop.repays(seen="processing")  # another number for what was closed
    shop.cell.wait(until=shop.cell.at + HOUR)
    shop.repays(seen="processing")
    comes_back(shop)
    shop.opens_and_pays(bob)  # waits for its group
    shop.withdraws(shop.opens_and_pays(cat).order_id)  # owed, and not yet asked for
    return shop.cell


def comes_back(shop: Shop) -> None:
    """What eve's account did not take is returned to us, and paid by a transfer."""
    refund = next(it.refund_id for it in shop.cell.happened(RefundOwed) if eve_is_owed(shop, it))
    agrees(shop, proposes(shop, refund, "return"))
    shop.repays(seen="processing")
    shop.hears(refund, "succeeded", "query")
    agrees(shop, proposes(shop, refund, "paid_elsewhere", reference="银行回单 77"))


def eve_is_owed(shop: Shop, debt: RefundOwed) -> bool:
    return shop.order(debt.order_id).buyer == eve


def told(cell: Cell, change: Change = lambda event: [event]) -> Story:
    story = Story(cell.at)
    changed = [each for one in cell.log for each in change(one.event)]
    for position, event in enumerate(changed, start=1):
        story.take(position, event)
    return story


def broken(story: Story) -> set[str]:
    return {check.number for each in money.FROM_STORY if not (check := each(story)).holds}


def without(kind: type[Any]) -> Change:
    return lambda event: [] if isinstance(event, kind) else [event]


def twice(kind: type[Any]) -> Change:
    return lambda event: [event, event] if isinstance(event, kind) else [event]


def a_fen_more(kind: type[Any]) -> Change:
    def change(event: Any) -> list[Any]:
        more = {"amount": event.amount + Money(1)} if isinstance(event, kind) else {}
        return [msgspec.structs.replace(event, **more)]

    return change


def test_an_honest_day_posts_every_kind_of_event_and_is_clean(day: Cell) -> None:
    trade = set(get_args(TradePosted | RefundPosted))
    assert {type(one.event) for one in day.log if postings(one.event)} == trade
    story = told(day)
    assert broken(story) == set()
    assert all(check(story).checked for check in money.FROM_STORY)
    for account in ("1010", "1120", "1122", "2010", "2020", "2210", "5010"):
        assert story.money.of(account) or account == "1010", account
    assert story.money.of("1010") == {}, "what came back was paid on"


@pytest.mark.parametrize(
    ("fault", "numbers"),
    [
        (without(PaymentCaptured), {"I6", "I7 books"}),
        (twice(PaymentCaptured), {"I7 books"}),
        (a_fen_more(PaymentCaptured), {"I7 books"}),
        (without(OrderReadied), {"I6", "I7 books"}),
        (twice(OrderReadied), {"I6", "I7 books"}),
        (without(RefundOwed), {"I6", "I7 books"}),
        (twice(RefundOwed), {"I6", "I7 books"}),
        (without(RefundAttemptAccepted), {"I6", "I7 books"}),
        (twice(RefundAttemptAccepted), {"I7 books"}),
        (a_fen_more(RefundAttemptAccepted), {"I7 books"}),
        (without(RefundSucceeded), {"I7 books"}),
        (twice(RefundSucceeded), {"I6", "I7 books"}),
        (without(RefundClosed), {"I7 books"}),
        (twice(RefundClosed), {"I6", "I7 books"}),
        (without(RefundReturned), {"I7 books"}),
        (without(RefundPaidElsewhere), {"I7 books"}),
    ],
)
def test_a_fault_is_found(day: Cell, fault: Change, numbers: set[str]) -> None:
    assert broken(told(day, fault)) >= numbers


def test_an_entry_out_of_balance_is_named_once_with_its_place(
    day: Cell, monkeypatch: pytest.MonkeyPatch
) -> None:
    def bent(event: Any) -> tuple[Entry, ...]:
        entries = postings(event)
        if not isinstance(event, RefundClosed):
            return entries
        (entry,) = entries
        return (msgspec.structs.replace(entry, lines=(*entry.lines, Line("1010", "main", 1, 0))),)

    monkeypatch.setattr(books, "postings", bent)
    finding = money.every_entry_balances(told(day))
    place = next(n for n, one in enumerate(day.log, 1) if isinstance(one.event, RefundClosed))
    assert finding.broken == (f"1 fen at {place}, RefundClosed",)


def test_rows_that_differ_are_named(day: Cell) -> None:
    story = told(day)
    rows = story.money.sums()
    assert money.ledger_is_the_books(story, rows).holds
    (key, *others) = rows
    for wrong in ({key: (1, 2)}, {other: rows[other] for other in others}):
        assert not money.ledger_is_the_books(story, {**{o: rows[o] for o in others}, **wrong}).holds
    assert not money.ledger_is_the_books(story, rows | {("2010", "nobody"): (1, 0)}).holds


# --- the channel's account ----------------------------------------------------------------------


def account(day: Cell) -> list[Movement]:
    """As the channel would write it: payments and fees, refunds and what of the fee goes back."""
    moved: list[Movement] = []
    of_refund = {it.refund_id: it.transaction_id for it in day.happened(RefundOwed)}
    paid = {it.transaction_id: it.amount for it in day.happened(PaymentCaptured)}
    live: dict[str, dict[str, tuple[int, int]]] = {}
    for one in day.log:
        match one.event:
            case PaymentCaptured(transaction_id=number, amount=amount):
                moved.append(Movement(number, amount.fen))
                moved.append(Movement(number, -channel_fee("wechatpay", amount).fen))
            case RefundAttemptAccepted(refund_id=refund, number=number, amount=amount):
                of = of_refund[refund]
                parts = live.setdefault(of, {})
                back = Money(amount.fen + sum(part[0] for part in parts.values()))
                share = fee_returned("wechatpay", paid[of], back).fen
                fee = share - sum(part[1] for part in parts.values())
                parts[number] = (amount.fen, fee)
                moved += [Movement(number, -amount.fen), Movement(number, fee)]
            case RefundClosed(refund_id=refund, number=number):
                amount_fen, fee = live[of_refund[refund]].pop(number)
                moved += [Movement(number, amount_fen), Movement(number, -fee)]
    return moved


def test_the_channels_account_says_the_same(day: Cell) -> None:
    finding = money.channel_holds(told(day), account(day))
    assert finding.holds, finding.broken
    assert finding.checked > 20


def test_what_we_have_not_heard_of_yet_is_no_fault(day: Cell) -> None:
    more = [*account(day), Movement("of a refund under way", -990)]
    assert money.channel_holds(told(day), more).holds


@pytest.mark.parametrize("fen", [-990, 100])
def test_an_account_that_says_otherwise_is_found(day: Cell, fen: int) -> None:
    theirs = account(day)
    theirs[0] = theirs[0]._replace(fen=theirs[0].fen + fen)
    assert not money.channel_holds(told(day), theirs).holds
