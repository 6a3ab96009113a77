"""500 seeded ways of tampering, and 500 found; the checks are spoiled too, to prove that this test can fail."""

import asyncio
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from typing import Any, NamedTuple

import psycopg
import pytest
from pydantic import SecretStr

from commands.registry import DECIDERS
from infra.cell import verify
from infra.cell.damage import Bad
from infra.evidence import checks_bills, checks_ledger, checks_log
from infra.evidence.anchoring import open_session
from infra.evidence.anchors import Anchors
from infra.evidence.checkpoint import Signer
from infra.evidence.checks import Found, Scene
from infra.evidence.checks_bills import bills_in
from infra.evidence.checks_days import days_in
from infra.evidence.checks_ledger import ledger_in
from infra.evidence.checks_log import logs_in
from infra.evidence.checks_settlement import settlement_in
from infra.settings import Settings
from projections import ledger
from projections.ledger_tables import TABLES
from tests.builders import ann, bob, cat, dan, eve
from tests.infra.evidence.settled import keep_the_bill, reconciled, settled
from tests.infra.evidence.tampering import WAYS, Insider, way_of
from tests.recorded_cell import RecordedCell, read_models
from tests.servers import Database
from tests.shop import Shop

SEEDS = 500
LOOKS = (logs_in, bills_in, ledger_in, settlement_in, days_in)  # what needs no tables of its own
KEY = "07" * 32


class Stored(NamedTuple):
    """A session that can do anything, and the scene that is looked at."""

    session: psycopg.Connection[Any]
    scene: Scene


def story(cell: RecordedCell) -> None:
    """A merchant is paid, a bill date closed; a group succeeds, one fails over night and is refunded."""
    shop = Shop(cell)
    reconciled(cell)
    settled(cell, shop)
    won = shop.opens_and_pays(ann)
    for who in (bob, cat):
        shop.joins_and_pays(who, won.group_id)
    lost = shop.opens_and_pays(dan)
    shop.joins(eve, lost.group_id)
    shop.pays(shop.buys_alone(eve).order_id)
    cell.wait(minutes=60 * 26)
    shop.follows_up()
    shop.repays()


@pytest.fixture(scope="module")
def stored(database: Database) -> Iterator[Stored]:
    cell = RecordedCell()
    story(cell)
    asyncio.run(cell.write(database.dsn))
    asyncio.run(keep_the_bill(database.dsn_as("tuan_projector")))
    asyncio.run(read_models(database.dsn_as("tuan_projector"), ledger.PROJECTION))
    signer = Signer(bytes.fromhex(KEY))
    with open_session(database.dsn_as("tuan_auditor")) as auditor:
        anchors = Anchors(auditor, "cell_0")
        assert len(list(anchors.make_due(signer, cell.at + timedelta(minutes=2)))) == 3
        outside = signer.sign(anchors.at_head(cell.at))
    settings = Settings(postgres_dsn=SecretStr(database.dsn), anchor_key=SecretStr(KEY))
    with psycopg.connect(database.dsn, autocommit=True) as session:
        session.execute("set search_path to cell_0, read, bills")
        session.execute("set timezone to utc")
        session.execute("set session_replication_role to replica")  # no trigger fires
        yield Stored(session, Scene(settings, DECIDERS, [outside]))


def first_bad(stored: Stored) -> Bad | None:
    """What `tuan verify` would say."""
    bads = (said(stored, look).bad for look in LOOKS)
    return next((bad for bad in bads if bad is not None), None)


def said(stored: Stored, look: Callable[..., Found]) -> Found:
    with stored.session.transaction():
        return look(stored.session, stored.scene)


def after(stored: Stored, how: Callable[[Insider], None], insider: Insider) -> Bad | None:
    """What is found after this was done; then it never was."""
    found: list[Bad | None] = []
    with stored.session.transaction(force_rollback=True):
        how(insider)
        found.append(first_bad(stored))
    return found[0]


