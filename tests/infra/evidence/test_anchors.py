"""One signed anchor for each business day, however many look; what it says is where the logs stood at midnight."""

import asyncio
import base64
from collections.abc import Awaitable, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import SecretStr

from domain.merkle import Frontier, leaf
from infra.clock import create_clock
from infra.evidence.anchoring import Anchoring, open_session
from infra.evidence.anchors import Anchors, write_out
from infra.evidence.checkpoint import BadNote, Signer, opened, public_of
from infra.services import anchor as anchor_service
from infra.services import anchors as anchors_service
from infra.settings import Settings
from infra.wanted import end
from tests.engine.running import HandClock, running
from tests.engine.toy import Bump, Open
from tests.servers import Database
from tests.waiting import eventually_async

EVENING = datetime(2026, 6, 1, 15, 30, tzinfo=UTC)  # half past eleven in Shanghai
SIGNER = Signer(b"\7" * 32)
DAYS = [date(2026, 6, 1), date(2026, 6, 2), date(2026, 6, 3), date(2026, 6, 4)]


@pytest.fixture
def dsn(fresh_database: Database) -> str:
    """Two commands on the evening of 1 June, three on the 2nd, none on the 3rd, one on the 4th."""
    asyncio.run(write_days(fresh_database.dsn))
    return fresh_database.dsn


async def write_days(dsn: str) -> None:
    clock = HandClock(EVENING)
    async with running(dsn, clock=clock) as cell:
        counter = uuid4()
        await cell.ask(Bump(counter))
        await cell.ask(Open(late_seconds=10**7))
        for hours in (1, 5, 5):
            clock.forward(hours=hours)
            await cell.ask(Bump(counter))
        clock.at = EVENING + timedelta(days=3)
        await cell.ask(Bump(counter))


@pytest.fixture
def anchors(dsn: str, fresh_database: Database) -> Iterator[Anchors]:
    with open_session(fresh_database.dsn_as("tuan_auditor")) as session:
        yield Anchors(session, "cell_0")


def hashes(dsn: str, table: str) -> list[bytes]:
    key = {"events": "position", "commands": "seq"}[table]
    with psycopg.connect(dsn) as session:
        rows = session.execute(f"select hash from cell_0.{table} order by {key}".encode())
        return [hash for (hash,) in rows]


def root(hashes: list[bytes]) -> bytes:
    tree = Frontier()
    for hash in hashes:
        tree.add(leaf(hash))
    return tree.root()


def test_every_day_that_ended_is_anchored_where_it_ended(anchors: Anchors, dsn: str) -> None:
    now = EVENING + timedelta(days=4)
    made = list(anchors.make_due(SIGNER, now))
    assert [(it.day, it.position, it.command_seq) for it in made] == [
        (DAYS[0], 4, 2), (DAYS[1], 7, 5), (DAYS[2], 7, 5), (DAYS[3], 8, 6),
    ]  # fmt: skip
    events, commands = hashes(dsn, "events"), hashes(dsn, "commands")
    for it in made:
        assert (it.head_hash, it.root) == (events[it.position - 1], root(events[: it.position]))
        assert it.command_hash == commands[it.command_seq - 1]
        assert it.command_root == root(commands[: it.command_seq])
    assert [checkpoint for checkpoint, _ in anchors.stored()] == made
    assert list(anchors.make_due(SIGNER, now)) == []


def test_a_day_is_anchored_once_it_is_surely_over(anchors: Anchors) -> None:
    """A commit of the last second of the 4th may still be under way for a moment."""
    midnight = datetime(2026, 6, 4, 16, tzinfo=UTC)
    assert list(anchors.due(midnight + timedelta(seconds=59))) == DAYS[:3]
    assert list(anchors.due(midnight + timedelta(seconds=60))) == DAYS
    assert list(anchors.due(EVENING)) == DAYS[:3]  # the log itself says that these are over


def test_many_who_look_at_once_make_one_anchor_a_day(anchors: Anchors, dsn: str) -> None:
    def look(number: int) -> None:
        with open_session(dsn) as session:
            list(Anchors(session, "cell_0").make_due(SIGNER, EVENING + timedelta(days=4 + number)))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(look, [0] * 8))
    assert [checkpoint.day for checkpoint, _ in anchors.stored()] == DAYS


def test_a_cell_where_nothing_happened_has_no_days(fresh_database: Database) -> None:
    with open_session(fresh_database.dsn_as("tuan_auditor")) as session:
        empty = Anchors(session, "cell_0")
        assert list(empty.make_due(SIGNER, EVENING)) == []
        note = SIGNER.sign(empty.at_head(EVENING))
        assert opened(note, [SIGNER.public]).position == 0


