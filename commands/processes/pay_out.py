"""Every closed statement reaches its merchant: the channel is asked, heard, and asked again, until it confirms.

The payout itself says what is to be done and when; this only does it, as with refunds. What goes by the bank
goes in files that people hand over: here it is only missed when the bank stays silent.
"""

from collections.abc import Sequence
from typing import Literal, assert_never

import msgspec

from commands.advance_payout import AdvancePayout
from commands.escalate_payout import EscalatePayout
from commands.hear_payout import HearPayout
from commands.paying_out import PayoutStep
from commands.ports import (
    Answer,
    ChannelInDoubt,
    ChannelPayout,
    ChannelRefused,
    Erased,
    PayoutChannel,
)
from commands.processes.todo import Change, Done, Due, Point, Process, Tools, Wait, settled_or_wait
from commands.record_payout_doubt import RecordPayoutDoubt
from commands.record_payout_rejection import RecordPayoutRejection
from commands.use_case import Command
from domain.events import payout as facts
from domain.events.payout import PayoutEvent
from domain.ids import PayoutId
from domain.money import Money

Interest = PayoutEvent
NOTE = "货款结算"  # what the payee reads
# People look, and the channel may still have to be asked; a crashed worker's point stays, set aside.
ASKING_GOES_ON = frozenset({"witnesses_differ", "worker_crashed"})

_read_step = msgspec.json.Decoder(PayoutStep).decode


def changes(event: PayoutEvent) -> Sequence[Change]:
    match event:
        case facts.PayoutAttemptStarted():
            return [Due(event.payout_id, event.deadline)]
        case facts.PayoutInitiated() | facts.PayoutReissued():
            by_bank = event.route == "bank_file"
            return [Done(event.payout_id) if by_bank else Due(event.payout_id, event.next_at)]
        case facts.PayoutAccepted():
            by_bank = event.evidence == "bank_file"
            return [Done(event.payout_id) if by_bank else Due(event.payout_id, event.next_at)]
        case (
            facts.PayoutAwaitingConfirmation()
            | facts.PayoutAttemptRejected()
            | facts.PayoutAttemptInDoubt()
            | facts.PayoutQueried()
            | facts.PayoutRetried()
        ):
            return [Due(event.payout_id, event.next_at)]
        case facts.PayoutResolutionApproved():
            return [Due(event.payout_id, event.next_at, anew=True)]
        case facts.PayoutFailed():
            return [Due(event.payout_id, event.at)]
        case facts.PayoutEscalated():
            return [] if event.trouble in ASKING_GOES_ON else [Done(event.payout_id)]
        case facts.PayoutConfirmed() | facts.PayoutReturned():
            return [Done(event.payout_id)]
        case (
            facts.PayoutResolutionProposed()
            | facts.PayoutResolutionDeclined()
            | facts.PayoutWitnessesDiffer()
        ):
            return []
        case _:
            assert_never(event)


async def work(point: Point, tools: Tools) -> Wait | None:
    channel = tools.payouts(point.tenant)
    if channel is not None and (until := tools.pause(point.tenant)) is not None:
        return Wait("the channel fails, and is left alone for a while", until)
    payout_id, worker = PayoutId(point.subject), tools.new_id()
    answer = await tools.ask(point, AdvancePayout(payout_id, worker), mark=worker.hex)
    if answer.outcome != "accepted":
        return Wait(answer.outcome)
    step = _read_step(answer.reply)
    match step.do:
        case "call":
            return await call(point, tools, channel, step)
        case "query":
            return await query(point, tools, channel, step)
        case "wait" | "people" | "over":
            return Wait(f"{step.do}: {step.status}", step.until)
        case _:
            assert_never(step.do)


async def call(
    point: Point, tools: Tools, channel: PayoutChannel | None, step: PayoutStep
) -> Wait | None:
    """Make the call that was announced, and record its outcome. Past its deadline the channel is not asked."""
    assert step.worker is not None
    assert step.deadline is not None
    attempt, worker, mark = step.attempt, step.worker, f"{step.attempt}"
    said: Command
    try:
        if channel is None:
            raise ChannelRefused("NO_CHANNEL", "no payout channel is set up for this tenant")
        payee = await tools.unseal(point.tenant, step.payee)
        amount = Money(step.amount_fen)
        seen = await channel.pay_out(
            number=step.number, amount=amount, payee=payee, note=NOTE, before=step.deadline
        )
        said = heard(step, seen, "reply")
    except Erased:
        said = RecordPayoutRejection(step.payout_id, attempt, worker, "PAYEE_ERASED")
    except ChannelRefused as no:
        said = RecordPayoutRejection(step.payout_id, attempt, worker, no.code[:64], str(no)[:300])
    except ChannelInDoubt as doubt:
        said = RecordPayoutDoubt(step.payout_id, attempt, worker, doubt.code[:64])
    return settled_or_wait(await tools.ask(point, said, mark=mark))


async def query(
    point: Point, tools: Tools, channel: PayoutChannel | None, step: PayoutStep
) -> Wait | None:
    """Ask the channel what it knows of the number."""
    if channel is None:
        return Wait("no payout channel is set up for this tenant")
    try:
        seen = await channel.query_payout(step.number)
    except (ChannelInDoubt, ChannelRefused) as unclear:
        return Wait(f"{type(unclear).__name__}: {unclear}")
    word = heard(step, seen, "query")
    return settled_or_wait(await tools.ask(point, word, mark=tools.new_id().hex))


def heard(step: PayoutStep, seen: ChannelPayout, evidence: Literal["reply", "query"]) -> HearPayout:
    return HearPayout(
        payout_id=step.payout_id,
        number=step.number,
        seen=seen.state,
        evidence=evidence,
        channel_payout_id=seen.channel_payout_id,
        amount_fen=None if seen.amount is None else seen.amount.fen,
        code=seen.code[:300],
        package=seen.package[:2048],
        accepted_at=seen.accepted_at,
        ended_at=seen.ended_at,
    )


async def give_up(point: Point, tools: Tools, why: str) -> Answer:
    escalated = EscalatePayout(PayoutId(point.subject), "worker_crashed", why[:300])
    return await tools.ask(point, escalated, mark=tools.new_id().hex)


PAY_OUT = Process("pay_out", Interest, changes, work, give_up)
