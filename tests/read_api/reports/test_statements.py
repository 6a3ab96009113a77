"""What a merchant is paid: every line of it in a file, and the lines add up to the payout to the fen."""

from collections import Counter

from domain.events.statement import StatementClosed, StatementLineAdded
from tests.read_api.conftest import Readers
from tests.read_api.reports.telling import Posting, rows, settled

PARTS = ("gross_fen", "cash_fen", "commission_fen", "commission_vat_fen", "net_fen")


async def test_lines_add_up_to_the_statement_and_the_statement_to_the_payout(
    readers: Readers, books: list[Posting]
) -> None:
    statements = await rows(readers, "merchant-statements")
    lines = await rows(readers, "merchant-statement-lines")
    sums: Counter[tuple[str, str]] = Counter()
    for line in lines:
        for part in PARTS:
            sums[line["statement_id"], part] += line[part]
    closed = 0
    for it in statements:
        assert it["lines"] == sum(ln["statement_id"] == it["statement_id"] for ln in lines)
        for part in PARTS:
            assert it[part] == sums[it["statement_id"], part]
        if it["closed_at"]:
            closed += 1
            assert it["net_fen"] + it["carried_in_fen"] == it["payable_fen"] + it["carried_out_fen"]
            assert (it["payout_fen"] or 0) == it["payable_fen"]
    assert closed >= 3


async def test_they_are_those_of_the_log(readers: Readers, books: list[Posting]) -> None:
    log = [fact.event for fact in settled()]
    told = {it["statement_id"]: it for it in await rows(readers, "merchant-statements")}
    for event in log:
        if isinstance(event, StatementClosed):
            assert told[str(event.statement_id)]["payable_fen"] == event.payable.fen
    added = [event for event in log if isinstance(event, StatementLineAdded)]
    ours = {str(event.statement_id) for event in added}
    lines = {
        (it["statement_id"], it["line"]): it
        for it in await rows(readers, "merchant-statement-lines")
        if it["statement_id"] in ours
    }
    assert len(added) == len(lines)
    for event in added:
        line = lines[str(event.statement_id), event.line]
        assert (line["net_fen"], line["kind"]) == (event.net.fen, event.kind)
        story = await readers.json(line["lineage"], "books/boss/finance:read")
        assert {it["order_id"] for it in story["entries"]} == {str(event.order_id)}
    adjusted = sum(it["adjustments_fen"] for it in told.values())
    assert adjusted == sum(it.net.fen for it in added if it.kind == "adjustment") == 120


async def test_a_period_is_that_of_the_statement(readers: Readers, books: list[Posting]) -> None:
    statements = await rows(readers, "merchant-statements")
    one = statements[0]["period"]
    told = await rows(readers, "merchant-statements", f"from={one}&to={one}")
    assert {it["period"] for it in told} == {one}
    path = "/v1/reports/merchant-statements?account=1120"
    refused = await readers.get(path, "books/boss/finance:read")
    assert refused.json()["errors"][0]["at"] == ["account"]
