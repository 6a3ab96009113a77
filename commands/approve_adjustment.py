"""Approve what another person wants a merchant to get of an order, or to give. Asked by: finance."""

from commands.fields import Digest
from commands.settling import (
    AdjustedEarning,
    adjusted_line,
    page_now,
    record_earning,
    whole_earning,
    write_lines,
)
from commands.use_case import Command, Lane, Tx, UseCase
from domain import earning as earnings
from domain.earning import EARNING
from domain.ids import OrderId, ProposalId, earning_id
from domain.merchant import MERCHANT


class ApproveAdjustment(Command, frozen=True):
    """`shown` is the digest of what you were shown: if it, or the earning, is another by now, nothing happens."""

    order_id: OrderId
    proposal_id: ProposalId
    shown: Digest


def handle(cmd: ApproveAdjustment, tx: Tx) -> AdjustedEarning:
    earning = tx.read(EARNING, earning_id(cmd.order_id))
    earnings.check_known(earning)
    merchant = tx.read(MERCHANT, earning.merchant_id)
    page = page_now(tx, merchant)
    approved = earnings.approve_adjustment(
        earning,
        proposal_id=cmd.proposal_id,
        shown=cmd.shown,
        statement_id=page.id,
        books=merchant.books,
        by=tx.principal,
        at=tx.at,
    )
    record_earning(tx, earning.id, approved)
    write_lines(tx, merchant, {page.id: page}, {page.id: [adjusted_line(approved[0])]})
    return AdjustedEarning(earning.id, approved[0].amount.fen, page.id)


USE_CASE = UseCase(
    "approve_adjustment",
    ApproveAdjustment,
    AdjustedEarning,
    handle,
    scope="settlement:approve",
    streams=lambda cmd, tx: whole_earning(tx, earning_id(cmd.order_id)),
    lane=Lane.MONEY,
)
