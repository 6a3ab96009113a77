"""The tree is that of RFC 6962, however it is grown; its proofs show what is so, and nothing else."""

from hashlib import sha256

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.merkle import (
    EMPTY,
    Frontier,
    Place,
    Span,
    complete,
    consistency,
    fold,
    grew,
    hash_of,
    inclusion,
    leaf,
    node,
    places,
    root_of,
)

# The reference log of Certificate Transparency's own tests.
ENTRIES = [
    bytes.fromhex(text)
    for text in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )
]  # fmt: skip
ROOTS = """
6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d
fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125
aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77
d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7
4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4
76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef
ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c
5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"""
FIRST_OF_8 = """
96a296d224f285c67bee93c30f8a309157f0daa35dc5b87e410b78630a09cfc7
5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e
6b47aaf29ee3c2af9af889bc1fb9254dabd31177f16232dd6aab035ca39bf6e4"""
FROM_6_TO_8 = """
0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a
ca854ea128ed050b41b35ffc1b87b8eb2bde461e9e3b5596ece6b9d5975a0ae0
d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7"""

sizes = st.integers(1, 300)
numbers = st.data()


def reference(entries: list[bytes]) -> bytes:
    """MTH of RFC 6962, section 2.1, as it is written there."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = 1
    while k * 2 < len(entries):
        k *= 2
    return sha256(b"\x01" + reference(entries[:k]) + reference(entries[k:])).digest()


def log(size: int) -> list[bytes]:
    return [b"entry %d" % number for number in range(size)]


def grown(entries: list[bytes]) -> Frontier:
    tree = Frontier()
    for entry in entries:
        tree.add(leaf(entry))
    return tree


def hashes(spans: tuple[Span, ...], entries: list[bytes]) -> list[bytes]:
    """A proof, each part by the reference."""
    return [reference(entries[first:last]) for first, last in spans]


def test_the_reference_log_has_the_roots_it_is_known_for() -> None:
    for size, root in enumerate(ROOTS.split(), 1):
        assert grown(ENTRIES[:size]).root().hex() == root
    assert grown([]).root() == EMPTY == sha256(b"").digest()


def test_its_proofs_are_the_known_ones() -> None:
    assert [part.hex() for part in hashes(inclusion(0, 8), ENTRIES)] == FIRST_OF_8.split()
    assert [part.hex() for part in hashes(consistency(6, 8), ENTRIES)] == FROM_6_TO_8.split()
    assert inclusion(0, 1) == consistency(4, 4) == ()


@given(sizes)
def test_a_tree_grown_leaf_by_leaf_is_the_one_of_the_rfc(size: int) -> None:
    assert grown(log(size)).root() == reference(log(size))


@given(sizes, st.integers(0, 100))
def test_a_frontier_goes_on_from_what_it_remembers(size: int, more: int) -> None:
    entries = log(size + more)
    half = grown(entries[:size])
    tree = Frontier(half.size, half.peaks)
    for entry in entries[size:]:
        tree.add(leaf(entry))
    assert tree.root() == reference(entries)
    with pytest.raises(ValueError, match="peaks"):
        Frontier(size, [*half.peaks, EMPTY])


@given(sizes, numbers)
def test_an_entry_is_shown_to_be_in_the_tree_and_no_other(size: int, data: st.DataObject) -> None:
    entries = log(size)
    index = data.draw(st.integers(0, size - 1))
    root, path = reference(entries), hashes(inclusion(index, size), entries)
    assert root_of(leaf(entries[index]), index, size, path) == root
    assert root_of(leaf(b"another"), index, size, path) != root
    elsewhere = data.draw(
        st.integers(0, size - 1).filter(lambda other: other != index or size == 1)
    )
    if elsewhere != index:
        assert root_of(leaf(entries[index]), elsewhere, size, path) != root
    assert root_of(leaf(entries[index]), index, size, [*path, EMPTY]) is None
    assert root_of(leaf(entries[index]), size, size, path) is None
    if path:
        spoiled = data.draw(st.integers(0, len(path) - 1))
        path[spoiled] = bytes([path[spoiled][0] ^ 1]) + path[spoiled][1:]
        assert root_of(leaf(entries[index]), index, size, path) != root


@given(sizes, numbers)
def test_a_tree_is_shown_to_have_grown_from_an_older_one(size: int, data: st.DataObject) -> None:
    entries = log(size)
    old = data.draw(st.integers(1, size))
    path = hashes(consistency(old, size), entries)
    before, after = reference(entries[:old]), reference(entries)
    assert grew(old, before, size, after, path)
    assert not grew(old, leaf(b"another"), size, after, path)
    assert not grew(old, before, size, leaf(b"another"), path)
    assert not grew(old, before, size, after, [*path, EMPTY])
    rewritten = [b"forged", *entries[1:]]
    forged = hashes(consistency(old, size), rewritten)
    assert not grew(old, before, size, reference(rewritten), forged)
    if path:
        spoiled = data.draw(st.integers(0, len(path) - 1))
        path[spoiled] = bytes([path[spoiled][0] ^ 1]) + path[spoiled][1:]
        assert not grew(old, before, size, after, path)


def test_everything_has_grown_from_nothing() -> None:
    assert grew(0, EMPTY, 3, reference(log(3)), [])
    assert not grew(0, leaf(b"something"), 3, reference(log(3)), [])
    assert not grew(4, EMPTY, 3, reference(log(3)), [])


@given(sizes, numbers)
def test_every_part_of_a_proof_is_made_of_complete_subtrees(size: int, data: st.DataObject) -> None:
    entries = log(size)
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    for span in (*inclusion(index, size), *consistency(old, size), Span(0, size)):
        parts = places(span)
        assert all(part.number << part.level >= span.first for part in parts)
        known = {part: complete([leaf(entries[at]) for at in covered(part)]) for part in parts}
        assert hash_of(span, known) == reference(entries[span.first : span.last])


def covered(place: Place) -> range:
    return range(place.number << place.level, place.number + 1 << place.level)


@pytest.mark.parametrize("wrong", [(-1, 4), (4, 4), (0, 0)])
def test_there_is_no_proof_of_what_is_not_there(wrong: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="is not one of"):
        inclusion(*wrong)
    with pytest.raises(ValueError, match="are not the beginning"):
        consistency(5, 4)


def test_a_node_cannot_pass_for_an_entry() -> None:
    left, right = leaf(b"a"), leaf(b"b")
    assert fold([left, right]) == node(left, right) != leaf(left + right)
