"""What must be true of payouts: the channel's own book of transfers moves each at most once, and tells what we tell.

The first 25 characters of a number name the payout, the rest is its generation.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from typing import Final, NamedTuple

from domain.accounts import PAYOUT_TRANSIT
from infra.simulator.world.invariants import Finding, finding
from infra.simulator.world.story import Story

OWN: Final = 25  # characters of a number that name the payout
LIVE: Final = frozenset({"", "SUCCESS"})  # of the channel's words: it has moved, or still may


class Transfer(NamedTuple):
    """One transfer in the channel's own book; `state` is empty while its payee has not taken it."""

    number: str
    fen: int
    state: str


def payouts_in_the_books(story: Story) -> Finding:
    """P5, P6: what the ledger holds in transit is what happened to payouts."""
    expected = {str(id): it.fen for id, it in story.payouts.by_id.items() if it.on_its_way}
    found = story.money.of(PAYOUT_TRANSIT)

    def broken() -> Iterator[str]:
        yield from story.payouts.broken
        for id in sorted(expected.keys() | found.keys()):
            if expected.get(id, 0) != found.get(id, 0):
                yield f"{id}: {found.get(id, 0)} fen in the books, {expected.get(id, 0)} on its way"

    title = "the books hold in transit what payouts say"
    return finding("P1", title, len(story.payouts.by_id), broken())


def channel_paid_out(story: Story, transfers: Sequence[Transfer]) -> Finding:
    """P2: each payout moves at most once by the channel's own book, and what it moved is what we call paid.

    What the channel has paid and nobody has told us yet is no break; what we call paid and it did not pay is.
    """
    paid = {number: it.fen for it in story.payouts.by_id.values() for number in it.confirmed}
    theirs = {one.number: one for one in transfers}

    def broken() -> Iterator[str]:
        live = Counter(one.number[:OWN] for one in transfers if one.state in LIVE)
        yield from (f"{own} has {count} live numbers" for own, count in live.items() if count > 1)
        for number, fen in paid.items():
            one = theirs.get(number)
            if one is None or (one.state, one.fen) != ("SUCCESS", fen):
                yield f"{number}: {fen} fen confirmed, the channel says {one}"
        for it in story.payouts.by_id.values():
            for number in it.failed & theirs.keys():
                if theirs[number].state in LIVE:
                    yield f"{number} failed by our word, and is {theirs[number].state or 'open'}"

    title = f"each payout moved once at most, {sum(paid.values()) / 100:,.2f} CNY in all"
    return finding("P2", title, len(transfers), broken())


FROM_STORY: tuple[Callable[[Story], Finding], ...] = (payouts_in_the_books,)
