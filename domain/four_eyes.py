"""Four eyes: one person proposes, another, who sees the same, approves or declines.

What was shown is bound by its digest and by how many events the subject had: approving anything else, or
anything that has changed since, is refused. Every aggregate that lets two people decide asks here.
"""

from hashlib import sha256
from typing import TypeVar

import msgspec

from domain.errors import Rejected
from domain.ids import ProposalId


class Proposal(msgspec.Struct, frozen=True):
    """What somebody wants done, as it was shown when its subject had `version` events."""

    id: ProposalId
    by: str
    shown: str
    version: int


P = TypeVar("P", bound=Proposal)


class ProposalPending(Rejected, code="proposal_pending", zh="已有待审批的处理方案"):
    """Somebody has proposed already: approve or decline that first."""


class ProposalUnknown(Rejected, code="proposal_unknown", zh="处理方案不存在或已处理"):
    """No such proposal is open here."""


class SamePerson(Rejected, code="same_person", zh="提出人与审批人不能是同一人"):
    """Who proposed may not approve."""


class ProposalStale(Rejected, code="proposal_stale", zh="情况已变化，请重新查看后再审批"):
    """The subject has changed since it was proposed, or you were shown something else."""


def digest(*parts: str) -> str:
    """Of what a second person is shown: whoever approves says that this, and nothing else, was it."""
    return sha256("\n".join(f"{len(part)} {part}" for part in parts).encode()).hexdigest()


def again(proposal: Proposal | None, proposal_id: ProposalId) -> bool:
    """Is this very proposal open already? Raises: ProposalPending, when another one is."""
    if proposal is None:
        return False
    if proposal.id != proposal_id:
        raise ProposalPending(proposal_id=str(proposal.id))
    return True


def find(proposal: P | None, proposal_id: ProposalId) -> P:
    """The open proposal. Raises: ProposalUnknown."""
    if proposal is None or proposal.id != proposal_id:
        raise ProposalUnknown
    return proposal


def second(proposal: Proposal, *, shown: str, by: str, version: int) -> None:
    """May this person approve what they were shown? Raises: SamePerson, ProposalStale."""
    if proposal.by == by:
        raise SamePerson
    if proposal.shown != shown or proposal.version != version:
        raise ProposalStale
