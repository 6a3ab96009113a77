"""What is asked of a split: the plan, what a refund wants back of it, and the guard of its freeze."""

from collections.abc import Sequence
from datetime import datetime

from domain.attempts import TO_ASK, Phase
from domain.errors import Rejected
from domain.events.split import (
    Receiver,
    SplitClosed,
    SplitEvent,
    SplitFreezeWarned,
    SplitRequested,
    SplitReturnRequested,
    SplitUnfrozen,
)
from domain.ids import OrderId, PaymentId, RefundId, SplitId
from domain.money import ZERO, Money
from domain.split import Split, SplitNotFound, trouble
from domain.split_rules import SAGA_VERSION, TERMS, WARN_AT, over_ratio, part_back, return_no


class SplitOverRatio(Rejected, code="split_over_ratio", zh="分账总额超过渠道允许的最高比例"):
    """All receivers together would get more than the channel allows; `max_ratio` is of 10,000."""


class SplitReceiverTwice(Rejected, code="split_receiver_twice", zh="分账接收方重复"):
    """Each receiver gets its share of an order once."""


class SplitShareUnfit(Rejected, code="split_share_unfit", zh="分账金额或其中税额不合法"):
    """A share is more than nothing, and the tax within it is no more than the share."""


class FreezeOver(Rejected, code="freeze_over", zh="冻结期已过，资金已自动解冻"):
    """The money unfroze by itself: there is nothing left to be shared out."""


class ChannelCannotSplit(Rejected, code="channel_cannot_split", zh="该支付渠道不支持分账"):
    """Orders paid by this channel are not shared out inside it."""


class NothingToReturn(Rejected, code="nothing_to_return", zh="没有需要回退的分账"):
    """Nothing of this order was shared out, or all of it was asked back before."""


# --- decisions ------------------------------------------------------------------------------


def request(
    split: Split,
    *,
    split_id: SplitId,
    order_id: OrderId,
    payment_id: PaymentId,
    channel: str,
    transaction_id: str,
    paid: Money,
    paid_at: datetime,
    receivers: Sequence[Receiver],
    max_ratio: int | None,
    at: datetime,
) -> tuple[SplitRequested, ...]:
    """Plan who gets what. Once an order: the first plan stands."""
    if split.version:
        return ()
    terms = TERMS.get(channel)
    if terms is None:
        raise ChannelCannotSplit(channel=channel)
    if len({one.account for one in receivers}) < len(receivers):
        raise SplitReceiverTwice
    if any(one.amount <= ZERO or not ZERO <= one.vat <= one.amount for one in receivers):
        raise SplitShareUnfit
    ratio = terms.max_ratio if max_ratio is None else max_ratio
    if over_ratio(paid, receivers, ratio):
        raise SplitOverRatio(max_ratio=ratio)
    if at >= paid_at + terms.freeze:
        raise FreezeOver
    return (
        SplitRequested(
            split_id=split_id,
            order_id=order_id,
            payment_id=payment_id,
            channel=channel,
            transaction_id=transaction_id,
            paid=paid,
            receivers=tuple(receivers),
            max_ratio=ratio,
            freeze_ends_at=paid_at + terms.freeze,
            saga_version=SAGA_VERSION,
            next_at=at,
            at=at,
        ),
    )


def ask_back(
    split: Split, *, refund_id: RefundId, amount: Money, at: datetime
) -> tuple[SplitReturnRequested, ...]:
    """Ask of each receiver its part of a refund, before the channel is asked to pay it.

    Parts of several refunds add up to what one refund of their sum takes. Raises: SplitNotFound, NothingToReturn.
    """
    if split.version == 0:
        raise SplitNotFound
    if refund_id in split.refunded:
        return ()
    before = sum(split.refunded.values(), ZERO)
    total = Money(min(before.fen + amount.fen, split.paid.fen))
    turn = len(split.returns)
    wanted: list[SplitReturnRequested] = []
    for share in split.shares.values():
        if share.state != "finished":
            continue
        one = share.receiver
        back = part_back(one.amount, split.paid, total) - asked(split, one.account)
        vat = part_back(one.vat, split.paid, total) - asked_vat(split, one.account)
        if back > ZERO:
            of = Receiver(one.kind, one.account, back, Money(min(vat.fen, back.fen)))
            number = return_no(split.id, turn + len(wanted))
            wanted.append(
                SplitReturnRequested(
                    split.id, split.order_id, refund_id, amount, number, of, at, at
                )
            )
    if not wanted:
        raise NothingToReturn
    return tuple(wanted)


def warn(split: Split, *, at: datetime) -> tuple[SplitFreezeWarned, ...]:
    """Four fifths of the freeze are over. Nothing when nothing is frozen any more, or it was said before."""
    if split.version == 0 or split.warned or split.frozen == ZERO:
        return ()
    assert split.freeze_ends_at is not None
    return (SplitFreezeWarned(split.id, split.order_id, split.frozen, split.freeze_ends_at, at),)


def end_freeze(split: Split, *, at: datetime) -> tuple[SplitEvent, ...]:
    """The freeze is over: what was not shared out is the merchant's, unless a call of ours was faster.

    While one is under way the channel knows and we do not: it is asked, and people are told.
    """
    if split.version == 0 or split.unfrozen or split.frozen == ZERO:
        return ()
    assert split.freeze_ends_at is not None
    if at < split.freeze_ends_at:
        return ()
    if split.asking.phase in (*TO_ASK, Phase.ATTEMPTING):
        return trouble(split, "frozen_out", "the freeze ended while a call was under way", at)
    missed = tuple(
        SplitClosed(
            split.id, split.order_id, split.channel, one.receiver, "FREEZE_OVER", "expiry", at
        )
        for one in split.shares.values()
        if one.state == "wanted"
    )
    ended = split.freeze_ends_at
    free = SplitUnfrozen(split.id, split.order_id, split.channel, split.frozen, ended, "expiry", at)
    people = trouble(split, "frozen_out", "it unfroze before it was shared out", at)
    return (free, *missed, *(people if missed else ()))


def warn_at(paid_at: datetime, freeze_ends_at: datetime) -> datetime:
    """When the guard speaks."""
    part, whole = WARN_AT
    return paid_at + (freeze_ends_at - paid_at) * part // whole


# --- parts of decisions ---------------------------------------------------------------------


def asked(split: Split, account: str) -> Money:
    """What was asked back of this receiver and not refused."""
    back = (one for one in split.returns.values() if one.receiver.account == account)
    return sum((one.receiver.amount for one in back if one.state != "failed"), ZERO)


def asked_vat(split: Split, account: str) -> Money:
    back = (one for one in split.returns.values() if one.receiver.account == account)
    return sum((one.receiver.vat for one in back if one.state != "failed"), ZERO)
