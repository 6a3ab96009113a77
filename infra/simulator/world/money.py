"""What must be true of money in every run: books that balance at every position, and say what the orders say,
what the ledger's own rows say, and what the channel's account says."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Final, NamedTuple

from domain.accounts import (
    CHANNEL_BALANCE,
    CLEARING,
    ESCROW,
    LONG,
    PAYABLE,
    SHORT,
    TRANSIT,
    UNCLAIMED,
    UNUSED,
)
from infra.simulator.world.books import Key
from infra.simulator.world.invariants import Finding, finding
from infra.simulator.world.story import OrderStory, Story

TAKEN_ON: Final = frozenset(
    {"accepted", "abnormal"}
)  # the last word about a number that is on its way
TAKEN_OUT: Final = TAKEN_ON | {"succeeded", "returned"}


def every_entry_balances(story: Story) -> Finding:
    """I5: debits are credits, entry by entry, and so at every position."""
    title = "debits equal credits in every entry and at every position"
    return finding("I5", title, story.money.entries, story.money.unbalanced)


def nobody_is_owed_less_than_nothing(story: Story) -> Finding:
    """I6: no order, refund or refund number is ever below zero."""
    title = "no liability and no refund in transit is ever below zero"
    return finding("I6", title, story.money.entries, story.money.below_zero)


def books_are_what_orders_say(story: Story) -> Finding:
    """I7: what is held for whom, and owed to whom, by the books and by what happened to orders and refunds."""
    expected = {
        ESCROW: {str(id): order.placed.amount.fen for id, order in waiting(story)},
        UNUSED: {
            str(id): unused(order) - story.settlement.cash[id] for id, order in story.orders.items()
        },
        PAYABLE: {
            str(id): debt.fen
            for order in story.orders.values()
            for id, debt in order.debts.items()
            if not debt.paid_back
        },
        TRANSIT: {
            number: refund.fen
            for refund in story.refunds.by_id.values()
            for number, word in refund.numbers.items()
            if word in TAKEN_ON and not refund.end
        },
        UNCLAIMED: {},
    }

    def broken() -> Iterator[str]:
        for account, wanted in expected.items():
            found = story.money.of(account)
            for key in sorted(wanted.keys() | found.keys()):
                if found.get(key, 0) != wanted.get(key, 0):
                    fen = found.get(key, 0), wanted.get(key, 0)
                    yield f"{account} {key}: {fen[0]} fen in the books, {fen[1]} as it happened"

    title = "escrow, unused, owed and on its way: the books say what orders and refunds say"
    return finding("I7 books", title, sum(map(len, expected.values())), broken())


def waiting(story: Story) -> Iterator[tuple[object, OrderStory]]:
    """Orders that are paid and wait for their group: all other money has gone on."""
    return ((id, order) for id, order in story.orders.items() if order.status == "GROUPING")


def unused(order: OrderStory) -> int:
    """Fen of a ready order that nobody gave back; a merchant may have earned them."""
    if order.status != "READY" or not order.bought_by:
        return 0
    return order.placed.amount.fen - order.owed_of(order.bought_by[-1])


def ledger_is_the_books(story: Story, rows: Mapping[Key, tuple[int, int]]) -> Finding:
    """I13: the ledger's own lines add up to the judge's books, to the fen."""
    books = story.money.sums()
    broken = (
        f"{' '.join(key)}: {rows.get(key)} in the ledger, {books.get(key)} in the judge's books"
        for key in sorted(books.keys() | rows.keys())
        if rows.get(key) != books.get(key)
    )
    title = "the ledger's lines add up to the books of the log"
    return finding("I13 ledger", title, len(books), broken)


class Movement(NamedTuple):
    """One movement of our account at the channel: of a payment or a refund, or of its fee."""

    number: str  # the transaction, or the refund number
    fen: int


def channel_holds(story: Story, account: Sequence[Movement]) -> Finding:
    """I15: what we say that the channel holds for us is what its account says.

    A refund that it has taken on, and of which we have not heard yet, is not in our books. Fees of a payment
    refunded in parts may be a fen apart while parts are under way: the channel counts them as they arrive.
    What bills have shown has moved on to 1121, less what nobody knows yet and what we paid in ourselves; and
    what went out to merchants is held against another book.
    """
    captured = {number for payment in story.payments.values() for number in payment.captured}
    refunds = story.refunds.by_id.values()
    known = captured | {
        number for refund in refunds for number, word in refund.numbers.items() if word in TAKEN_OUT
    }
    theirs = sum(movement.fen for movement in account if movement.number in known)
    held = {code: sum(story.money.of(code).values()) for code in (CLEARING, CHANNEL_BALANCE)}
    unknown = sum(story.money.of(LONG).values()) - sum(story.money.of(SHORT).values())
    paid_out = sum(it.fen for it in story.payouts.by_id.values() for _ in it.confirmed)
    ours = sum(held.values()) - unknown + paid_out - story.money.paid_in
    parts = Counter(refund.transaction for refund in refunds)
    allowed = sum(count for count in parts.values() if count > 1)
    broken = [f"{ours} fen by {held}, {unknown} unknown, {paid_out} paid; {theirs} there"] * (
        abs(ours - theirs) > allowed
    )
    title = f"the channel's account holds what our accounts of it say ({ours / 100:,.2f} CNY)"
    return finding("I15", title, len(account), broken)


FROM_STORY: tuple[Callable[[Story], Finding], ...] = (
    every_entry_balances,
    nobody_is_owed_less_than_nothing,
    books_are_what_orders_say,
)
