"""What a run shows at its end: for people as tables, for machines as JSON."""

from collections import Counter
from typing import Any, NamedTuple
from uuid import UUID

from rich.console import Console
from rich.table import Table

from infra.simulator.world.invariants import SHOWN_MAX, Finding
from infra.simulator.world.judge import Judgement
from infra.simulator.world.plan import Party, World
from infra.simulator.world.seen import Seen

DERIVED = (
    "prices, terms, times, provinces and thinking times are derived from the ids and the seed;"
    " strangers, dramas and pranks are added by the seed"
)


PLACING = frozenset({"open_group", "join_group", "buy_alone"})


class Run(NamedTuple):
    """One finished run."""

    world: World
    seen: Seen
    judgement: Judgement
    groups: list[tuple[Party, str]]
    findings: tuple[Finding, ...]
    load_seconds: float  # real, while shoppers came
    virtual_hours: float  # how long the world's own day was

    @property
    def holds(self) -> bool:
        return all(one.holds for one in self.findings)


def figures(run: Run) -> dict[str, Any]:
    """Everything, as JSON."""
    seen, story = run.seen, run.judgement.story
    placed = sum(ack.name in PLACING and ack.outcome == "accepted" for ack in seen.acks)
    return {
        "seed": run.world.seed,
        "source": run.world.source,
        "derived": DERIVED,
        "holds": run.holds,
        "seconds": round(run.load_seconds, 1),
        "virtual_hours": round(run.virtual_hours, 2),
        "campaigns": len(story.campaigns),
        "planned_orders": run.world.orders(),
        "placed_orders": placed,
        "orders": dict(Counter(order.status for order in story.orders.values())),
        "orders_per_second": round(placed / run.load_seconds, 1),
        "groups": dict(Counter(group.status for group in story.groups.values())),
        "as_recorded": as_recorded(run),
        "events": story.events,
        "requests": seen.requests,
        "requests_per_second": round(seen.requests / run.load_seconds, 1),
        "payments": len(seen.receipts),
        "shoppers": dict(seen.outcomes.most_common()),
        "refusals": {f"{name}: {code}": n for (name, code), n in seen.refusals.most_common()},
        "troubles": dict(seen.troubles.most_common()),
        "kills": dict(seen.kills),
        "alarms": list(run.judgement.alarms),
        "latency_ms": {
            name: {"count": len(times), "p50": ms(seen, name, 0.5), "p99": ms(seen, name, 0.99)}
            for name, times in sorted(seen.latencies.items())
        },
        "invariants": [
            {"number": f.number, "title": f.title, "checked": f.checked, "holds": f.holds,
             "broken": list(f.broken[:50])}
            for f in run.findings
        ],
    }  # fmt: skip


def as_recorded(run: Run) -> dict[str, int]:
    """Did the recorded groups end as they did in the record? They need not: strangers and scarce stock are added."""
    ends: Counter[str] = Counter()
    for party, group_id in run.groups:
        if party.outcome:
            status = run.judgement.story.groups[UUID(group_id)].status.lower()
            ends["same" if status == party.outcome else f"{party.outcome}, but {status}"] += 1
    return dict(ends)


def ms(seen: Seen, name: str, share: float) -> float:
    return round(seen.percentile(name, share) * 1000, 1)


def show(run: Run, console: Console) -> None:
    told = figures(run)
    console.print(f"\n[bold]World {told['seed']} of {told['source']}[/]: {DERIVED}.")
    console.print(
        f"{told['placed_orders']:,} orders and {told['requests']:,} requests in {told['seconds']} s"
        f" ({told['virtual_hours']} h of the world's time): {told['orders_per_second']} orders/s,"
        f" {told['requests_per_second']} requests/s; {told['events']:,} events."
    )
    for name in ("groups", "as_recorded", "orders", "shoppers", "refusals", "troubles", "kills"):
        if told[name]:
            console.print(counts(name.replace("_", " "), told[name]))
    latencies = Table(title="latency as clients saw it, ms", title_justify="left")
    for column in ("call", "count", "p50", "p99"):
        latencies.add_column(column, justify="left" if column == "call" else "right")
    for name, row in told["latency_ms"].items():
        latencies.add_row(name, f"{row['count']:,}", f"{row['p50']:.1f}", f"{row['p99']:.1f}")
    console.print(latencies, verdict(run.findings))
    for alarm in run.judgement.alarms[:SHOWN_MAX]:
        console.print(f"alarm: {alarm}", markup=False)
    for one in run.findings:
        for line in one.broken[:SHOWN_MAX]:
            console.print(f"{one.number}: {line}", style="red", markup=False, soft_wrap=True)


def counts(title: str, numbers: dict[str, int]) -> Table:
    table = Table(title=title, title_justify="left", show_header=False)
    table.add_column()
    table.add_column(justify="right")
    for name, number in numbers.items():
        table.add_row(name, f"{number:,}")
    return table


def verdict(findings: tuple[Finding, ...]) -> Table:
    table = Table(title="invariants", title_justify="left")
    for column in ("", "invariant", "checked", "broken"):
        table.add_column(column, justify="right" if column in ("checked", "broken") else "left")
    for one in findings:
        broken = f"[red]{len(one.broken):,}[/]" if one.broken else "0"
        table.add_row(one.number, one.title, f"{one.checked:,}", broken)
    return table
