"""A Merkle tree over a log, in the shape of RFC 6962: one hash that stands for the first `size` entries.

Leaves and inner nodes are hashed apart, so that no node can pass for an entry. The left side of every split is
the largest power of two that leaves something for the right: what is complete never changes again, and growing
costs only what is new. Spans are half-open, and count entries from 0.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Final, NamedTuple

EMPTY: Final = sha256(b"").digest()
"""The root of a tree without entries."""


class Span(NamedTuple):
    """Entries `first` to before `last`, as a subtree of some size has them."""

    first: int
    last: int


class Place(NamedTuple):
    """A complete subtree of 2 ** `level` entries, the `number`-th of that level from 0."""

    level: int
    number: int


def leaf(entry: bytes) -> bytes:
    """The hash of one entry."""
    return sha256(b"\0" + entry).digest()


def node(left: bytes, right: bytes) -> bytes:
    """The hash of two subtrees side by side."""
    return sha256(b"\1" + left + right).digest()


class Frontier:
    """A tree that grows at its right edge, and remembers no more than that: a hash for each bit of its size."""

    def __init__(self, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        if len(peaks) != size.bit_count():
            raise ValueError(f"{size} entries have {size.bit_count()} peaks, not {len(peaks)}")
        self.size = size
        self.peaks = list(peaks)

    def add(self, hash: bytes) -> None:
        """One more leaf."""
        size = self.size
        while size & 1:
            hash = node(self.peaks.pop(), hash)
            size >>= 1
        self.peaks.append(hash)
        self.size += 1

    def root(self) -> bytes:
        return fold(self.peaks)


def fold(peaks: Sequence[bytes]) -> bytes:
    """The root over complete subtrees that stand side by side, each smaller than the one before."""
    if not peaks:
        return EMPTY
    root = peaks[-1]
    for peak in reversed(peaks[:-1]):
        root = node(peak, root)
    return root


def complete(leaves: Sequence[bytes]) -> bytes:
    """The root of a power of two of subtrees of one level."""
    row = list(leaves)
    while len(row) > 1:
        row = [node(row[at], row[at + 1]) for at in range(0, len(row), 2)]
    return row[0]


# --- which subtrees a proof is made of --------------------------------------------------------


def places(span: Span) -> tuple[Place, ...]:
    """The complete subtrees that a span of the tree is made of, from left to right."""
    found, first, left = [], span.first, span.last - span.first
    while left:
        level = left.bit_length() - 1
        found.append(Place(level, first >> level))
        first += 1 << level
        left -= 1 << level
    return tuple(found)


def hash_of(span: Span, known: Mapping[Place, bytes]) -> bytes:
    """The hash of a span, from those of its places. Raises: KeyError when one is not known."""
    return fold([known[place] for place in places(span)])


def inclusion(index: int, size: int) -> tuple[Span, ...]:
    """The subtrees whose hashes show that entry `index` is one of `size`: the audit path, from the leaf up."""
    if not 0 <= index < size:
        raise ValueError(f"entry {index} is not one of {size}")
    path, first, last = [], 0, size
    while last - first > 1:
        middle = first + split(last - first)
        if index < middle:
            path.append(Span(middle, last))
            last = middle
        else:
            path.append(Span(first, middle))
            first = middle
    return tuple(reversed(path))


def consistency(old: int, new: int) -> tuple[Span, ...]:
    """The subtrees whose hashes show that `new` entries begin with the same `old` ones."""
    if not 0 < old <= new:
        raise ValueError(f"{old} entries are not the beginning of {new}")
    path, first, last, whole = [], 0, new, True  # whole: the old tree itself, which is known
    while last != old:
        middle = first + split(last - first)
        if old <= middle:
            path.append(Span(middle, last))
            last = middle
        else:
            path.append(Span(first, middle))
            first, whole = middle, False
    if not whole:
        path.append(Span(first, last))
    return tuple(reversed(path))


def split(size: int) -> int:
    """The largest power of two below `size`."""
    return 1 << (size - 1).bit_length() - 1


# --- what a proof shows -----------------------------------------------------------------------


def root_of(hash: bytes, index: int, size: int, path: Iterable[bytes]) -> bytes | None:
    """The root that a leaf's audit path leads to; None when the path has another length than it must."""
    if not 0 <= index < size:
        return None
    spans, hashes = inclusion(index, size), list(path)
    if len(spans) != len(hashes):
        return None
    for span, other in zip(spans, hashes, strict=True):
        hash = node(other, hash) if span.last <= index else node(hash, other)
    return hash


def grew(old: int, old_root: bytes, new: int, new_root: bytes, path: Sequence[bytes]) -> bool:
    """Does the path show that the tree of `new` entries begins with that of `old`?"""
    if not 0 < old <= new:
        return old == 0 and not path and old_root == EMPTY
    spans = consistency(old, new)
    if len(spans) != len(path):
        return False
    whole = not spans or spans[0].first >= old
    before = after = old_root if whole else path[0]
    for span, other in zip(spans[not whole :], path[not whole :], strict=True):
        if span.first >= old:
            after = node(after, other)
        else:
            before, after = node(other, before), node(other, after)
    return before == old_root and after == new_root
