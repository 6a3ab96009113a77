"""What may be claimed after a chaos run, and on which grounds: pure, so that it cannot look away.

A run passes when every fault of its plan was seen to happen as often as planned, the platform got over each,
came to rest in time after the last, and no invariant is broken. A fault that did not happen is no success.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.table import Table

from infra.simulator.chaos.faults import Happened, as_json
from infra.simulator.chaos.plan import CHANNEL_RATES, Plan
from infra.simulator.world.invariants import SHOWN_MAX
from infra.simulator.world.report import Run, counts, figures, verdict
from infra.simulator.world.story import Story

CONVERGE_SECONDS: Final = 180.0  # real, after the last fault
NO_ACCIDENT: Final = 5.0  # a channel fault expected this often does not stay out by chance


class Outcome(NamedTuple):
    """All that was seen."""

    plan: Plan
    happened: tuple[Happened, ...]
    channel_fired: Counter[str]
    disordered: Mapping[str, int]  # messages, by what was done to them
    felt: Mapping[str, Mapping[str, int]]  # what connections met, by link
    refunds_asked: int  # while the channel misbehaved
    converged: bool  # everything came to rest
    converge_seconds: float  # real, from healing to rest
    world: Run

    @property
    def fired(self) -> Counter[str]:
        return Counter(one.fault.name for one in self.happened if one.seen)


class Machine(NamedTuple):
    """Where, with what and by which command it ran."""

    command: str
    code_rev: str
    cpus: int
    minutes: float
    versions: Mapping[str, str]


def wanted_of_channel(plan: Plan) -> list[str]:
    """The channel's faults that cannot be missing by accident, at so many refunds."""
    refunds = plan.counts.refunds
    return [name for name, rate in CHANNEL_RATES.items() if rate * refunds >= NO_ACCIDENT]


def complaints(outcome: Outcome) -> Iterator[str]:
    """Why it does not pass; nothing when it does."""
    fired = outcome.fired
    for name, times in sorted(outcome.plan.wanted.items()):
        if fired[name] < times:
            yield f"{name}: planned {times}, seen {fired[name]}"
    for one in outcome.happened:
        if one.trouble:
            yield f"{one.fault.name}: {one.trouble}"
    for name in wanted_of_channel(outcome.plan):
        if not outcome.channel_fired[name]:
            yield f"the channel's {name} never happened"
    for how in ("doubled", "shuffled"):
        if not outcome.disordered.get(how):
            yield f"no message was {how}"
    if outcome.refunds_asked < outcome.plan.counts.refunds:
        yield f"refunds under faults: wanted {outcome.plan.counts.refunds}, {outcome.refunds_asked}"
    if not outcome.converged or outcome.converge_seconds > CONVERGE_SECONDS:
        yield f"not at rest {outcome.converge_seconds:.0f} s after the last fault"
    for finding in outcome.world.findings:
        if not finding.holds:
            yield f"{finding.number} is broken {len(finding.broken)} times: {finding.title}"
        if not finding.checked:
            yield f"{finding.number} was checked against nothing: {finding.title}"


def certificate(outcome: Outcome, machine: Machine) -> dict[str, Any]:
    """Everything, as JSON. `command` repeats it as far as the machine's timing allows."""
    plan, told = outcome.plan, figures(outcome.world)
    why_not = list(complaints(outcome))
    return {
        "verdict": "fail" if why_not else "pass",
        "complaints": why_not,
        "seed": plan.seed,
        "command": machine.command,
        "commit": machine.code_rev,
        "versions": dict(machine.versions),
        "machine": {"cpus": machine.cpus},
        "minutes": round(machine.minutes, 2),
        "required": plan.counts._asdict(),
        "faults": {
            name: {"planned": times, "seen": outcome.fired[name]}
            for name, times in sorted(plan.wanted.items())
        },
        "channel_faults": dict(outcome.channel_fired),
        "messages": dict(outcome.disordered),
        "connections": {link: dict(met) for link, met in outcome.felt.items()},
        "convergence": {
            "at_rest": outcome.converged,
            "seconds": round(outcome.converge_seconds, 1),
            "allowed_seconds": CONVERGE_SECONDS,
        },
        "refunds": {
            "asked_under_faults": outcome.refunds_asked,
            "ends": ends(outcome.world.judgement.story),
        },
        "invariants": told.pop("invariants"),
        "world": told,
        "schedule": [as_json(one) for one in outcome.happened],
    }


def ends(story: Story) -> dict[str, int]:
    """Refunds by how they ended, or whose hands they are in."""
    return dict(
        Counter(
            refund.end or (f"people: {refund.trouble}" if refund.trouble else "under way")
            for refund in story.refunds.by_id.values()
        )
    )


def show(made: Mapping[str, Any], outcome: Outcome, console: Console) -> None:
    world = made["world"]
    console.print(
        f"\n[bold]Chaos, seed {made['seed']}, {made['commit']}[/]: {made['minutes']} minutes on"
        f" {made['machine']['cpus']} CPUs; {world['placed_orders']:,} orders, {world['requests']:,}"
        f" requests, {world['events']:,} events."
    )
    table = Table(title="faults", title_justify="left")
    for column in ("", "planned", "seen"):
        table.add_column(column, justify="right" if column else "left")
    for name, row in made["faults"].items():
        style = "red" if row["seen"] < row["planned"] else ""
        table.add_row(name, f"{row['planned']:,}", f"{row['seen']:,}", style=style)
    console.print(table)
    titles = {
        "faults of the channel": made["channel_faults"],
        "messages": made["messages"],
        "refunds by end": made["refunds"]["ends"],
        "orders": world["orders"],
        "troubles of clients": world["troubles"],
    }
    for title, numbers in titles.items():
        if numbers:
            console.print(counts(title, numbers))
    console.print(verdict(outcome.world.findings))
    for finding in outcome.world.findings:
        for line in finding.broken[:SHOWN_MAX]:
            console.print(f"{finding.number}: {line}", style="red", markup=False, soft_wrap=True)
    rest = made["convergence"]
    console.print(f"at rest {rest['seconds']} s after the last fault: {rest['at_rest']}")
    for line in made["complaints"]:
        console.print(line, style="red", markup=False, soft_wrap=True)
    passed = made["verdict"] == "pass"
    console.print(f"[bold {'green' if passed else 'red'}]{made['verdict']}[/]")
