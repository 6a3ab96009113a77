"""The books stand before a judge that is not ours: the real bean-check, run as a program of its own."""

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from read_api.reports.beancount import account, component, string
from tests.delivery.history import History
from tests.read_api.conftest import Readers
from tests.read_api.reports.telling import BOSS, Posting, rows

PROGRAM = Path(sys.executable).with_name("bean-check")
JOURNAL = "/v1/reports/journal?format=beancount"


def judged(text: str, directory: Path) -> tuple[int, str]:
    """What bean-check says of it. It is GPL: run beside us, imported by nothing."""
    if not PROGRAM.exists():
        pytest.skip("bean-check is not installed beside this Python: it comes with the test extra")
    path = directory / "books.beancount"
    path.write_text(text)
    ran = subprocess.run(
        [PROGRAM, "--no-cache", path], capture_output=True, text=True, timeout=100, check=False
    )
    return ran.returncode, ran.stdout + ran.stderr


async def text_of(readers: Readers, query: str = "") -> str:
    answer = await readers.get(JOURNAL + query, BOSS)
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == "text/x-beancount; charset=utf-8"
    return answer.text


async def test_bean_check_finds_nothing_wrong(
    readers: Readers, books: list[Posting], tmp_path: Path
) -> None:
    days = sorted({it.on for it in books})
    known = books[len(books) * 2 // 3].position
    for query in ("", f"&from={days[1]}", f"&from={days[1]}&to={days[-1]}&as_known_at={known}"):
        text = await text_of(readers, query)
        assert " balance " in text
        assert judged(text, tmp_path) == (0, "")


async def test_bean_check_would_notice_a_fen(
    readers: Readers, books: list[Posting], tmp_path: Path
) -> None:
    text = await text_of(readers)
    posting = re.search(r"^  Assets:1120\S+  (-?\d+\.\d)(\d) CNY$", text, re.MULTILINE)
    assert posting is not None
    changed = f"{posting[1]}{(int(posting[2]) + 1) % 10}"
    wrong = text[: posting.start(1)] + changed + text[posting.end(2) :]
    code, said = judged(wrong, tmp_path)
    assert code != 0
    assert "does not balance" in said
    assert "Balance failed" in said
    lost = re.sub(r"\n\d{4}-\d\d-\d\d \* (.|\n)*?\n(?=\n)", "\n", text, count=1)
    code, said = judged(lost, tmp_path)
    assert code != 0
    assert "Balance failed" in said


async def test_every_entry_is_there_once_and_names_its_event(
    readers: Readers, history: History, books: list[Posting]
) -> None:
    text = await text_of(readers)
    entries = Counter(re.findall(r'^  entry_id: "(.*)"$', text, re.MULTILINE))
    assert set(entries) == {it["entry_id"] for it in await rows(readers, "journal")}
    assert set(entries.values()) == {1}
    assert text.count("\n    sub_key: ") == len(books)
    first = books[0]
    ((stream, version, hash, epoch),) = history.rows(
        "select stream_id, version, encode(hash, 'hex'), epoch from cell_0.events where position = %s",
        first.position,
    )
    (told,) = (it for it in text.split("\n\n") if f"  position: {first.position}\n" in it)
    assert f'  hash: "{hash}"\n' in told
    assert f'  event_id: "cell_0.{epoch}.{first.position}"\n' in told
    assert f"{stream} v{version}" in told
    assert f'  rule: "{first.entry.rule} v{first.entry.rule_version}"\n' in told


async def test_only_the_whole_journal_comes_as_entries(readers: Readers) -> None:
    for query in ("trial-balance?format=beancount", "journal?format=beancount&account=1120"):
        refused = await readers.get(f"/v1/reports/{query}", BOSS)
        assert (refused.status_code, refused.json()["code"]) == (422, "invalid_query")


def test_names_and_strings_are_such_as_the_language_has() -> None:
    assert (
        account("1120", "wechatpay 2026-06-01")
        == "Assets:1120-Channel-clearing:Wechatpay-2026-06-01"
    )
    assert account("9020") == "Liabilities:9020-" + component("Custody: owed")
    assert [component(it) for it in ("buyers' escrow", "支付", "1a")] == [
        "Buyers-escrow",
        "X",
        "1a",
    ]
    assert string('a"b\\c\nd\0') == '"a\\"b\\\\c d "'
