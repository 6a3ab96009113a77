"""Bills against books as finance downloads them: each line side by side, each date in one row, each break."""

from collections import defaultdict

from domain.events.recon import BreakOpened, LinesMatched, LinesPending
from tests.read_api.conftest import Readers
from tests.read_api.reports.telling import Posting, given, rows

ENTRY = "/v1/lineage/entry/"
GIVEN = "mchid"  # the merchant's number in every given event


async def test_every_line_of_a_bill_stands_beside_ours_with_its_entry(
    readers: Readers, books: list[Posting]
) -> None:
    detail = [it for it in await rows(readers, "bill-detail") if it["mchid"] == GIVEN]
    events = [fact.event for fact in given()]
    matches = [it for event in events if isinstance(event, LinesMatched) for it in event.matches]
    matched = [it for it in detail if it["code"] == "MATCHED" and it["ours_fen"] is not None]
    assert len(matched) == len(matches) > 0
    for line in matched:
        assert line["theirs_fen"] == line["ours_fen"]
        assert line["age_days"] is None
        assert line["lineage"] == ENTRY + line["entry_id"]
        story = await readers.json(line["lineage"], "books/boss/finance:read")
        (entry,) = (it for it in story["entries"] if it["entry_id"] == line["entry_id"])
        assert {it["account"] for it in entry["lines"]} == {"1121", "1120"}
    waiting = [it for it in detail if it["code"] == "PENDING_CUTOFF"]
    assert len(waiting) == sum(len(it.pending) for it in events if isinstance(it, LinesPending))
    assert all(it["entry_id"] is None and it["waits_until"] for it in waiting)
    broken = [it for it in detail if it["break_id"]]
    assert len(broken) == sum(isinstance(it, BreakOpened) for it in events) > 0


async def test_a_date_in_one_row_is_the_sum_of_its_lines_and_meets_the_books(
    readers: Readers, books: list[Posting]
) -> None:
    days = await rows(readers, "daily-summary")
    detail = await rows(readers, "bill-detail")
    assert days
    for day in days:
        of_day = [
            it
            for it in detail
            if all(it[name] == day[name] for name in ("bill_date", "channel", "mchid"))
        ]
        counts: dict[str, int] = defaultdict(int)
        for it in of_day:
            counts[it["code"]] += 1
        assert (day["matched"], day["pending"]) == (counts["MATCHED"], counts["PENDING_CUTOFF"])
        assert day["broken"] == len(of_day) - day["matched"] - day["pending"]
        ours = [it for it in of_day if it["code"] == "MATCHED"]
        paid = sum(it["theirs_fen"] for it in ours if it["kind"] == "pay")
        assert day["pays_fen"] == paid
        assert day["fees_fen"] == sum(it["theirs_fee_fen"] for it in ours)
        in_books = sum(
            it.growth
            for it in books
            if it.account == "1121"
            and it.sub_key == f"{day['channel']} available"
            and str(it.on) <= day["bill_date"]
        )
        assert day["books_fen"] == in_books
        if day["closing_fen"] is not None:
            assert day["difference_fen"] == day["closing_fen"] - in_books


async def test_breaks_show_what_they_hold_in_suspense(
    readers: Readers, books: list[Posting]
) -> None:
    breaks = {it["sub_key"]: it for it in await rows(readers, "breaks")}
    opened = [it.event for it in given() if isinstance(it.event, BreakOpened)]
    assert {str(it.break_id) for it in opened} <= set(breaks)
    for key, row in breaks.items():
        for cell, account in (("long_fen", "2915"), ("short_fen", "1915")):
            held = [it.growth for it in books if (it.account, it.sub_key) == (account, key)]
            assert row[cell] == sum(held)
        assert row["status"] in ("open", "assigned", "proposed", "closed")
        assert row["bucket"]
