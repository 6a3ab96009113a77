"""What follows from a break by itself: the channel is asked, and what it says is told to whom it concerns.

Never for amounts: whoever pays another sum than was asked for is for people.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final
from uuid import UUID

from commands.act_on_break import ActOnBreak
from commands.close_break import CloseBreak
from commands.hear_refund import HearRefund
from commands.ports import Answer, ChannelInDoubt, ChannelRefund, ChannelRefused, PaymentChannel
from commands.record_capture import RecordCapture
from commands.use_case import Command
from domain.ids import BreakId, PaymentId, RefundId

Ask = Callable[[Command, str], Awaitable[Answer]]

CAPTURE: Final = (
    "ASK_AND_CAPTURE"  # 补单: the order is asked about, and its payment recorded as any other
)
LOOK: Final = "ASK_CHANNEL"
TELL: Final = "TELL_REFUND"


async def act(broken: dict[str, Any], channel: PaymentChannel, ask: Ask) -> bool:
    """Do what the table of breaks says for this one; False when there is nothing, or the channel is in doubt."""
    try:
        match broken["code"]:
            case "STATUS_CHANNEL_PAID":
                return await capture(broken, channel, ask)
            case "LEDGER_ONLY_PAY":
                seen = await channel.query(broken["number"])
                return await note(broken, LOOK, f"the channel says {seen.state}", ask)
            case "LEDGER_ONLY_REFUND" | "REFUND_ABNORMAL_STALE":
                return await tell(broken, channel, ask)
    except (ChannelInDoubt, ChannelRefused):
        return False
    return False


async def capture(broken: dict[str, Any], channel: PaymentChannel, ask: Ask) -> bool:
    """The bill has a payment that we know and have not captured: if the channel says so too, it is captured now."""
    seen = await channel.query(broken["number"])
    billed = broken["theirs"]["amount"]["fen"] if broken["theirs"] else None
    if seen.state not in ("paid", "refunded") or seen.amount is None or seen.paid_at is None:
        return await note(broken, LOOK, f"the channel says {seen.state}", ask)
    if seen.amount.fen != billed or seen.transaction_id != broken["channel_number"]:
        return await note(broken, LOOK, "the channel says another sum or transaction", ask)
    payment = PaymentId(UUID(broken["number"]))
    told = await ask(
        RecordCapture(payment, seen.transaction_id, seen.amount.fen, seen.paid_at), "capture"
    )
    return await note(broken, CAPTURE, f"record_capture: {told.outcome}", ask)


async def tell(broken: dict[str, Any], channel: PaymentChannel, ask: Ask) -> bool:
    """The refund itself hears what the channel says now; never is one sent again from here."""
    if broken["refund_id"] is None:
        return False
    seen = await channel.query_refund(broken["number"])
    told = await ask(word_of(RefundId(broken["refund_id"]), seen), "tell")
    return await note(broken, TELL, f"the channel says {seen.state}; {told.outcome}", ask)


def word_of(refund: RefundId, seen: ChannelRefund) -> HearRefund:
    return HearRefund(
        refund_id=refund,
        number=seen.out_refund_no,
        seen=seen.state,
        evidence="query",
        channel_refund_id=seen.channel_refund_id,
        amount_fen=None if seen.amount is None else seen.amount.fen,
        received_by=seen.received_by[:300],
        accepted_at=seen.accepted_at,
        succeeded_at=seen.succeeded_at,
    )


async def note(broken: dict[str, Any], rule: str, detail: str, ask: Ask) -> bool:
    answer = await ask(ActOnBreak(BreakId(broken["break_id"]), rule, detail[:300]), rule)
    return answer.outcome == "accepted"  # a rule acts once, and is not asked again


async def end(broken: dict[str, Any], whole: bool, ask: Ask) -> bool:
    """Close what never was in suspense, once its cause is gone. Whether it is, the command judges."""
    if broken["long_fen"] or broken["short_fen"]:
        return False
    if broken["code"] == "BALANCE_GAP" and not whole:
        return False
    if broken["code"] not in ("BALANCE_GAP", "REFUND_ABNORMAL_STALE"):
        return False
    reference = "a bill whose balances follow from each other" if whole else broken["number"]
    answer = await ask(CloseBreak(BreakId(broken["break_id"]), reference), "end")
    return answer.outcome == "accepted"
