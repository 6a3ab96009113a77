"""Every planned split is carried out: the channel is asked, heard, and asked again, until nothing is left frozen.

The split itself says what is to be done and when; this only does it, as with refunds.
"""

from collections.abc import Sequence
from typing import Literal, assert_never

import msgspec

from commands.advance_split import AdvanceSplit
from commands.escalate_split import EscalateSplit
from commands.hear_split import HearSplit, Told
from commands.ports import Answer, ChannelInDoubt, ChannelRefused
from commands.processes.todo import Change, Done, Due, Point, Process, Tools, Wait, settled_or_wait
from commands.record_split_doubt import RecordSplitDoubt
from commands.record_split_rejection import RecordSplitRejection
from commands.split_ports import ChannelSplit, SplitChannel
from commands.splitting import SplitStep
from commands.use_case import Command
from domain.events import split as facts
from domain.events.split import SplitEvent
from domain.ids import SplitId
from domain.money import Money

Interest = SplitEvent
# What people only have to know of, or what still has to be asked of the channel, stays on the list.
LOOKED_AT_ANYWAY = frozenset({"witnesses_differ", "worker_crashed", "frozen_out"})

_read_step = msgspec.json.Decoder(SplitStep).decode


def changes(event: SplitEvent) -> Sequence[Change]:
    match event:
        case facts.SplitAttemptStarted():
            return [Due(event.split_id, event.deadline)]
        case (
            facts.SplitRequested()
            | facts.SplitAttemptAccepted()
            | facts.SplitAttemptRejected()
            | facts.SplitAttemptInDoubt()
            | facts.SplitQueried()
            | facts.SplitReturnRequested()
        ):
            return [Due(event.split_id, event.next_at)]
        case facts.SplitRetried():
            return [Due(event.split_id, event.next_at, anew=True)]
        case (
            facts.SplitFinished()
            | facts.SplitClosed()
            | facts.SplitUnfrozen()
            | facts.SplitReturned()
            | facts.SplitReturnFailed()
        ):
            return [Due(event.split_id, event.at)]
        case facts.SplitEscalated():
            return [] if event.trouble in LOOKED_AT_ANYWAY else [Done(event.split_id)]
        case facts.SplitSettled():
            return [Done(event.split_id)]
        case facts.SplitFreezeWarned() | facts.SplitSubsidised():
            return []
        case _:
            assert_never(event)


async def work(point: Point, tools: Tools) -> Wait | None:
    channel = tools.splits(point.tenant)
    if channel is None:
        return Wait("no channel that splits is set up for this tenant")
    if (until := tools.pause(point.tenant)) is not None:
        return Wait("the channel fails, and is left alone for a while", until)
    split_id, worker = SplitId(point.subject), tools.new_id()
    answer = await tools.ask(point, AdvanceSplit(split_id, worker), mark=worker.hex)
    if answer.outcome != "accepted":
        return Wait(answer.outcome)
    step = _read_step(answer.reply)
    match step.do:
        case "call":
            return await call(point, tools, channel, step)
        case "query":
            return await query(point, tools, channel, step)
        case "wait" | "people" | "over":
            return Wait(step.do, step.until)
        case _:
            assert_never(step.do)


async def call(point: Point, tools: Tools, channel: SplitChannel, step: SplitStep) -> Wait | None:
    """Make the call that was announced, and record its outcome. Past its deadline the channel is not asked."""
    assert step.worker is not None
    attempt, worker, mark = step.attempt, step.worker, f"{step.attempt}"
    said: Command
    try:
        said = heard(step, await made(channel, step), "reply")
    except ChannelRefused as no:
        said = RecordSplitRejection(step.split_id, attempt, worker, no.code[:64], str(no)[:300])
    except ChannelInDoubt as doubt:
        said = RecordSplitDoubt(step.split_id, attempt, worker, doubt.code[:64])
    return settled_or_wait(await tools.ask(point, said, mark=mark))


async def made(channel: SplitChannel, step: SplitStep) -> ChannelSplit:
    assert step.deadline is not None
    number, transaction, before = step.number, step.transaction_id, step.deadline
    if step.call == "unfreeze":
        return await channel.unfreeze(transaction_id=transaction, number=number, before=before)
    parts = [(part.account, Money(part.amount_fen)) for part in step.parts]
    if step.call == "split":
        return await channel.split(
            transaction_id=transaction, number=number, parts=parts, before=before
        )
    [(account, amount)] = parts
    return await channel.return_share(
        of=step.of, number=number, account=account, amount=amount, before=before
    )


async def query(point: Point, tools: Tools, channel: SplitChannel, step: SplitStep) -> Wait | None:
    """Ask the channel what it knows of the number."""
    try:
        if step.call == "return":
            seen = await channel.query_share_return(of=step.of, number=step.number)
        else:
            seen = await channel.query_split(transaction_id=step.transaction_id, number=step.number)
    except (ChannelInDoubt, ChannelRefused) as unclear:
        return Wait(f"{type(unclear).__name__}: {unclear}")
    word = heard(step, seen, "query")
    return settled_or_wait(await tools.ask(point, word, mark=tools.new_id().hex))


def heard(step: SplitStep, seen: ChannelSplit, evidence: Literal["reply", "query"]) -> HearSplit:
    details = tuple(
        Told(one.account, one.result, one.amount.fen, one.reason[:300], one.detail_id, one.at)
        for one in seen.details
    )
    return HearSplit(
        step.split_id, step.number, evidence, seen.known, seen.channel_order_id, details
    )


async def give_up(point: Point, tools: Tools, why: str) -> Answer:
    escalated = EscalateSplit(SplitId(point.subject), "worker_crashed", why[:300])
    return await tools.ask(point, escalated, mark=tools.new_id().hex)


SPLIT_ORDERS = Process("split_orders", Interest, changes, work, give_up)
