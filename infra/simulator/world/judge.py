"""Waits until the platform has nothing left to do, then checks every invariant that applies so far."""

import asyncio
import time
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Final, NamedTuple

from infra.clock import SharedClock, WaitingClock
from infra.simulator.world import invariants, money, payouts, repaid, settlement
from infra.simulator.world.evidence import Evidence
from infra.simulator.world.invariants import Finding, Purchase, Waiting, finding
from infra.simulator.world.seen import Seen
from infra.simulator.world.story import Story

SETTLE_SECONDS: Final = 180.0  # real: what is not done by then is stuck
LOOK_SECONDS: Final = 0.25
QUIET_LOOKS: Final = 3  # in a row

Tell = Callable[[str], None]


class Judgement(NamedTuple):
    """Everything found, and the story it was found in."""

    findings: tuple[Finding, ...]
    story: Story
    waiting: Waiting
    alarms: tuple[str, ...]

    @property
    def holds(self) -> bool:
        return all(one.holds for one in self.findings)


async def settle(evidence: Evidence, clock: WaitingClock, tell: Tell) -> Waiting:
    """Until nothing is due anywhere for a moment; what still waits after a long time is returned."""
    deadline = time.monotonic() + SETTLE_SECONDS
    quiet = 0
    while True:
        waiting = await evidence.waiting(clock.now())
        quiet = quiet + 1 if waiting.nothing else 0
        if quiet >= QUIET_LOOKS or time.monotonic() > deadline:
            return waiting
        tell(still(waiting))
        await asyncio.sleep(LOOK_SECONDS)


def still(waiting: Waiting) -> str:
    left = (
        f"{count} {name.replace('_', ' ')}" for name, count in waiting._asdict().items() if count
    )
    return ", ".join(left) or "quiet"


async def run_out(
    evidence: Evidence, clock: SharedClock, spans: tuple[timedelta, ...], tell: Tell
) -> Waiting:
    """Let the deadlines come that nobody waits for: jump by each span, and let the platform settle."""
    waiting = await settle(evidence, clock, tell)
    for span in spans:
        clock.jump(clock.now() + span)
        waiting = await settle(evidence, clock, tell)
    return waiting


async def judge(
    evidence: Evidence,
    seen: Seen,
    before: Sequence[Purchase],
    waiting: Waiting,
    clock: WaitingClock,
    tell: Tell,
) -> Judgement:
    """Every invariant over everything that is stored. `before`: the channel's book before `waiting`."""
    tell("reading the log")
    story = await evidence.story(clock.now())
    commands = await evidence.commands()
    findings = [*invariants.acknowledged(seen.acks, commands)]
    half, stray = await evidence.half_applied()
    broken = [f"{half} commands are half applied"] * (half > 0) + [f"{stray} stray events"] * (
        stray > 0
    )
    findings.append(finding("I2", "no command is half applied", len(commands), broken))
    tell("computing every hash again")
    chain = await evidence.chain()
    broken = [str(chain.bad)] if chain.bad else []
    findings.append(
        finding(
            "I3 I4", "positions and versions dense, both hash chains verify", chain.events, broken
        )
    )
    from_story = (
        *(*invariants.FROM_STORY, *repaid.FROM_STORY),
        *(*money.FROM_STORY, *settlement.FROM_STORY, *payouts.FROM_STORY),
    )
    back = await evidence.backwards()
    broken = [f"{back} records are older than the one before them"] * (back > 0)
    findings.append(finding("clock", "time in the log never runs backwards", story.events, broken))
    findings += [check(story) for check in from_story]
    books = await evidence.purchases()
    findings.append(invariants.channel_agrees(story, before, books, seen.receipts))
    findings.append(repaid.channel_repaid(story, books, await evidence.repayments()))
    findings.append(payouts.channel_paid_out(story, await evidence.transfers()))
    findings.append(money.channel_holds(story, await evidence.account()))
    findings.append(money.ledger_is_the_books(story, await evidence.ledger(story.money.position)))
    differing = await evidence.differing_read_models(lambda name: tell(f"replaying {name}"))
    findings.append(finding("I13", "read models are a replay, row by row", story.events, differing))
    findings.append(invariants.all_is_settled(story, waiting))
    findings.append(finding("I20", "every answer was a proper one", seen.requests, seen.wrong))
    return Judgement(tuple(findings), story, waiting, tuple(await evidence.alarms()))
