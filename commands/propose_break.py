"""Propose the entry that resolves a break. Asked by: the desk of finance; another approves."""

from typing import Annotated

from msgspec import Meta

from commands.fields import Fen, Note
from commands.reconciling import known_break, record_break, the_break
from commands.use_case import Command, Lane, Reply, Tx, UseCase
from domain import break_desk as desk
from domain.events.recon import Resolution
from domain.ids import BreakId, OrderId, ProposalId, RefundId
from domain.money import Money


class ProposeBreak(Command, frozen=True):
    """`order_found` and `order_unwound` need the order, `refund_owed` the refund, all of them evidence."""

    break_id: BreakId
    resolution: Resolution
    amount_fen: Fen
    evidence: Annotated[str, Meta(max_length=200)]
    note: Note = ""
    order_id: OrderId | None = None
    refund_id: RefundId | None = None


class ProposedBreak(Reply, frozen=True):
    """To be approved by somebody else, who must quote `shown`."""

    break_id: BreakId
    proposal_id: ProposalId
    shown: str


def handle(cmd: ProposeBreak, tx: Tx) -> ProposedBreak:
    it = known_break(tx, cmd.break_id)
    proposal_id = ProposalId(tx.id("proposal"))
    proposed = desk.propose(
        it,
        proposal_id=proposal_id,
        resolution=cmd.resolution,
        amount=Money(cmd.amount_fen),
        order_id=cmd.order_id,
        refund_id=cmd.refund_id,
        evidence=cmd.evidence,
        note=cmd.note,
        by=tx.principal,
        at=tx.at,
    )
    record_break(tx, it, it.id, proposed)
    return ProposedBreak(it.id, proposal_id, proposed[0].shown)


USE_CASE = UseCase(
    "propose_break",
    ProposeBreak,
    ProposedBreak,
    handle,
    scope="break:propose",
    streams=lambda cmd, tx: the_break(cmd.break_id),
    lane=Lane.MONEY,
)
