"""What must be true of refunds in every run: each debt is paid back once, or people are at it, as the channel says too."""

from collections.abc import Callable, Iterator, Sequence

from infra.simulator.world.invariants import Finding, Purchase, finding
from infra.simulator.world.refunds import PAID, Repayment, against_the_channel
from infra.simulator.world.story import Story


def debts_have_one_refund(story: Story) -> Finding:
    """I10: whatever is owed has one refund of that amount, and every refund has its debt."""

    def broken() -> Iterator[str]:
        yield from story.refunds.broken
        owed = {id: debt for order in story.orders.values() for id, debt in order.debts.items()}
        for id, debt in owed.items():
            refund = story.refunds.by_id.get(id)
            if refund is None or refund.fen != debt.fen or refund.transaction != debt.transaction:
                yield f"{id}: {debt} is owed, {refund} is to pay it"
            elif debt.paid_back != (refund.end in PAID):
                yield f"{id}: the order says {debt}, the refund {refund.end or 'goes on'}"
        for id, refund in story.refunds.by_id.items():
            if id not in owed and not refund.wished:
                yield f"{id} pays back what nobody owes"

    return finding(
        "I10 debts", "every debt has one refund, and only that", len(story.refunds.by_id), broken()
    )


def refunds_end_or_are_looked_after(story: Story) -> Finding:
    """I16: nothing that is owed back lies about: it has arrived, or people are at it."""

    def broken() -> Iterator[str]:
        for id, refund in story.refunds.by_id.items():
            if not refund.end and not refund.trouble and not refund.wished:
                yield f"{id} of order {refund.order_id} is still under way: {refund.numbers}"

    title = "every refund has arrived or is in people's hands"
    return finding("I16 refunds", title, len(story.refunds.by_id), broken())


def channel_repaid(
    story: Story, books: Sequence[Purchase], repayments: Sequence[Repayment]
) -> Finding:
    """I8 and I9, judged from the channel's own books: never more than was paid, one live number a refund."""
    paid = {one.transaction_id: one.fen for one in books}
    total = sum(one.fen for one in repayments if one.state == "SUCCESS")
    title = f"the channel paid back what our events say, number by number ({total / 100:,.2f} CNY)"
    broken = against_the_channel(story.refunds, paid, repayments)
    return finding("I8 I9", title, len(repayments), broken)


FROM_STORY: tuple[Callable[[Story], Finding], ...] = (
    debts_have_one_refund,
    refunds_end_or_are_looked_after,
)
