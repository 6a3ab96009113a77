"""The bank's files: payouts written as CSV with their totals, and its answer read back, strictly or not at all.

An account is what was sealed for the merchant: number|holder|bank. Amounts are yuan
with two decimals, as banks want them; text that a spreadsheet would run is quoted as text.
"""

import csv
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta, timezone
from hashlib import sha256
from io import StringIO
from re import fullmatch
from typing import Final, NamedTuple

from commands.hear_bank import LINES_MAX, BankWord
from commands.send_payouts_by_bank import BankBatch
from domain.ids import PayoutId

BEIJING: Final = timezone(timedelta(hours=8))
WANTED: Final = ("序号", "商户打款单号", "收款账号", "收款户名", "开户银行", "金额(元)", "用途")
TOLD: Final = ("商户打款单号", "结果", "金额(元)", "时间", "银行流水号", "手续费(元)", "原因")
TOTAL: Final = "合计"
PURPOSE: Final = "货款结算"
RESULTS: Final = {"处理中": "processing", "成功": "confirmed", "失败": "failed", "退汇": "returned"}
RUNS: Final = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for a formula


class LineError(NamedTuple):
    """What is wrong with one line; 0 is the file."""

    line: int
    what: str


class BadBankFile(Exception):
    """The answer is not taken, not even in part."""

    def __init__(self, errors: Sequence[LineError]) -> None:
        super().__init__("; ".join(f"{one.line}: {one.what}" for one in errors))
        self.errors = errors


def written(batch: BankBatch, accounts: Mapping[PayoutId, str]) -> bytes:
    """The file of a batch: a line each, then how many and how much. UTF-8 with a mark, as banks' programs want."""
    rows: list[Sequence[str]] = [WANTED]
    for n, line in enumerate(batch.lines, 1):
        number, holder, bank = (*accounts[line.payout_id].split("|", 2), "", "")[:3]
        account = tuple(map(harmless, (number, holder, bank)))
        rows.append((str(n), line.number, *account, yuan(line.amount_fen), PURPOSE))
    rows.append((TOTAL, str(batch.count), "", "", "", yuan(batch.total_fen), batch.batch_id.hex))
    buffer = StringIO()
    csv.writer(buffer, lineterminator="\r\n").writerows(rows)
    return buffer.getvalue().encode("utf-8-sig")


def read_answer(text: str) -> tuple[BankWord, ...]:
    """What the bank says of each line. Its last line repeats how many and how much. Raises: BadBankFile."""
    rows = list(csv.reader(StringIO(text.removeprefix("\ufeff")), strict=False))
    if len(rows) < 3 or tuple(rows[0]) != TOLD:
        raise BadBankFile([LineError(1, f"the header must be {','.join(TOLD)}")])
    *lines, last = rows[1:]
    if len(lines) > LINES_MAX:
        raise BadBankFile([LineError(0, f"more than {LINES_MAX} lines")])
    errors: list[LineError] = []
    words = []
    for n, row in enumerate(lines, 2):
        try:
            words.append(word(row))
        except ValueError as wrong:
            errors.append(LineError(n, str(wrong)))
    if not errors:
        errors += totals(last, words, len(rows))
    if errors:
        raise BadBankFile(errors)
    return tuple(words)


def totals(last: Sequence[str], words: Sequence[BankWord], line: int) -> Iterator[LineError]:
    """The last line against those before it."""
    expected = [TOTAL, str(len(words)), yuan(sum(word.amount_fen for word in words))]
    if list(last[:3]) != expected:
        yield LineError(line, f"the totals must be {','.join(expected)}")


def word(row: Sequence[str]) -> BankWord:
    """Raises: ValueError."""
    if len(row) != len(TOLD):
        raise ValueError(f"{len(row)} columns instead of {len(TOLD)}")
    number, result, amount, at, reference, fee, reason = (cell.strip() for cell in row)
    if result not in RESULTS:
        raise ValueError(f"结果 must be one of {'、'.join(RESULTS)}")
    if not number or len(number) > 64 or len(reference) > 300 or len(reason) > 300:
        raise ValueError("a number is missing, or a text is too long")
    return BankWord(
        number=number,
        result=RESULTS[result],  # type: ignore[arg-type]
        amount_fen=fen(amount),
        at=datetime.strptime(at, "%Y-%m-%d %H:%M:%S").replace(tzinfo=BEIJING),
        reference=reference,
        fee_fen=fen(fee) if fee else 0,
        code=reason,
    )


def yuan(fen: int) -> str:
    return f"{fen // 100}.{fen % 100:02d}"


def fen(yuan: str) -> int:
    """Raises: ValueError unless it is written with two decimals."""
    if not fullmatch(r"[0-9]{1,9}\.[0-9]{2}", yuan):
        raise ValueError(f"{yuan!r} is no amount with two decimals")
    return int(yuan.replace(".", ""))


def harmless(text: str) -> str:
    """Text that no spreadsheet runs."""
    return f"'{text}" if text.startswith(RUNS) else text


def file_name(batch: BankBatch, content: bytes) -> str:
    """Tells apart two files of one day, and a file that was changed."""
    return f"payouts-{batch.batch_id.hex[:12]}-{sha256(content).hexdigest()[:12]}.csv"
