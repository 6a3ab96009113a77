"""What people decide about payouts: one proposes, another, who sees the same, approves or declines."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final

from domain import four_eyes
from domain.attempts import calls_end_at
from domain.errors import Rejected
from domain.events.payout import (
    PayoutAction,
    PayoutEvent,
    PayoutFailed,
    PayoutResolutionApproved,
    PayoutResolutionDeclined,
    PayoutResolutionProposed,
)
from domain.ids import ProposalId
from domain.payout import Payout, PayoutNotFound, Proposal, Status

REISSUES: Final = frozenset({"reissue", "reissue_by_bank"})
NOT_SENT: Final = frozenset({Status.WAITING, Status.NO_FUNDS})
NOT_PAID: Final = NOT_SENT | {Status.FAILED, Status.RETURNED}
# What may be done in which state. Never anything that could pay twice: while the money may still arrive
# under a number, only waiting and asking are open.
ALLOWED: Final[Mapping[PayoutAction, frozenset[Status]]] = {
    "retry": NOT_SENT | {Status.ATTEMPTING, Status.IN_DOUBT, Status.IN_TRANSIT}
    | {Status.AWAITING_PAYEE},
    "reissue": NOT_PAID,
    "reissue_by_bank": NOT_PAID,
    "keep": frozenset({Status.CONFIRMED}),
}  # fmt: skip


class PayoutGoesOn(Rejected, code="payout_goes_on", zh="该打款单当前无需人工处理"):
    """It goes on by itself, or is over."""


class PayoutActionUnsafe(Rejected, code="payout_action_unsafe", zh="该处理方式可能造成重复打款"):
    """In this state of the payout it could pay twice, or is pointless; `allowed` names what is open."""


class PayoutCallUnderWay(
    Rejected, code="payout_call_under_way", zh="上一次打款请求可能仍在途，请稍后再处理"
):
    """A worker that fell asleep could still make the last call, until `until`: paying again has to wait."""


class BankAccountMissing(Rejected, code="bank_account_missing", zh="改走银行打款须填写银行账户"):
    """A channel's account is no bank account: paying by the bank needs one."""


# --- decisions ------------------------------------------------------------------------------


def propose(
    payout: Payout,
    *,
    proposal_id: ProposalId,
    action: PayoutAction,
    payee: str,
    note: str,
    by: str,
    at: datetime,
) -> tuple[PayoutResolutionProposed, ...]:
    """Say what to do with a payout that people look after."""
    if payout.version == 0:
        raise PayoutNotFound
    if four_eyes.again(payout.proposal, proposal_id):
        return ()
    if payout.trouble is None:
        raise PayoutGoesOn(status=payout.status.value)
    if action not in allowed(payout):
        raise PayoutActionUnsafe(status=payout.status.value, allowed=" ".join(allowed(payout)))
    if action == "reissue_by_bank" and payout.route != "bank_file" and not payee:
        raise BankAccountMissing
    if payee and action not in REISSUES:  # the account of a live number cannot be changed
        raise PayoutActionUnsafe(status=payout.status.value, allowed="reissue reissue_by_bank")
    shown = four_eyes.digest(
        str(payout.id),
        action,
        payee,
        note,
        by,
        f"{payout.amount.fen} {payout.status} {payout.trouble} {payout.detail}",
        payout.asking.number,
        str(payout.version),
    )
    return (PayoutResolutionProposed(payout.id, proposal_id, action, payee, note, by, shown, at),)


def approve(
    payout: Payout, *, proposal_id: ProposalId, shown: str, by: str, at: datetime
) -> tuple[PayoutEvent, ...]:
    """Agree, as another person who sees the same. A number that was never taken on is given up with it.

    Raises: PayoutNotFound, ProposalUnknown, SamePerson, ProposalStale, PayoutCallUnderWay.
    """
    proposal = open_proposal(payout, proposal_id)
    four_eyes.second(proposal, shown=shown, by=by, version=payout.version)
    if proposal.action in REISSUES and at < (until := calls_end_at(payout.asking, at)):
        raise PayoutCallUnderWay(until=until.isoformat())
    yes = PayoutResolutionApproved(payout.id, proposal_id, proposal.action, by, at, at)
    if proposal.action not in REISSUES or payout.status not in NOT_SENT:
        return (yes,)
    given_up = PayoutFailed(
        payout_id=payout.id,
        merchant_id=payout.merchant_id,
        route=payout.route,
        channel=payout.channel,
        number=payout.asking.number,
        amount=payout.amount,
        code="GIVEN_UP",
        evidence="people",
        at=at,
    )
    return (yes, given_up)


def decline(
    payout: Payout, *, proposal_id: ProposalId, note: str, by: str, at: datetime
) -> tuple[PayoutEvent, ...]:
    """Turn a proposal down, also one's own. Raises: PayoutNotFound, ProposalUnknown."""
    open_proposal(payout, proposal_id)
    return (PayoutResolutionDeclined(payout.id, proposal_id, note, by, at),)


# --- parts of decisions ---------------------------------------------------------------------


def open_proposal(payout: Payout, proposal_id: ProposalId) -> Proposal:
    if payout.version == 0:
        raise PayoutNotFound
    return four_eyes.find(payout.proposal, proposal_id)


def allowed(payout: Payout) -> list[PayoutAction]:
    """What may be proposed now: never another payment while this one may still arrive."""
    closed_to = REISSUES if payout.asking.accepted else frozenset()
    return [
        action
        for action, states in ALLOWED.items()
        if payout.status in states and action not in closed_to
    ]
