"""The bank's files: what is written adds up, and an answer is read whole or not at all."""

import csv
from datetime import UTC, datetime
from io import StringIO
from uuid import UUID

import pytest

from commands.bank_files import (
    TOLD,
    TOTAL,
    WANTED,
    BadBankFile,
    LineError,
    file_name,
    read_answer,
    written,
)
from commands.send_payouts_by_bank import BankBatch, BankLine
from tests.payouts import NUMBERS, M, P

LINES = tuple(BankLine(P, M, number, fen, "sealed") for number, fen in zip(NUMBERS, (7920, 5, 100), strict=False))  # fmt: skip
BATCH = BankBatch(UUID(int=0xBA7C4), LINES, 3, 8025)
HEAD = ",".join(TOLD)
GOOD = (
    f"{NUMBERS[0]},成功,79.20,2026-11-25 10:00:00,B1,1.00,",
    f"{NUMBERS[1]},失败,0.05,2026-11-25 10:00:01,B2,,账号户名不符",
    f"{NUMBERS[2]},退汇,1.00,2026-11-25 10:00:02,B3,0.50,账户已销户",
)
SUM = f"{TOTAL},3,80.25,,,,"


def rows(content: bytes) -> list[list[str]]:
    return list(csv.reader(StringIO(content.decode("utf-8-sig"))))


def test_a_file_names_each_account_and_adds_up() -> None:
    content = written(BATCH, {P: "6222 0212|王大锤|中国银行, 广州分行"})
    head, *lines, last = rows(content)
    assert tuple(head) == WANTED
    assert [line[1] for line in lines] == list(NUMBERS[:3])
    assert lines[0][2:6] == ["6222 0212", "王大锤", "中国银行, 广州分行", "79.20"]
    assert (last[0], last[1], last[5]) == (TOTAL, "3", "80.25")
    assert content.startswith(b"\xef\xbb\xbf")
    assert file_name(BATCH, content) != file_name(BATCH, content + b" ")


@pytest.mark.parametrize("account", ["=1+1|@x|+y", "\t=1|-2|ok"])
def test_no_account_is_run_by_a_spreadsheet(account: str) -> None:
    line = rows(written(BATCH, {P: account}))[1]
    assert all(not cell.startswith(("=", "+", "-", "@", "\t")) for cell in line)


def test_an_answer_is_read_line_by_line() -> None:
    paid, refused, returned = read_answer("\r\n".join(("\ufeff" + HEAD, *GOOD, SUM, "")))
    assert (paid.number, paid.result, paid.amount_fen, paid.fee_fen) == (NUMBERS[0], "confirmed", 7920, 100)  # fmt: skip
    assert paid.at == datetime(2026, 11, 25, 2, tzinfo=UTC)
    assert (refused.result, refused.fee_fen, refused.code) == ("failed", 0, "账号户名不符")
    assert (returned.result, returned.reference) == ("returned", "B3")


@pytest.mark.parametrize(
    ("bad", "what"),
    [
        ("x,成功,79.2,2026-11-25 10:00:00,B1,,", "two decimals"),
        ("x,成功,-1.00,2026-11-25 10:00:00,B1,,", "two decimals"),
        ("x,也许,1.00,2026-11-25 10:00:00,B1,,", "结果"),
        ("x,成功,1.00,25.11.2026,B1,,", "does not match format"),
        ("x,成功,1.00", "3 columns"),
        (",成功,1.00,2026-11-25 10:00:00,B1,,", "missing"),
    ],
)
def test_one_bad_line_refuses_the_whole_answer_and_is_named(bad: str, what: str) -> None:
    with pytest.raises(BadBankFile) as refused:
        read_answer("\n".join((HEAD, GOOD[0], bad, SUM)))
    [error] = refused.value.errors
    assert error.line == 3
    assert what in error.what


@pytest.mark.parametrize("last", [f"{TOTAL},2,80.25,,,,", f"{TOTAL},3,80.26,,,,", GOOD[0]])
def test_totals_that_do_not_add_up_refuse_the_whole_answer(last: str) -> None:
    with pytest.raises(BadBankFile, match="totals"):
        read_answer("\n".join((HEAD, *GOOD, last)))


@pytest.mark.parametrize("text", ["", "a,b\n1,2\n3,4", HEAD, f"{HEAD}\n{SUM}"])
def test_what_is_no_answer_is_refused(text: str) -> None:
    with pytest.raises(BadBankFile) as refused:
        read_answer(text)
    assert refused.value.errors[0] == LineError(1, f"the header must be {HEAD}")


def test_a_file_that_is_too_long_is_refused() -> None:
    with pytest.raises(BadBankFile, match="more than 200"):
        read_answer("\n".join((HEAD, *[GOOD[0]] * 201, SUM)))
