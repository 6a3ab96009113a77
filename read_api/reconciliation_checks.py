"""The checklist of a bill date: what must be in order before it closes, with a light and its figures."""

from collections.abc import Iterator
from typing import Any

from read_api.reconciliation_view import BillDayFile, BillFileView, Check, CodeSum, Light, fields


def day_file(
    row: dict[str, Any],
    sums: dict[str, Any],
    files: list[dict[str, Any]],
    counts: list[dict[str, Any]],
) -> BillDayFile:
    return BillDayFile(
        **fields(row),
        clearing_fen=sums["clearing_fen"],
        balance_fen=sums["balance_fen"],
        checklist=list(checks(row, sums, files)),
        codes=[CodeSum(**each) for each in counts],
        bills=[BillFileView(**each) for each in files],
    )


def checks(
    row: dict[str, Any], sums: dict[str, Any], files: list[dict[str, Any]]
) -> Iterator[Check]:
    states = {each["kind"]: each["state"] for each in files}
    there = sum(states.get(kind) in ("in_force", "absent") for kind in ("trade", "fundflow"))
    yield check("bills", "账单已取得", "Both bills are here", there == 2, 2, there)
    yield check(
        "chain", "账户结余连续", "Balances follow from each other", not row["gap"], wrong="red"
    )
    yield check("begun", "已开始对账", "Matching has begun", row["begun_at"] is not None)
    placed, lines = sums["trade_placed"], row["trade_lines"]
    yield check(
        "lines", "账单行均有去向", "Every line has its place", placed >= lines, lines, placed
    )
    clearing, waits = sums["clearing_fen"], row["waiting_ours"]
    yield check("clearing", "待清算只剩未达项", "Clearing holds only what waits", clearing == waits, waits, clearing)  # fmt: skip
    closing, theirs = row["closing_fen"], row["waiting_theirs"]
    if row["closed_at"] is not None:
        theirs = row["pending_theirs_fen"]  # as it was then
    held = sums["balance_fen"] + theirs
    yield check("balance", "账面等于账户结余", "The books hold the channel's balance", held == closing, closing, held)  # fmt: skip
    yield check("breaks", "差错已处理", "No break is open", not row["open_now"], 0, row["open_now"])
    yield check("ledger", "账簿完整", "Nothing of the ledger is parked", not sums["degraded"], wrong="red")  # fmt: skip
    yield check("earlier", "前一账单日已关账", "The date before is closed", sums["earlier_closed"] is not False)  # fmt: skip
    yield check("closed", "已关账", "Closed", row["closed_at"] is not None)


def check(
    name: str,
    zh: str,
    en: str,
    good: bool,
    expected: int | None = None,
    found: int | None = None,
    *,
    wrong: Light = "amber",
) -> Check:
    return Check(name=name, zh=zh, en=en, light="green" if good else wrong, expected=expected, found=found)  # fmt: skip
