"""The same seed plans the same faults; what is required is planned; a certificate claims nothing that was not seen."""

from collections import Counter
from typing import Any

import pytest

from infra.crash import POINTS
from infra.simulator.chaos.certificate import CONVERGE_SECONDS, Outcome, complaints
from infra.simulator.chaos.faults import Happened
from infra.simulator.chaos.load import world_of
from infra.simulator.chaos.plan import (
    CHANNEL_RATES,
    CI,
    HURRIED,
    LEASE_SECONDS,
    LINKS,
    TOXIC,
    Counts,
    Plan,
    channel_plan,
    counts_for,
    plan,
)
from infra.simulator.world.invariants import Finding, Waiting
from infra.simulator.world.judge import Judgement
from infra.simulator.world.plan import Mind, Party
from infra.simulator.world.processes import OWNER
from infra.simulator.world.report import Run
from infra.simulator.world.seen import Seen
from infra.simulator.world.story import Story
from tests.builders import NOON

SMALL = Counts(engine_kills=2, nats_wipes=1, network=4, jumps=3, refunds=100)


def test_the_same_seed_plans_the_same_faults_at_the_same_seconds() -> None:
    assert plan(7, CI, 0) == plan(7, CI, 0)
    assert plan(7, CI, 0).faults != plan(8, CI, 0).faults
    assert channel_plan(7) == channel_plan(7) != channel_plan(8)
    assert world_of(7, 300) == world_of(7, 300)


def test_everything_that_a_release_needs_is_planned() -> None:
    wanted = plan(1, CI, 0).wanted
    kills = {name: times for name, times in wanted.items() if name.startswith("kill")}
    assert kills[f"kill {OWNER}"] == 100
    assert kills["kill postgres"] == 20
    assert kills["kill nats"] == 10
    assert wanted["wipe nats"] == 2
    assert sum(times for name, times in wanted.items() if name.startswith("stop ")) == 5
    for kind, points in POINTS.items():
        for point in points:
            assert wanted[f"crash {kind} at {point}"] == 3
    assert CI.refunds == 2000


def test_a_plan_by_the_minutes_has_something_of_everything_spread_over_them() -> None:
    made = plan(1, counts_for(5), 300)
    assert {fault.what for fault in made.faults} == {
        "kill", "stop", "wipe", "crash", "clock", *TOXIC,
    }  # fmt: skip
    assert [fault.at for fault in made.faults] == sorted(fault.at for fault in made.faults)
    assert 240 < made.faults[-1].at < 300
    assert all(fault.seconds > LEASE_SECONDS for fault in made.faults if fault.what == "stop")
    assert {fault.target for fault in made.faults if fault.what in TOXIC} <= set(LINKS)
    assert not any(fault.detail == HURRIED for fault in made.faults)  # takeovers are waited for


def test_the_world_meanwhile_fails_more_than_it_succeeds() -> None:
    parties = [step for step in world_of(3, 2000).steps if isinstance(step, Party)]
    full = sum(len(party.others) >= party.seats - 1 for party in parties)
    assert 0.2 < full / len(parties) < 0.5
    assert any(party.leader.mind is Mind.WITHDRAWS for party in parties)


# --- the certificate ---------------------------------------------------------------------------


def outcome(made: Plan, **changes: Any) -> Outcome:
    """A run in which everything went as it should."""
    story = Story(NOON)
    fine = (Finding("I1", "everything acknowledged is there", 10),)
    judgement = Judgement(fine, story, Waiting(*[0] * len(Waiting._fields)), ())
    whole = Outcome(
        plan=made,
        happened=tuple(Happened(fault, fault.at, 1.0, True) for fault in made.faults),
        channel_fired=Counter(dict.fromkeys(CHANNEL_RATES, 1)),
        disordered={"doubled": 9, "shuffled": 9},
        felt={},
        refunds_asked=made.counts.refunds,
        converged=True,
        converge_seconds=20.0,
        world=Run(world_of(1, 3), Seen(), judgement, [], fine, 1.0, 1.0),
    )
    return whole._replace(**changes)


def test_a_run_in_which_everything_was_seen_and_nothing_broke_passes() -> None:
    assert list(complaints(outcome(plan(1, SMALL, 0)))) == []


@pytest.mark.parametrize("number", range(len(plan(1, SMALL, 0).faults)))
def test_a_fault_that_did_not_happen_is_no_success(number: int) -> None:
    made = plan(1, SMALL, 0)
    happened = [Happened(fault, fault.at, 1.0, True) for fault in made.faults]
    happened[number] = happened[number]._replace(seen=False)
    (why,) = complaints(outcome(made, happened=tuple(happened)))
    assert why.startswith(f"{made.faults[number].name}: planned ")


def test_a_fault_that_was_never_come_to_is_no_success() -> None:
    made = plan(1, SMALL, 0)
    assert list(complaints(outcome(made, happened=())))


BROKEN = Finding("I2", "no command is half applied", 9, ("one is",))
UNCHECKED = Finding("I9", "one live number a refund", 0)


@pytest.mark.parametrize(
    "changes",
    [
        {"converged": False},
        {"converge_seconds": CONVERGE_SECONDS + 1},
        {"refunds_asked": SMALL.refunds - 1},
        {"disordered": {"doubled": 3}},
        {"channel_fired": Counter({name: 1 for name in CHANNEL_RATES if name != "drop_reply"})},
        {"channel_fired": Counter()},
    ],
    ids=["not at rest", "late", "few refunds", "not shuffled", "kept its replies", "honest"],
)
def test_whatever_else_is_missing_is_told(changes: dict[str, Any]) -> None:
    assert list(complaints(outcome(plan(1, SMALL, 0), **changes)))


@pytest.mark.parametrize("finding", [BROKEN, UNCHECKED], ids=["broken", "checked against nothing"])
def test_an_invariant_that_broke_or_was_not_looked_at_fails_the_run(finding: Finding) -> None:
    good = outcome(plan(1, SMALL, 0))
    (why,) = complaints(good._replace(world=good.world._replace(findings=(finding,))))
    assert why.startswith(finding.number)


def test_what_the_platform_did_not_get_over_fails_the_run() -> None:
    made = plan(1, SMALL, 0)
    happened = [Happened(fault, fault.at, 1.0, True) for fault in made.faults]
    happened[0] = happened[0]._replace(trouble="relay was not well again")
    (why,) = complaints(outcome(made, happened=tuple(happened)))
    assert why.endswith("relay was not well again")
