"""Who opened groups of what, and who joined: the record that a world is played from, real or made up.

The real one is BeiBei's (success.tsv, failed.tsv): opaque integer ids of people and items and nothing else.
It has no prices, times or places; those are derived from the ids and the seed elsewhere.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from itertools import accumulate
from pathlib import Path
from typing import NamedTuple

from infra.simulator.world.dice import dice

SUCCEEDED, FAILED = "success.tsv", "failed.tsv"
ITEM_SHARE_MAX = 10  # one item gets at most this part (1/n) of the groups, or all may be of one
SEATS_USUAL = 2  # 99.3 % of the recorded groups that succeeded

# Made-up worlds: like the record, but with enough larger groups to see them.
GROUPS_PER_ITEM = 12.5
SUCCESS_SHARE = 0.42
SIZES = {2: 80, 3: 11, 4: 4, 5: 3, 8: 1, 10: 1}
POPULARITY = 0.95  # exponent of Zipf's law
PEOPLE_PER_GROUP = 0.9


class Group(NamedTuple):
    """One recorded group. `others` joined it; nobody did if it failed. `seats` were needed."""

    leader: int
    item: int
    others: tuple[int, ...]
    succeeded: bool
    seats: int


class Record(NamedTuple):
    """Groups in the order they are opened. `source` tells people of different worlds apart."""

    source: str
    groups: tuple[Group, ...]


def from_beibei(directory: Path, count: int, seed: int) -> Record:
    """Whole items, drawn by the seed, with their groups, until there are `count`. Raises: OSError, ValueError."""
    rows = [*_rows(directory / SUCCEEDED), *_rows(directory / FAILED)]
    by_item: dict[int, list[tuple[int, ...]]] = defaultdict(list)
    for row in rows:
        by_item[row[1]].append(row)
    items = sorted(by_item)
    dice(seed, "items").shuffle(items)
    drawn: list[Group] = []
    for item in items:
        room = count - len(drawn)
        if room == 0:
            break
        theirs = by_item[item]
        dice(seed, "groups", item).shuffle(theirs)
        drawn += _groups(theirs)[: min(room, max(1, count // ITEM_SHARE_MAX))]
    dice(seed, "order").shuffle(drawn)
    return Record("beibei", tuple(drawn))


def made_up(count: int, seed: int) -> Record:
    """A record of the same kind, from the seed alone."""
    chance = dice(seed, "record")
    items = max(1, round(count / GROUPS_PER_ITEM))
    popularity = list(accumulate((n + 1) ** -POPULARITY for n in range(items)))
    people = max(20, round(count * PEOPLE_PER_GROUP))
    groups = []
    for _ in range(count):
        [item] = chance.choices(range(items), cum_weights=popularity)
        [seats] = chance.choices(list(SIZES), weights=list(SIZES.values()))
        leader, *others = chance.sample(range(people), seats)
        succeeded = chance.random() < SUCCESS_SHARE
        groups.append(Group(leader, item, tuple(others) if succeeded else (), succeeded, seats))
    return Record("made-up", tuple(groups))


def _rows(file: Path) -> Iterator[tuple[int, ...]]:
    """Initiator, item, participants."""
    with file.open() as lines:
        yield from (tuple(map(int, line.split("\t"))) for line in lines if line.strip())


def _groups(rows: Sequence[tuple[int, ...]]) -> list[Group]:
    """A failed group does not say how many it waited for: as many as the item's groups usually had."""
    sizes = Counter(len(row) - 1 for row in rows if len(row) > 2)
    usual = sizes.most_common(1)[0][0] if sizes else SEATS_USUAL
    return [
        Group(
            leader,
            item,
            tuple(others),
            succeeded=bool(others),
            seats=1 + len(others) if others else usual,
        )
        for leader, item, *others in rows
    ]
