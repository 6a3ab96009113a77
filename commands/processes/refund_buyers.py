"""Every debt reaches its buyer: the channel is asked, heard, and asked again, until the money has arrived.

The refund itself says what is to be done and when; this only does it. An attempt is recorded before its call
and its outcome after it, by the worker that it names; whoever dies between leaves an attempt that the next
one gives up, and the channel is asked what became of it.
"""

from collections.abc import Sequence
from typing import assert_never

import msgspec

from commands.advance_refund import AdvanceRefund
from commands.escalate_refund import EscalateRefund
from commands.hear_refund import HearRefund
from commands.ports import Answer, ChannelInDoubt, ChannelRefund, ChannelRefused, PaymentChannel
from commands.processes.todo import Change, Done, Due, Point, Process, Tools, Wait, settled_or_wait
from commands.record_refund_doubt import RecordRefundDoubt
from commands.record_refund_rejection import RecordRefundRejection
from commands.refund_step import RefundStep
from commands.use_case import Command
from domain.events import refund as facts
from domain.events.refund import Evidence, RefundEvent
from domain.ids import RefundId
from domain.money import Money

Interest = RefundEvent
# People look, and the channel may still have to be asked; a crashed worker's point stays, set aside.
ASKING_GOES_ON = frozenset({"witnesses_differ", "worker_crashed"})

_read_step = msgspec.json.Decoder(RefundStep).decode


def changes(event: RefundEvent) -> Sequence[Change]:
    match event:
        case facts.RefundAttemptStarted():
            return [Due(event.refund_id, event.deadline)]
        case (
            facts.RefundRequested()
            | facts.RefundAttemptAccepted()
            | facts.RefundAttemptRejected()
            | facts.RefundAttemptInDoubt()
            | facts.RefundQueried()
            | facts.RefundRetried()
            | facts.RefundReissued()
        ):
            return [Due(event.refund_id, event.next_at)]
        case facts.RefundResolutionApproved():
            return [Due(event.refund_id, event.next_at, anew=True)]
        case facts.RefundClosed():
            return [Due(event.refund_id, event.at)]
        case facts.RefundEscalated():
            return [] if event.trouble in ASKING_GOES_ON else [Done(event.refund_id)]
        case (
            facts.RefundSucceeded()
            | facts.RefundAbnormal()
            | facts.RefundReturned()
            | facts.RefundPaidElsewhere()
        ):
            return [Done(event.refund_id)]
        case (
            facts.RefundProposed()
            | facts.RefundResolutionProposed()
            | facts.RefundResolutionDeclined()
            | facts.RefundWitnessesDiffer()
            | facts.RefundConfirmedByBill()
        ):
            return []
        case _:
            assert_never(event)


async def work(point: Point, tools: Tools) -> Wait | None:
    channel = tools.channel(point.tenant)
    if channel is None:
        return Wait("no payment channel is set up for this tenant")
    if (until := tools.pause(point.tenant)) is not None:
        return Wait("the channel fails, and is left alone for a while", until)
    refund_id, worker = RefundId(point.subject), tools.new_id()
    answer = await tools.ask(point, AdvanceRefund(refund_id, worker), mark=worker.hex)
    if answer.outcome != "accepted":
        return Wait(answer.outcome)
    step = _read_step(answer.reply)
    match step.do:
        case "refund" | "return":
            return await call(point, tools, channel, step)
        case "query":
            return await query(point, tools, channel, step)
        case "wait" | "people" | "over":
            return Wait(f"{step.do}: {step.status}", step.until)
        case _:
            assert_never(step.do)


async def call(
    point: Point, tools: Tools, channel: PaymentChannel, step: RefundStep
) -> Wait | None:
    """Make the call that was announced, and record its outcome. Past its deadline the channel is not asked."""
    assert step.worker is not None
    attempt, worker, mark = step.attempt, step.worker, f"{step.attempt}"
    said: Command
    try:
        said = heard(step, await made(channel, step), "reply")
    except ChannelRefused as no:
        said = RecordRefundRejection(step.refund_id, attempt, worker, no.code[:64], str(no)[:300])
    except ChannelInDoubt as doubt:
        said = RecordRefundDoubt(step.refund_id, attempt, worker, doubt.code[:64])
    return settled_or_wait(await tools.ask(point, said, mark=mark))


async def made(channel: PaymentChannel, step: RefundStep) -> ChannelRefund:
    assert step.deadline is not None
    if step.do == "return":
        return await channel.return_refund(
            channel_refund_id=step.channel_refund_id,
            out_refund_no=step.number,
            before=step.deadline,
        )
    return await channel.refund(
        transaction_id=step.transaction_id,
        out_refund_no=step.number,
        amount=Money(step.amount_fen),
        total=Money(step.total_fen),
        reason=step.reason,
        before=step.deadline,
    )


async def query(
    point: Point, tools: Tools, channel: PaymentChannel, step: RefundStep
) -> Wait | None:
    """Ask the channel what it knows of the number."""
    try:
        seen = await channel.query_refund(step.number)
    except (ChannelInDoubt, ChannelRefused) as unclear:
        return Wait(f"{type(unclear).__name__}: {unclear}")
    word = heard(step, seen, "query")
    return settled_or_wait(await tools.ask(point, word, mark=tools.new_id().hex))


def heard(step: RefundStep, seen: ChannelRefund, evidence: Evidence) -> HearRefund:
    return HearRefund(
        refund_id=step.refund_id,
        number=step.number,
        seen=seen.state,
        evidence=evidence,
        channel_refund_id=seen.channel_refund_id,
        amount_fen=None if seen.amount is None else seen.amount.fen,
        received_by=seen.received_by[:300],
        accepted_at=seen.accepted_at,
        succeeded_at=seen.succeeded_at,
    )


async def give_up(point: Point, tools: Tools, why: str) -> Answer:
    escalated = EscalateRefund(RefundId(point.subject), "worker_crashed", why[:300])
    return await tools.ask(point, escalated, mark=tools.new_id().hex)


REFUND_BUYERS = Process("refund_buyers", Interest, changes, work, give_up)
