"""Kept in bands or not, the tree over a stored log is the tree over its hashes; growing it costs what is new."""

from collections.abc import Iterator, Sequence
from typing import Any

import psycopg
import pytest

from domain.merkle import Frontier, consistency, grew, inclusion, leaf, root_of
from infra.evidence.tree import Tree
from tests.servers import Database

COUNT = 66_000  # more than one subtree of the second band
FILL = """
insert into cell_0.events
select n, 1, 'demo', 'counter', gen_random_uuid(), 1, 'x', '', gen_random_uuid(), now(), sha256(n::text::bytea)
from generate_series(1, %s) n"""


@pytest.fixture(scope="module")
def hashes(database: Database) -> list[bytes]:
    with psycopg.connect(database.dsn, autocommit=True) as session:
        session.execute(FILL, (COUNT,))
        rows = session.execute("select hash from cell_0.events order by position", binary=True)
        return [hash for (hash,) in rows]


@pytest.fixture
def session(database: Database) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database.dsn_as("tuan_auditor"), autocommit=True) as opened:
        yield opened


def roots(hashes: Sequence[bytes], sizes: Sequence[int]) -> dict[int, bytes]:
    tree, found = Frontier(), {}
    for hash in hashes:
        tree.add(leaf(hash))
        if tree.size in sizes:
            found[tree.size] = tree.root()
    return found


SIZES = (1, 2, 255, 256, 257, 511, 512, 1000, 65_535, 65_536, 65_537, COUNT)


def test_every_root_is_the_same_before_and_after_it_is_stored(
    hashes: list[bytes], session: psycopg.Connection[Any]
) -> None:
    expected = roots(hashes, SIZES)
    for stored in (0, 300, 65_000, COUNT):
        for _ in Tree(session, "cell_0", "events").grow(stored):
            pass
        tree = Tree(session, "cell_0", "events")
        assert {size: tree.root(size) for size in SIZES} == expected
    kept = "select level, count(*) from cell_0.merkle_nodes group by 1 order by 1"
    assert session.execute(kept).fetchall() == [(8, COUNT >> 8), (16, 1)]
    assert list(Tree(session, "cell_0", "events").grow(COUNT)) == []


@pytest.mark.parametrize("size", [1, 300, 65_537, COUNT])
def test_proofs_from_storage_lead_to_the_root(
    hashes: list[bytes], session: psycopg.Connection[Any], size: int
) -> None:
    tree = Tree(session, "cell_0", "events")
    root = roots(hashes, [size])[size]
    for index in {0, size // 3, size - 1}:
        path = tree.proof(inclusion(index, size))
        assert root_of(leaf(hashes[index]), index, size, path) == root
    old = (size + 1) // 2
    before = roots(hashes, [old])[old]
    assert grew(old, before, size, root, tree.proof(consistency(old, size)))


def test_a_log_that_grows_is_followed(
    database: Database, session: psycopg.Connection[Any], hashes: list[bytes]
) -> None:
    tree = Tree(session, "cell_0", "events")
    assert tree.root(COUNT) == roots(hashes, [COUNT])[COUNT]
    with psycopg.connect(database.dsn, autocommit=True) as owner:
        owner.execute(FILL.replace("(1,", "(66001,"), (COUNT + 3,))
    more = session.execute(
        "select hash from cell_0.events where position > %s order by position",
        (COUNT,),
        binary=True,
    )
    grown = [*hashes, *(hash for (hash,) in more)]
    assert tree.root(COUNT + 3) == roots(grown, [COUNT + 3])[COUNT + 3]
    with pytest.raises(IndexError):
        tree.root(COUNT + 4)


@pytest.mark.parametrize("table", ["cell_0.merkle_nodes", "cell_0.anchors"])
@pytest.mark.parametrize("change", ["delete from {}", "truncate {}", "update {} set {} = ''"])
def test_what_is_stored_of_a_tree_is_never_changed(
    database: Database, session: psycopg.Connection[Any], table: str, change: str
) -> None:
    statement = change.format(table, {"cell_0.anchors": "note"}.get(table, "hash")).encode()
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        session.execute(statement)
    with (
        psycopg.connect(database.dsn, autocommit=True) as owner,
        pytest.raises(psycopg.errors.RestrictViolation),
    ):
        owner.execute(statement)
