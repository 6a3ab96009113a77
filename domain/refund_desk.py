"""What people decide about refunds: one proposes, another, who sees the same, approves or declines."""

from collections.abc import Mapping
from datetime import datetime

from domain import four_eyes
from domain.attempts import WORDS_LIVE
from domain.errors import Rejected
from domain.events.refund import (
    Action,
    RefundEvent,
    RefundPaidElsewhere,
    RefundProposed,
    RefundResolutionApproved,
    RefundResolutionDeclined,
    RefundResolutionProposed,
)
from domain.ids import PaymentId, ProposalId, RefundId
from domain.money import Money
from domain.order import Order
from domain.refund import OVER, TO_TRY, Proposal, Refund, RefundNotFound, Status
from domain.refund_rules import SAGA_VERSION

# What may be done in which state. Never anything that could pay twice: while the channel may still pay
# under a number, only waiting, asking and getting the money back are open.
ALLOWED: Mapping[Action, frozenset[Status]] = {
    "pay": frozenset({Status.PROPOSED}),
    "retry": TO_TRY | {Status.ATTEMPTING, Status.IN_DOUBT, Status.PROCESSING},
    "reissue": TO_TRY | {Status.CLOSED},
    "return": frozenset({Status.ABNORMAL}),
    "paid_elsewhere": TO_TRY | {Status.CLOSED, Status.RETURNED},
    "keep": OVER,
}


PAYS_AGAIN: frozenset[Action] = frozenset({"reissue", "paid_elsewhere"})


class NothingToDecide(Rejected, code="nothing_to_decide", zh="该退款当前无需人工处理"):
    """The refund goes on by itself, or is over."""


class ActionUnsafe(Rejected, code="action_unsafe", zh="该处理方式可能造成重复退款"):
    """In this state of the refund it could pay twice, or is pointless; `allowed` names what is open."""


class CallMayBeUnderWay(
    Rejected, code="call_may_be_under_way", zh="上一次退款请求可能仍在途，请稍后再处理"
):
    """A worker that fell asleep could still make the last call, until `until`: paying again has to wait."""


class ReferenceMissing(Rejected, code="reference_missing", zh="请填写其他渠道付款凭证号"):
    """A payment by another route needs the reference that proves it."""


# --- decisions ------------------------------------------------------------------------------


def propose_refund(
    refund: Refund,
    order: Order,
    *,
    refund_id: RefundId,
    payment_id: PaymentId,
    channel: str,
    amount: Money,
    paid: Money,
    proposal_id: ProposalId,
    note: str,
    by: str,
    at: datetime,
) -> tuple[RefundProposed, ...]:
    """Wish that a buyer gets money back that is not owed yet. Whether the order allows it is the order's word."""
    if refund.status is not Status.NEW:
        return ()
    shown = digest(refund_id, "pay", by, note, f"{order.id} {amount.fen} of {paid.fen}", 0)
    return (
        RefundProposed(
            refund_id=refund_id,
            order_id=order.id,
            payment_id=payment_id,
            buyer=order.buyer,
            channel=channel,
            transaction_id=order.transaction_id,
            amount=amount,
            paid=paid,
            proposal_id=proposal_id,
            note=note,
            by=by,
            shown=shown,
            saga_version=SAGA_VERSION,
            at=at,
        ),
    )


def propose(
    refund: Refund,
    *,
    proposal_id: ProposalId,
    action: Action,
    reference: str,
    note: str,
    by: str,
    at: datetime,
) -> tuple[RefundResolutionProposed, ...]:
    """Say what to do with a refund that people look after."""
    if refund.status is Status.NEW:
        raise RefundNotFound
    if four_eyes.again(refund.proposal, proposal_id):
        return ()
    if refund.trouble is None:
        raise NothingToDecide(status=refund.status.value)
    if action not in allowed(refund) or action == "pay":
        raise ActionUnsafe(status=refund.status.value, allowed=" ".join(allowed(refund)))
    if action == "paid_elsewhere" and not reference:
        raise ReferenceMissing
    what = f"{action} {reference}: {refund.trouble} {refund.detail} {refund.status} {refund.number}"
    shown = digest(refund.id, what, by, note, str(refund.amount.fen), refund.version)
    return (
        RefundResolutionProposed(refund.id, proposal_id, action, reference, note, by, shown, at),
    )


def approve(
    refund: Refund, *, proposal_id: ProposalId, shown: str, by: str, at: datetime
) -> tuple[RefundEvent, ...]:
    """Agree, as another person who sees the same. Raises: all of the above but the first four."""
    proposal = open_proposal(refund, proposal_id)
    four_eyes.second(proposal, shown=shown, by=by, version=refund.version)
    if proposal.action in PAYS_AGAIN and at < (until := calls_end_at(refund, at)):
        raise CallMayBeUnderWay(until=until.isoformat())
    yes = RefundResolutionApproved(refund.id, proposal_id, proposal.action, by, at, at)
    if proposal.action != "paid_elsewhere":
        return (yes,)
    paid = RefundPaidElsewhere(
        refund_id=refund.id,
        order_id=refund.order_id,
        amount=refund.amount,
        reference=proposal.reference,
        returned=refund.status is Status.RETURNED,
        at=at,
    )
    return (yes, paid)


def decline(
    refund: Refund, *, proposal_id: ProposalId, note: str, by: str, at: datetime
) -> tuple[RefundEvent, ...]:
    """Turn a proposal down, also one's own. Raises: RefundNotFound, ProposalUnknown."""
    open_proposal(refund, proposal_id)
    return (RefundResolutionDeclined(refund.id, proposal_id, note, by, at),)


# --- parts of decisions ---------------------------------------------------------------------


def open_proposal(refund: Refund, proposal_id: ProposalId) -> Proposal:
    if refund.status is Status.NEW:
        raise RefundNotFound
    return four_eyes.find(refund.proposal, proposal_id)


def calls_end_at(refund: Refund, at: datetime) -> datetime:
    """From when on nothing can be done any more under a number that the channel has not ended itself.

    A worker signs its call before the attempt's deadline or not at all, and what was signed too long ago is
    not heard: so one that was stopped over it, and wakes up later, does nothing.
    """
    if refund.status not in TO_TRY or refund.deadline is None:
        return at
    return refund.deadline + WORDS_LIVE


def allowed(refund: Refund) -> list[Action]:
    """What may be proposed now: never another payment while the channel still has this one in hand."""
    in_hand = refund.accepted and refund.status is not Status.RETURNED
    closed_to = PAYS_AGAIN if in_hand else frozenset()
    return [
        action
        for action, states in ALLOWED.items()
        if refund.status in states and action not in closed_to
    ]


def digest(refund_id: RefundId, what: str, by: str, note: str, sum_: str, version: int) -> str:
    """Of what a second person is shown of this refund."""
    return four_eyes.digest(str(refund_id), what, by, note, sum_, str(version))
