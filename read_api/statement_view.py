"""One statement as the API shows it: lines, what they add up to, and what was paid."""

from datetime import datetime
from typing import LiteralString
from uuid import UUID

from pydantic import BaseModel

STATEMENTS: LiteralString = """
select s.statement_id, s.merchant_id, s.kind, s.period, s.starts_at, s.ends_at, s.closes_at, s.lines, s.net_fen,
  s.closed_at, s.root, s.carried_in_fen, s.payable_fen, s.carried_out_fen, s.position,
  p.payout_id, p.status as payout_status, p.confirmed_at as paid_at
from read.statements_v1 s left join read.statement_payouts_v1 p
  on p.tenant = s.tenant and p.statement_id = s.statement_id
where s.tenant = %(tenant)s and """


class StatementView(BaseModel):
    """One statement. `net_fen` is all its lines; once closed, with what was owed from before (`carried_in_fen`)
    it is what is paid (`payable_fen`), or what the merchant owes from then on (`carried_out_fen`).
    `root` stands for the lines in their order (RFC 6962).
    """

    statement_id: UUID
    merchant_id: UUID
    kind: str
    period: str
    starts_at: datetime
    ends_at: datetime
    closes_at: datetime
    lines: int
    net_fen: int
    closed_at: datetime | None
    root: str | None
    carried_in_fen: int | None
    payable_fen: int | None
    carried_out_fen: int | None
    payout_id: UUID | None
    payout_status: str | None
    paid_at: datetime | None
    position: int


class LineView(BaseModel):
    """One line: every amount of its order, in fen, negative where money goes back. `net_fen` is what it adds.

    gross = merchant_coupon + platform_coupon + subsidy + points + cash;
    the merchant's share = gross - merchant_coupon - commission - commission_vat.
    """

    line: int
    kind: str
    order_id: UUID
    source_id: UUID
    lot: int
    gross_fen: int
    merchant_coupon_fen: int
    platform_coupon_fen: int
    subsidy_fen: int
    points_fen: int
    cash_fen: int
    commission_fen: int
    commission_vat_fen: int
    cost_fen: int
    goods_vat_fen: int
    net_fen: int
    net_to: str
    added_at: datetime


class StatementFile(BaseModel):
    """A statement with a page of its lines. `lines_net_fen` adds up all lines, not just these.

    `adds_up`: the lines are the statement, and the statement is what is paid or owed, to the fen.
    """

    statement: StatementView
    lines_count: int
    lines_net_fen: int
    adds_up: bool
    items: list[LineView]
    next: str | None


def adds_up(statement: StatementView, count: int, net_fen: int) -> bool:
    if (count, net_fen) != (statement.lines, statement.net_fen):
        return False
    if statement.closed_at is None:
        return True
    assert statement.carried_in_fen is not None
    assert statement.payable_fen is not None
    assert statement.carried_out_fen is not None
    left = statement.net_fen + statement.carried_in_fen
    return left == statement.payable_fen - statement.carried_out_fen
