"""What must be true of every settlement: earnings, statements, payouts and the books tell of the same money."""

from collections import Counter
from collections.abc import Callable, Iterator
from uuid import UUID

from domain.accounts import MERCHANT_OWES, MERCHANT_PAYABLE, MERCHANT_PENDING
from infra.simulator.world.invariants import Finding, finding
from infra.simulator.world.story import Story


def statements_are_payouts(story: Story) -> Finding:
    """S1: nobody is paid more than he earned; lines are the statement, the statement is the payout."""
    book = story.settlement

    def broken() -> Iterator[str]:
        yield from book.broken
        for id, closed in book.closed.items():
            if closed.payable.fen != book.payouts.get(id, 0):
                yield f"{id}: {closed.payable.fen} fen payable, {book.payouts.get(id)} paid out"
        for id in book.payouts.keys() - book.closed.keys():
            yield f"{id} is paid out and was never closed"

    title = f"lines are the statement, the statement is the payout ({len(book.payouts)} of them)"
    return finding("S1", title, sum(book.lines.values()), broken())


def sold_is_earned(story: Story) -> Finding:
    """S2: of an order that something was earned with, all that was kept is earned, and nothing that went back."""
    book = story.settlement

    def broken() -> Iterator[str]:
        for id in book.orders:
            order = story.orders[id]
            kept = order.placed.amount.fen - order.owed_of(order.bought_by[-1])
            if book.cash[id] != kept:
                yield f"order {id}: {book.cash[id]} fen earned, {kept} fen kept"

    return finding("S2", "what was sold and kept is earned once", len(book.orders), broken())


def books_are_what_merchants_are_owed(story: Story) -> Finding:
    """S3: pending, payable and owed by merchants: the books say what earnings and statements say."""
    book = story.settlement
    payable: Counter[UUID] = Counter()
    owes: Counter[UUID] = Counter(book.carried)
    for id, sums in book.open.items():
        payable[book.of[id]] += sums["payable"]
        owes[book.of[id]] -= sums["receivable"]
    expected = {
        MERCHANT_PENDING: book.pending,
        MERCHANT_PAYABLE: payable,
        MERCHANT_OWES: owes,
    }

    def broken() -> Iterator[str]:
        for account, wanted in expected.items():
            found = story.money.of(account)
            for key in sorted({str(id) for id in wanted} | found.keys()):
                fen = found.get(key, 0), wanted.get(UUID(key), 0)
                if fen[0] != fen[1]:
                    yield f"{account} {key}: {fen[0]} fen in the books, {fen[1]} as it happened"

    title = "pending, payable and owed by merchants: the books say what happened"
    return finding("S3", title, sum(map(len, expected.values())), broken())


FROM_STORY: tuple[Callable[[Story], Finding], ...] = (
    statements_are_payouts,
    sold_is_earned,
    books_are_what_merchants_are_owed,
)
