"""A pack proves what happened on a machine that has nothing of ours, and nothing once any byte of it is another."""

import asyncio
import json
import subprocess
import sys
import zipfile
from collections.abc import Callable
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from random import Random
from types import ModuleType
from typing import Any

import pytest

from infra.evidence.bill_lines import line_of
from infra.evidence.checkpoint import Signer, b64
from infra.evidence.gather import NoEvidence
from infra.evidence.verifier.container import packed
from infra.evidence.verifier.main import SIGNED_AS
from infra.services import evidence as service
from infra.settings import Settings
from tests.infra.evidence.packs import KEY, SIGNER, World, made, standing_alone
from tests.infra.evidence.settled import BILL_DATE, LINES, TEXT
from tests.servers import Database

FLIPS = 150  # of each kind


@pytest.fixture(scope="module")
def world(database: Database) -> World:
    return asyncio.run(made(database))


@pytest.fixture(scope="module")
def verify() -> ModuleType:
    return standing_alone()


@pytest.fixture(scope="module")
def refund(world: World) -> bytes:
    return world.pack("refund", world.refunds[1])


def alone(pack: bytes, directory: Path, *options: str) -> tuple[int, str]:
    """Runs `verify.py` out of the pack with a bare Python in an otherwise empty directory."""
    (directory / "pack.zip").write_bytes(pack)
    with zipfile.ZipFile(BytesIO(pack)) as archive:
        archive.extract("verify.py", directory)
    argv = [sys.executable, "-I", "-S", "verify.py", "pack.zip", *options]
    done = subprocess.run(argv, cwd=directory, env={}, capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def files_of(pack: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(BytesIO(pack)) as archive:
        assert archive.testzip() is None
        return {each.filename: archive.read(each) for each in archive.infolist()}


def proven(verify: ModuleType, pack: bytes, tmp_path: Path, key: str = KEY) -> list[str] | None:
    """What the verifier says; None when it says no."""
    path = tmp_path / "pack.zip"
    path.write_bytes(pack)
    no = (verify.Failed, KeyError, TypeError, ValueError, IndexError, AttributeError)
    try:
        told: list[str] = verify.verified(str(path), key)
    except no:
        return None
    return told


@pytest.mark.parametrize("kind", ["order", "refund", "payout", "day"])
def test_a_pack_is_proven_by_a_bare_python(world: World, tmp_path: Path, kind: Any) -> None:
    ids = {
        "order": world.orders[-2], "refund": world.refunds[0], "payout": world.payout, "day": "2026-06-02",
    }  # fmt: skip
    id = ids[kind]
    code, said = alone(world.pack(kind, id), tmp_path, "--key", KEY)
    assert code == 0, said
    assert f"proven: evidence of {kind} {id} of tenant acme" in said
    assert "are in the signed log, byte for byte" in said
    assert "NOTE" not in said


def test_a_refund_that_took_detours_is_shown_to_have_moved_once(
    world: World, refund: bytes, tmp_path: Path
) -> None:
    code, said = alone(refund, tmp_path)
    assert code == 0, said
    stream = world.refunds[1]
    assert f"refund {stream}: money moved once (elsewhere: ICBC 7); 3 attempts" in said
    assert "one number alive at a time" in said
    assert "fen came in, no more than" in said
    assert "the log begins with what was anchored on 1 days, the last 2026-06-03" in said
    assert f"NOTE: the key came with the pack; is it the platform's? {KEY}" in said


def test_an_anchor_that_the_reader_kept_is_recognised(
    world: World, refund: bytes, tmp_path: Path
) -> None:
    kept = tmp_path / "kept.txt"
    kept.write_bytes(files_of(refund)["anchors/2026-06-03.txt"])
    assert "kept.txt is one of them" in alone(refund, tmp_path, "--anchor", "kept.txt")[1]
    kept.write_text("tuan/cell_0\n")
    code, said = alone(refund, tmp_path, "--anchor", "kept.txt")
    assert (code, "is none of the anchors" in said) == (1, True)


def test_a_payout_is_shown_to_have_moved_once_and_to_be_its_statement(
    world: World, tmp_path: Path
) -> None:
    pack = world.pack("payout", world.payout)
    assert f"payout {world.payout}: money moved once" in alone(pack, tmp_path)[1]
    events = [json.loads(line) for line in files_of(pack)["events.jsonl"].splitlines()]
    kinds = {event["type"] for event in events}
    assert {"statement.line_added.v1", "statement.closed.v1", "payout.confirmed.v1"} <= kinds


def test_a_closed_bill_date_comes_with_the_bill_as_it_was(world: World, tmp_path: Path) -> None:
    pack = world.pack("day", BILL_DATE)
    code, said = alone(pack, tmp_path, "--key", KEY)
    assert code == 0, said
    assert "1 raw bills are what they were when they were fetched" in said
    assert files_of(pack)[f"bills/{sha256(TEXT).hexdigest()}.txt"] == TEXT
    assert b'"day.closed.v1"' in files_of(pack)["events.jsonl"]


def test_a_matched_order_comes_with_the_line_of_the_bill(world: World, tmp_path: Path) -> None:
    pack = world.pack("order", world.orders[1])
    code, said = alone(pack, tmp_path, "--key", KEY)
    assert code == 0, said
    assert "1 lines of bills say what was matched with them" in said
    (line,) = [json.loads(row) for row in files_of(pack)["bill_lines.jsonl"].splitlines()]
    assert (line["line"], line["row"], line["text"]) == (2, 3, "`09:01,`TX3")
    assert line["sha256"] == sha256(LINES).hexdigest()
    assert b"TX3" not in world.pack("order", world.orders[0])


def test_calls_to_the_channel_stand_with_their_digests(refund: bytes) -> None:
    files = files_of(refund)
    calls = [json.loads(line) for line in files["attempts.jsonl"].splitlines()]
    commands = [json.loads(line) for line in files["commands.jsonl"].splitlines()]
    bodies = {sha256(one["body"].encode()).hexdigest() for one in commands}
    started = [call for call in calls if "request_sha256" in call]
    answered = [call for call in calls if "response_sha256" in call]
    assert [call["attempt"] for call in started] == [1, 2, 3]
    assert len({call["number"] for call in started}) == 2
    assert {call["response_sha256"] for call in answered} <= bodies
    assert {"attempt_accepted", "closed", "abnormal"} <= {call.get("word") for call in calls}


def test_entries_are_those_of_the_books(world: World) -> None:
    files = files_of(world.pack("order", world.orders[-2]))
    entries = [json.loads(line) for line in files["entries.jsonl"].splitlines()]
    assert {"payment.captured.v1", "order.refund_owed.v1", "refund.succeeded.v1"} <= {
        entry["event"] for entry in entries
    }
    assert all(
        line["debit_fen"] or line["credit_fen"] for entry in entries for line in entry["lines"]
    )


def test_nothing_of_another_tenant_is_ever_packed(world: World) -> None:
    for kind, id, tenant in (
        ("order", world.foreign, "acme"), ("order", world.orders[0], "other"),
        ("refund", world.orders[0], "acme"), ("order", "2026-06-01", "acme"), ("order", "x", "acme"),
        ("day", "1999-01-01", "acme"), ("day", "2026-06-01", "nobody"), ("day", "2026-06-01", ""),
        ("day", "9999-12-31", "acme"), ("payout", world.orders[0], "acme"),
    ):  # fmt: skip
        with pytest.raises(NoEvidence):
            world.pack(kind, id, tenant)  # type: ignore[arg-type]
    day = files_of(world.pack("day", "2026-06-02"))
    assert b'"tenant":"other"' not in day["events.jsonl"] + day["commands.jsonl"]
    assert b'"tenant":"acme"' in day["events.jsonl"]


def test_the_same_evidence_is_the_same_file(world: World, refund: bytes) -> None:
    assert world.pack("refund", world.refunds[1]) == refund
    assert packed(files_of(refund)) == refund


# --- whatever is changed ----------------------------------------------------------------------


def test_any_byte_of_the_file_that_is_another_is_noticed(
    refund: bytes, verify: ModuleType, tmp_path: Path
) -> None:
    assert proven(verify, refund, tmp_path)
    rng = Random(1)
    for _ in range(FLIPS):
        at = rng.randrange(len(refund))
        changed = refund[:at] + bytes([refund[at] ^ 1 << rng.randrange(8)]) + refund[at + 1 :]
        assert proven(verify, changed, tmp_path) is None, at
    for cut in (1, 22, 500):
        assert proven(verify, refund[:-cut], tmp_path) is None
    assert proven(verify, refund + b"\0", tmp_path) is None


def test_any_byte_inside_that_is_another_is_noticed_however_well_it_is_packed_again(
    refund: bytes, verify: ModuleType, tmp_path: Path
) -> None:
    files = files_of(refund)
    full = sorted(name for name, data in files.items() if data)
    rng = Random(2)
    for number in range(FLIPS * 2):
        name = full[number % len(full)]
        changed = dict(files)
        changed[name] = flipped(files[name], rng)
        assert proven(verify, packed(changed), tmp_path) is None, name
        assert proven(verify, packed(listed(changed)), tmp_path) is None, name
    for name in files:
        without = {other: data for other, data in files.items() if other != name}
        assert proven(verify, packed(without), tmp_path) is None, name
        assert proven(verify, packed(listed(without)), tmp_path) is None, name
    assert proven(verify, packed({**files, "more.txt": b""}), tmp_path) is None


def flipped(data: bytes, rng: Random) -> bytes:
    at = rng.randrange(len(data))
    return data[:at] + bytes([data[at] ^ 1 << rng.randrange(8)]) + data[at + 1 :]


def listed(files: dict[str, bytes]) -> dict[str, bytes]:
    """With a manifest that says what is there; its signature is the old one."""
    try:
        manifest = json.loads(files["manifest.json"])
    except (KeyError, ValueError):
        return files
    others = {name: data for name, data in files.items() if not name.startswith("manifest.")}
    manifest["files"] = {name: sha256(data).hexdigest() for name, data in others.items()}
    return {**files, "manifest.json": json.dumps(manifest, indent=1).encode() + b"\n"}


def test_only_the_platforms_own_key_will_do(
    world: World, verify: ModuleType, tmp_path: Path
) -> None:
    forger = Signer(b"\1" * 32)
    forged = world.pack("refund", world.refunds[1], signer=forger)
    assert proven(verify, forged, tmp_path) is None
    told = proven(verify, forged, tmp_path, key="")
    assert told is not None
    assert told[-1].startswith("NOTE: the key came with the pack")


# --- whoever signs cannot lie either ----------------------------------------------------------

Rows = list[dict[str, Any]]


def resigned(files: dict[str, bytes]) -> bytes:
    """Packed again with a signature of the platform's own over the manifest."""
    files = listed(files)
    signature = SIGNER.sign_bytes(SIGNED_AS + files["manifest.json"])
    return packed({**files, "manifest.sig": b64(signature).encode() + b"\n"})


def edited(files: dict[str, bytes], name: str, edit: Callable[[Rows], None]) -> dict[str, bytes]:
    rows = [json.loads(line) for line in files[name].splitlines()]
    edit(rows)
    text = "".join(
        json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n" for row in rows
    )
    return {**files, name: text.encode()}


def put(number: int, name: str, value: Any) -> Callable[[Rows], None]:
    return lambda rows: rows[number].__setitem__(name, value)


def drop(number: int) -> Callable[[Rows], None]:
    return lambda rows: rows.__delitem__(number)


def swap(rows: Rows) -> None:
    rows[1], rows[2] = rows[2], rows[1]


@pytest.mark.parametrize(
    ("edit", "why"),
    [
        (put(0, "text", "`09:01,`TX4"), "is not what was matched"),
        (put(0, "line", 3), "no event matched it"),
        (put(0, "position", 1), "no event matched it"),
        (put(0, "sha256", "0" * 64), "no event names its file"),
    ],
)
def test_a_line_of_a_bill_that_nobody_matched_is_noticed(
    world: World, verify: ModuleType, tmp_path: Path, edit: Callable[[Rows], None], why: str
) -> None:
    files = files_of(world.pack("order", world.orders[1]))
    path = tmp_path / "pack.zip"
    path.write_bytes(resigned(edited(files, "bill_lines.jsonl", edit)))
    with pytest.raises(verify.Failed, match=why):
        verify.verified(str(path), KEY)


@pytest.mark.parametrize(
    ("name", "edit", "why"),
    [
        ("events.jsonl", put(3, "data", "{}"), "is not what was stored"),
        ("events.jsonl", put(3, "recorded_at", "2026-06-01T00:00:00.000000+00:00"), "none of its command's"),
        ("events.jsonl", put(3, "tenant", "other"), "another tenant"),
        ("events.jsonl", drop(-1), "before the manifest says"),
        ("events.jsonl", drop(3), "is left out"),
        ("events.jsonl", swap, "not in their order"),
        ("commands.jsonl", put(2, "reply", "{}"), "is not what was stored"),
        ("commands.jsonl", put(2, "principal", "nobody"), "is not what was stored"),
        ("commands.jsonl", drop(2), "is missing"),
        ("entries.jsonl", put(0, "entry_id", "0"), "another's id"),
        ("entries.jsonl", lambda rows: rows[0]["lines"].pop(), "does not add up to zero"),
        ("entries.jsonl", put(0, "position", 999), "is missing"),
        ("attempts.jsonl", drop(0), "not what the events say"),
        ("attempts.jsonl", put(0, "request_sha256", "0"), "not what the events say"),
        ("nodes.jsonl", put(0, "hash", "00" * 32), "not in the signed log|do not begin"),
        ("nodes.jsonl", drop(0), "a proof lacks"),
    ],
)  # fmt: skip
def test_whoever_holds_the_key_cannot_put_another_past_into_a_pack(
    refund: bytes, verify: ModuleType, tmp_path: Path, name: str,
    edit: Callable[[Rows], None], why: str,
) -> None:  # fmt: skip
    files = files_of(refund)
    path = tmp_path / "pack.zip"
    path.write_bytes(resigned(files))
    assert verify.verified(str(path), KEY)
    path.write_bytes(resigned(edited(files, name, edit)))
    with pytest.raises(verify.Failed, match=why):
        verify.verified(str(path), KEY)


def test_the_command_writes_a_pack(
    world: World, database: Database, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = Settings.model_validate(
        {"data_dir": tmp_path, "postgres_dsn": database.dsn, "anchor_key": "07" * 32}
    )
    out = tmp_path / "refund.zip"
    assert service.main(settings, service.Kind.refund, str(world.refunds[0]), out) == 0
    assert f"--key {KEY}" in capsys.readouterr().out
    (tmp_path / "empty").mkdir()
    assert alone(out.read_bytes(), tmp_path / "empty", "--key", KEY)[0] == 0
    assert service.main(settings, service.Kind.order, str(world.refunds[0]), tmp_path / "no") == 1
    assert "cell_0 has no order" in capsys.readouterr().err
    assert service.main(settings, service.Kind.day, "2026-06-01", tmp_path / "no") == 1
    assert "say --tenant" in capsys.readouterr().err
    assert service.main(settings, service.Kind.day, "2026-06-01", out, "acme") == 0
    assert sorted(path.name for path in tmp_path.iterdir()) == ["empty", "refund.zip"]


@pytest.mark.parametrize("encoding", ["utf-8-sig", "gbk"])
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_lines_are_counted_from_the_first_under_the_heading(encoding: str, size: int) -> None:
    heads = ["#支付宝业务明细查询", "#账号：[2088]", "支付宝交易号,商户订单号"]
    data = "\r\n".join([*heads, "T1,甲", "T2,乙", "#合计", ""]).encode(encoding)
    pieces = [data[at : at + size] for at in range(0, len(data), size)]
    found = [line_of(iter(pieces), number) for number in (1, 2, 9)]
    assert found == [(4, "T1,甲"), (5, "T2,乙"), (0, "")]