def missed(stored: Stored, seeds: Sequence[int]) -> list[str]:
    """The changes that nobody noticed."""
    unseen = []
    for seed in seeds:
        name, how, rng = way_of(seed)
        if after(stored, how, Insider(stored.session, rng)) is None:
            unseen.append(f"seed {seed}: {name}")
    return unseen


def test_nothing_is_wrong_before(stored: Stored) -> None:
    assert first_bad(stored) is None
    logs, books = said(stored, logs_in), said(stored, ledger_in)
    assert "is intact" in logs.said
    assert "4 anchors agree, the latest day 2026-06-03" in logs.said
    assert books.said.startswith("ledger: zero for 1 tenants; ")


@pytest.mark.parametrize("part", range(4))
def test_every_change_is_found(stored: Stored, part: int) -> None:
    assert missed(stored, range(part, SEEDS, 4)) == []
    assert first_bad(stored) is None


def test_only_the_anchored_head_tells_of_a_tail_that_is_cut_off_well(stored: Stored) -> None:
    bare = Stored(stored.session, stored.scene._replace(notes=()))
    cut = next(how for name, how in WAYS if name.startswith("cut_and_hide"))

    def last_command(insider: Insider) -> None:
        insider.pick = lambda *_, **__: insider.session.execute(  # type: ignore[method-assign]
            "select seq, seen_position from commands order by seq desc limit 1"
        ).fetchall()
        cut(insider)

    _, _, rng = way_of(0)
    assert "the anchor of 2026-06-04" in str(
        after(stored, last_command, Insider(stored.session, rng))
    )
    with bare.session.transaction(force_rollback=True):
        last_command(Insider(bare.session, rng))
        assert logs_in(bare.session, bare.scene).bad is None


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ("update events set data = data || ' ' where position = 7", "events position 7: hash is"),
        ("update events set tenant = 'other' where position = 7", "events position 7: hash is"),
        ("update commands set reply = 'x' where seq = 3", "commands seq 3: hash is"),
        (f"update {TABLES[0]} set reference = 'x' where line = 2 and nth = 0", "entry 0 line 2: reference is x, expected "),
        (f"update {TABLES[1]} set debit_fen = 5 where account = '2010'", "debit_fen is 5, expected "),
        (f"delete from {TABLES[2]} where account = '1120'", "account 1120: the row is missing, expected "),
        ("update pieces set data = data || '\\x00' where place = 1", "place 1: data is more or less than"),
        ("update files set size = size + 1", "size is 1375001, expected 1375000, which"),
        ("delete from files", "its row in bills.files is missing"),
        ("delete from pieces where place = 0", "place is 1, expected 0"),
        ("update anchors set position = 5 where day = '2026-06-01'", "anchors 2026-06-01: position is 5, expected "),
    ],
)  # fmt: skip
def test_the_first_bad_place_is_named(stored: Stored, change: str, place: str) -> None:
    insider = Insider(stored.session, way_of(0)[2])
    assert place in str(after(stored, lambda it: it.run(change), insider))


def blind(*_: object, **__: object) -> None:
    """Sees nothing."""


MUTANTS: dict[str, tuple[tuple[Any, str], ...]] = {
    "the chains are not compared": ((verify, "compare"), (checks_log, "compare")),
    "anchors are not compared": ((checks_log, "compare"),),
    "a log that ends too early is no matter": ((checks_log.Trees, "end"),),
    "lines are not compared": ((checks_ledger, "compare_line"),),
    "sums are not compared": ((checks_ledger, "compare_sums"),),
    "texts of bills are not read": ((checks_bills, "read"),),
}


@pytest.mark.parametrize("mutant", MUTANTS)
def test_a_check_that_is_blind_lets_changes_pass(
    stored: Stored, monkeypatch: pytest.MonkeyPatch, mutant: str
) -> None:
    for owner, name in MUTANTS[mutant]:
        monkeypatch.setattr(owner, name, blind)
    assert first_bad(stored) is None
    assert any(missed(stored, [seed]) for seed in range(SEEDS))