def test_a_note_is_a_checkpoint_that_any_tool_can_check(anchors: Anchors) -> None:
    (first, *_) = anchors.make_due(SIGNER, EVENING + timedelta(days=4))
    ((_, note), *_) = anchors.stored()
    text, _, signature = note.partition("\n\n")
    lines = text.splitlines()
    assert lines[:3] == ["tuan/cell_0", "4", base64.b64encode(first.root).decode()]
    assert lines[3] == "day 2026-06-01"
    raw = base64.b64decode(signature.removeprefix("— tuan/cell_0 ").strip())
    name, id, data = SIGNER.verifier("cell_0").split("+", 2)
    assert (name, id) == ("tuan/cell_0", raw[:4].hex())
    key = base64.b64decode(data)
    assert key[:1] == b"\x01"
    Ed25519PublicKey.from_public_bytes(key[1:]).verify(raw[4:], (text + "\n").encode())
    assert opened(note, [Signer(b"\1" * 32).public, public_of(f"{name}+{id}+{data}")]) == first


def test_no_changed_note_is_opened(anchors: Anchors) -> None:
    note = SIGNER.sign(anchors.at_head(EVENING))
    assert opened(note, [SIGNER.public]).day is None
    with pytest.raises(BadNote, match="not signed by a key that is known"):
        opened(note, [Signer(b"\1" * 32).public])
    for at in range(len(note)):
        changed = note[:at] + chr(ord(note[at]) ^ 1) + note[at + 1 :]
        with pytest.raises(BadNote):
            opened(changed, [SIGNER.public])
    with pytest.raises(BadNote):
        opened(note + "\n", [SIGNER.public])


def test_notes_are_written_out_once(anchors: Anchors, tmp_path: Path) -> None:
    list(anchors.make_due(SIGNER, EVENING + timedelta(days=4)))
    written = write_out(tmp_path / "anchors", anchors.stored())
    assert [path.name for path in written] == [f"cell_0-{day}.txt" for day in DAYS]
    assert [path.read_text() for path in written] == [note for _, note in anchors.stored()]
    assert write_out(tmp_path / "anchors", anchors.stored()) == []
    assert sorted(path.name for path in (tmp_path / "anchors").iterdir()) == sorted(
        path.name for path in written
    )


async def test_the_process_anchors_by_itself_and_outlives_its_database_session(
    dsn: str, fresh_database: Database, tmp_path: Path
) -> None:
    clock = HandClock(EVENING + timedelta(days=1))
    of = fresh_database.dsn_as("tuan_auditor")
    process = Anchoring(of, "cell_0", SIGNER, clock, tmp_path / "anchors")
    running_one = asyncio.create_task(process.run())
    await eventually_async(anchored(process, DAYS[2]), 20)
    with psycopg.connect(dsn, autocommit=True) as session:
        session.execute(
            "select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'tuan-auditor'"
        )
    clock.forward(days=3)
    await eventually_async(anchored(process, DAYS[3]), 20)
    await end(running_one)
    assert len(list((tmp_path / "anchors").iterdir())) == 4


def anchored(process: Anchoring, day: date) -> Callable[[], Awaitable[bool]]:
    async def so() -> bool:
        return process.latest == day

    return so


def test_without_a_key_nothing_is_anchored(dsn: str, tmp_path: Path) -> None:
    async def a_while() -> None:
        process = Anchoring(dsn, "cell_0", None, HandClock(EVENING), tmp_path)
        waiting = asyncio.create_task(process.run())
        await asyncio.sleep(0)
        await end(waiting)
        assert process.latest is None

    asyncio.run(a_while())


def test_the_commands_say_what_is_anchored(
    dsn: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    create_clock(tmp_path / "clock", start=EVENING + timedelta(days=4), rate=0)
    settings = Settings(
        data_dir=tmp_path,
        clock_file=tmp_path / "clock",
        postgres_dsn=SecretStr(dsn),
        anchor_key=SecretStr("07" * 32),
    )
    assert anchors_service.main(settings) == 1
    anchor_service.main(settings, head=True)
    head = said(capsys).partition("\n")[2]
    assert opened(head, [SIGNER.public]).position == 8
    anchor_service.main(settings)
    assert "2026-06-04: anchored at position 8" in said(capsys)
    assert anchors_service.main(settings, datetime(2026, 6, 2)) == 0  # noqa: DTZ001
    note = said(capsys)
    assert note == (tmp_path / "anchors" / "cell_0-2026-06-02.txt").read_text()
    assert opened(note, [SIGNER.public]).day == DAYS[1]
    assert anchors_service.main(settings, datetime(2030, 1, 1)) == 1  # noqa: DTZ001
    said(capsys)
    assert anchors_service.main(settings) == 0
    lines = said(capsys).splitlines()
    assert lines[0] == f"verifier key: {SIGNER.verifier('cell_0')}"
    assert [line[:10] for line in lines[1:]] == [str(day) for day in DAYS]


def said(capsys: pytest.CaptureFixture[Any]) -> str:
    return str(capsys.readouterr().out)
