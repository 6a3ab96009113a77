"""What follows from a break by itself: the channel is asked, what it says is told to whom it concerns, people are called.

Never for amounts: whoever pays another sum than was asked for is for people.
"""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from commands.act_on_break import ActOnBreak
from commands.close_break import CloseBreak
from commands.hear_payout import HearPayout
from commands.hear_refund import HearRefund
from commands.ports import Answer, ChannelInDoubt, ChannelRefund, ChannelRefused, PaymentChannel
from commands.record_capture import RecordCapture
from commands.use_case import Command
from domain.ids import BreakId, PaymentId, RefundId
from domain.payout_rules import payout_of

Ask = Callable[[Command, str], Awaitable[Answer]]
Page = Callable[[str], Awaitable[None]]

CAPTURE: Final = (
    "ASK_AND_CAPTURE"  # 补单: the order is asked about, and its payment recorded as any other
)
LOOK: Final = "ASK_CHANNEL"
TELL: Final = "TELL_REFUND"
BACK: Final = "TELL_PAYOUT"
PAGE: Final = "CALL_PEOPLE"
# Nobody may sleep over these: fraud, money that the channel denies, a bill or a share that is missing.
PAGED: Final = frozenset(
    {"CHANNEL_ONLY_REFUND", "STATUS_LEDGER_PAID", "BALANCE_GAP", "BANK_DIFF", "SPLIT_MISSING"}
)
UNSUSPENDED: Final = frozenset({"BALANCE_GAP", "REFUND_ABNORMAL_STALE", "PAYOUT_RETURNED"})


async def act(broken: dict[str, Any], channel: PaymentChannel | None, ask: Ask, page: Page) -> bool:
    """Do what the table of breaks says for this one; False when there is nothing, or the channel is in doubt."""
    if found := PAGED.intersection(broken["failing"]):
        await page(", ".join(sorted(found)))  # before it is noted: rather twice than never
        return await note(broken, PAGE, "people were called", ask)
    if broken["code"] == "PAYOUT_RETURNED":
        return await give_back(broken, ask, page)
    return channel is not None and await inquire(broken, channel, ask)


async def inquire(broken: dict[str, Any], channel: PaymentChannel, ask: Ask) -> bool:
    """What the channel has to be asked for. A second payment of one order is refunded once it is captured."""
    try:
        match broken["code"]:
            case "STATUS_CHANNEL_PAID":
                return await capture(broken, channel, ask)
            case "DUPLICATE_CHANNEL" if broken["kind"] == "pay":
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


async def give_back(broken: dict[str, Any], ask: Ask, page: Page) -> bool:
    """A payout that we hold for paid came back into the account: it hears so, and goes on as any that returned."""
    said = broken["theirs"]
    try:
        payout = payout_of(broken["number"])
    except ValueError:
        await page("PAYOUT_RETURNED of a number that is none of ours")
        return await note(broken, BACK, "no payout of ours has this number", ask)
    word = HearPayout(
        payout_id=payout,
        number=broken["number"],
        seen="returned",
        evidence="bill",
        channel_payout_id=broken["channel_number"],
        amount_fen=said["amount"]["fen"],
        code="RETURNED_ON_BILL",
        ended_at=datetime.fromisoformat(said["at"]),
    )
    told = await ask(word, "back")
    if told.outcome != "accepted":
        await page(f"PAYOUT_RETURNED, which the payout refuses to hear ({told.outcome})")
    return await note(broken, BACK, f"hear_payout: {told.outcome}", ask)


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
    if broken["code"] not in UNSUSPENDED:
        return False
    reference = broken["number"] or "a bill whose balances follow from each other"
    answer = await ask(CloseBreak(BreakId(broken["break_id"]), reference), "end")
    return answer.outcome == "accepted"
