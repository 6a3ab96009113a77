"""What a month shows at its end: for people as a table, for machines as JSON."""

from typing import Any

from rich.box import SIMPLE
from rich.console import Console
from rich.table import Table

from infra.simulator.month.run import Month


def figures(month: Month) -> dict[str, Any]:
    story = month.judgement.story
    return {
        "seed": month.seed,
        "holds": month.holds,
        "seconds": round(month.seconds, 1),
        "days": [row._asdict() for row in month.rows],
        "orders": len(story.orders),
        "events": story.events,
        "statements": len(story.settlement.closed),
        "payouts": len(story.settlement.payouts),
        "paid_out_fen": sum(story.settlement.payouts.values()),
        "channel_faults": dict(month.fired),
        "unexplained": list(month.left),
        "invariants": [
            {
                "name": one.number,
                "title": one.title,
                "checked": one.checked,
                "broken": list(one.broken),
            }
            for one in month.judgement.findings
        ],
        "proof": {"order": month.proof.order, "holds": month.proof.holds, "said": month.proof.said},
    }


def show(month: Month, console: Console) -> None:
    table = Table(title=f"month of seed {month.seed}, sums in CNY", box=SIMPLE)
    table.add_column("date", no_wrap=True)
    table.add_column("", no_wrap=True)
    for name in ("matched", "pending", "broken", "late", "paid", "refunded", "fees", "balance"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in month.rows:
        sums = (row.pays_fen, row.refunds_fen, row.fees_fen, row.closing_fen)
        counts = (row.matched, row.pending, row.broken, row.late_facts)
        table.add_row(
            *(f"{row.bill_date:%m-%d}", "closed" if row.closed else "OPEN"),
            *(str(count) for count in counts),
            *(f"{fen / 100:,.2f}" for fen in sums),
        )
    console.print(table)
    for one in month.judgement.findings:
        if not one.holds:
            console.print(f"BROKEN {one.number}: {one.title}")
            for line in one.broken[:10]:
                console.print(f"  {line}")
    for line in month.left:
        console.print(f"UNEXPLAINED {line}")
    proven = "verifies offline" if month.proof.holds else f"DOES NOT VERIFY: {month.proof.said}"
    console.print(f"the evidence of order {month.proof.order} {proven}")
    book = month.judgement.story.settlement
    console.print(
        f"{len(book.closed)} statements, {len(book.payouts)} payouts of"
        f" {sum(book.payouts.values()) / 100:,.2f} CNY; {month.seconds:.0f} s;"
        f" {'every fen is explained' if month.holds else 'NOT every fen is explained'}"
    )
