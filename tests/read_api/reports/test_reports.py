"""Every report says what the events say, and every sum in it is explained by its entries, to the fen."""

import csv
import io
from collections import defaultdict
from datetime import date
from typing import Any

import pytest
from openpyxl import load_workbook

from domain.accounts import CHART
from read_api.reports.balances import BOOKS
from read_api.reports.catalogue import REPORTS
from read_api.reports.columns import TOTAL, yuan
from tests.delivery.history import History
from tests.read_api.conftest import Readers, tell
from tests.read_api.reports.telling import (
    BOSS,
    Posting,
    explained,
    given,
    rows,
    total_of,
)
from tests.servers import Database


def halves(books: list[Posting]) -> tuple[date, date, int]:
    """A period that leaves something before it and after it, and a moment when not all of it was known."""
    days = sorted({it.on for it in books})
    positions = [it.position for it in books]
    return days[len(days) // 3], days[-2], positions[len(positions) * 3 // 4]


def asked(books: list[Posting]) -> list[tuple[str, date, date, int]]:
    """Queries with what they mean."""
    since, to, known = halves(books)
    last = max(it.on for it in books)
    return [
        ("", date.min, date.max, 10**9),
        (f"from={since}&to={to}&as_known_at={known}", since, to, known),
        (f"from={last}", last, date.max, 10**9),
    ]


def signed(value: int | None) -> int:
    return value or 0


def by(books: list[Posting], *, of: Any) -> dict[Any, list[Posting]]:
    found: dict[Any, list[Posting]] = defaultdict(list)
    for it in books:
        found[of(it)].append(it)
    return found


async def test_the_trial_balance_opens_moves_and_closes(
    readers: Readers, books: list[Posting]
) -> None:
    for query, since, to, known in asked(books):
        shown = {it["account"]: it for it in await rows(readers, "trial-balance", query)}
        seen = [it for it in books if it.position <= known and it.on <= to]
        assert set(shown) == {it.account for it in seen}
        for account, lines in by(seen, of=lambda it: it.account).items():
            row = shown[account]
            within = [it for it in lines if it.on >= since]
            assert row["opening_fen"] == sum(it.debit - it.credit for it in lines if it.on < since)
            assert row["debit_fen"] == sum(it.debit for it in within)
            assert row["credit_fen"] == sum(it.credit for it in within)
            assert row["closing_fen"] == sum(it.debit - it.credit for it in lines)
            assert row["name"].startswith(CHART[account].zh)
        for zero in ("opening_fen", "closing_fen"):
            assert sum(it[zero] for it in shown.values()) == 0
        assert sum(it["debit_fen"] - it["credit_fen"] for it in shown.values()) == 0


@pytest.mark.parametrize("book", BOOKS, ids=lambda book: book[0])
async def test_sub_ledgers_are_what_their_accounts_are_made_of(
    readers: Readers, books: list[Posting], book: Any
) -> None:
    name, _, _, codes = book
    for query, since, to, known in asked(books):
        shown = {
            (it["account"], it["sub_key"]): it
            for it in await rows(readers, f"sub-ledger-{name}", query)
        }
        seen = [it for it in books if it.position <= known and it.on <= to and it.account in codes]
        for place, lines in by(seen, of=lambda it: (it.account, it.sub_key)).items():
            opening = sum(it.growth for it in lines if it.on < since)
            within = [it for it in lines if it.on >= since]
            if not opening and not within:
                assert place not in shown
                continue
            row = shown.pop(place)
            assert row["opening_fen"] == opening
            assert row["closing_fen"] == sum(it.growth for it in lines)
            assert row["debit_fen"] == sum(it.debit for it in within)
            assert row["credit_fen"] == sum(it.credit for it in within)
        assert shown == {}


async def test_what_is_in_suspense_rolls_forward(readers: Readers, books: list[Posting]) -> None:
    for query, since, to, known in asked(books):
        shown = await rows(readers, "suspense", query)
        if not query:
            assert {it["account"] for it in shown} == {"1915", "2915"}
        for row in shown:
            moved = row["opening_fen"] + row["new_fen"] - row["cleared_fen"]
            assert moved == row["closing_fen"]
            assert (row["bucket"] is None) == (row["closing_fen"] == 0)
        seen = [it for it in books if it.position <= known and it.account in ("1915", "2915")]
        within = [it.growth for it in seen if since <= it.on <= to]
        assert sum(it["new_fen"] for it in shown) == sum(fen for fen in within if fen > 0)
        assert sum(it["cleared_fen"] for it in shown) == -sum(fen for fen in within if fen < 0)


async def test_refunds_owed_are_listed_with_their_age(
    readers: Readers, books: list[Posting]
) -> None:
    first = min(it.on for it in books if it.account == "2210")
    shown = await rows(readers, "refund-ageing", f"as_of={first}")
    owed: dict[str, int] = defaultdict(int)
    for it in books:
        if it.account in ("2210", "2220") and it.on <= first:
            owed[str(it.entry.refund_id or it.sub_key)] += it.growth
    assert {
        it["refund"]: it["payable_fen"] + it["unclaimed_fen"]
        for it in shown
        if it["payable_fen"] or it["unclaimed_fen"]
    } == {refund: fen for refund, fen in owed.items() if fen}
    assert {(it["since"], it["age_days"], it["bucket"]) for it in shown} == {
        (str(first), 0, "≤ T+1")
    }
    late = await rows(readers, "refund-ageing", f"as_of={date(2027, 6, 1)}")
    assert {it["bucket"] for it in late} == {"> T+30"}


async def test_what_vat_is_due_on(readers: Readers, books: list[Posting]) -> None:
    shown = await rows(readers, "vat-base")
    codes = {"commission_fen": "4010", "sales_fen": "4000", "vat_fen": "2510"}
    for cell, code in codes.items():
        found = sum(it.growth for it in books if it.account == code)
        assert sum(it[cell] for it in shown) == found
    for row in shown:
        assert row["gross_fen"] == sum(row[cell] for cell in codes)
        assert row["merchant"]
    assert sum(it["gross_fen"] for it in shown) != 0


async def test_the_journal_has_every_line_and_the_general_ledger_its_running_balance(
    readers: Readers, books: list[Posting]
) -> None:
    for query, since, to, known in asked(books):
        seen = [it for it in books if it.position <= known and since <= it.on <= to]
        journal = await rows(readers, "journal", query)
        assert [
            (it["position"], it["line"], it["debit_fen"], it["credit_fen"]) for it in journal
        ] == [(it.position, it.line, it.debit, it.credit) for it in seen]
        ledger = await rows(readers, "general-ledger", query)
        assert len(ledger) == len(seen)
        balances: dict[str, int] = defaultdict(int)
        for it in books:
            if it.position <= known and it.on < since:
                balances[it.account] += it.growth
        for row in ledger:
            balances[row["account"]] += CHART[row["account"]].balance(
                row["debit_fen"], row["credit_fen"]
            )
            assert row["balance_fen"] == balances[row["account"]]
        order = [(it["account"], it["value_date"], it["position"]) for it in ledger]
        assert order == sorted(order)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("name", list(REPORTS))
async def test_every_cell_of_every_report_is_what_its_entries_add_up_to(
    readers: Readers, books: list[Posting], name: str
) -> None:
    report = REPORTS[name]
    for query, *_ in asked(books):
        shown = await rows(readers, name, query)
        for row in shown:
            for cell in report.cells:
                behind = await explained(readers, row, cell)
                assert sum(it["fen"] for it in behind) == row[cell], (cell, row)
                for it in (one for one in behind if "lines" in one):
                    assert sum(ln["debit_fen"] - ln["credit_fen"] for ln in it["lines"]) == 0
        for column in report.columns:
            if column.sums:
                behind = await explained(readers, total_of(name, query), column.key)
                assert sum(it["fen"] for it in behind) == sum(it[column.key] for it in shown)


async def test_an_explanation_stands_whatever_is_recorded_later(
    readers: Readers, database: Database, history: History, books: list[Posting]
) -> None:
    shown = await rows(readers, "trial-balance")
    await tell(database, history, given(), "books")
    for row in shown[:5]:
        behind = await explained(readers, row, "closing_fen")
        assert sum(it["fen"] for it in behind) == row["closing_fen"]
    now = await rows(readers, "trial-balance", f"as_known_at={books[-1].position}")
    assert [it["closing_fen"] for it in now] == [it["closing_fen"] for it in shown]
    assert await rows(readers, "trial-balance") != shown


@pytest.mark.parametrize("name", list(REPORTS))
async def test_all_formats_show_the_same_numbers(
    readers: Readers, history: History, books: list[Posting], name: str
) -> None:
    known = f"as_known_at={books[-1].position}"
    shown = await rows(readers, name, known)
    of = REPORTS[name].values.get("book", [it.account for it in books])
    assert shown or not any(it.account in of for it in books)
    path = f"/v1/reports/{name}?{known}&format="
    text = await readers.get(path + "csv", BOSS)
    assert text.headers["content-type"] == "text/csv; charset=utf-8"
    assert f'filename="{name}_at-' in text.headers["content-disposition"]
    lacking = {
        it for (it,) in history.rows("select handler from read.parked where tenant = 'books'")
    }
    assert "ledger_v2" not in lacking
    degraded = not lacking.isdisjoint(REPORTS[name].reads)
    assert text.headers["tuan-degraded"] == str(degraded).lower()
    heading, *lines = csv.reader(io.StringIO(text.content.decode("utf-8-sig"), newline=""))
    book = load_workbook(io.BytesIO((await readers.get(path + "xlsx", BOSS)).content))
    cells = list(book.worksheets[0].iter_rows(values_only=True))
    columns = REPORTS[name].columns
    assert (
        heading[: len(columns)] == [it.heading for it in columns] == list(cells[0])[: len(columns)]
    )
    assert len(lines) == len(cells) - 1 == len(shown) + any(it.sums for it in columns)
    for at, column in enumerate(columns):
        if column.kind == "fen":
            assert [line[at] for line in lines[: len(shown)]] == [
                "" if row[column.key] is None else yuan(row[column.key]) for row in shown
            ]
            in_cells = [round(signed(line[at]) * 100) for line in cells[1 : len(shown) + 1]]
            assert in_cells == [signed(row[column.key]) for row in shown]
            if column.sums:
                assert lines[-1][at] == yuan(sum(signed(row[column.key]) for row in shown))
                assert lines[-1][0] == TOTAL
