"""What earning, taking back, maturing and closing entail at once: statement lines, timers, in the same commit."""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, TypeAlias
from uuid import UUID, uuid5

from commands.timers import CloseStatement
from commands.use_case import Reply, Stream, Tx
from domain import earning as earnings
from domain import merchant as merchants
from domain import statement as statements
from domain.agreement import Agreement
from domain.campaign import CAMPAIGN
from domain.earning import EARNING, Earning
from domain.errors import Rejected
from domain.events.earning import (
    NOTHING,
    EarningAdjustmentApproved,
    EarningEvent,
    EarningMatured,
    EarningReversed,
)
from domain.events.merchant import MerchantEvent
from domain.events.order import OrderEvent, RefundOwed
from domain.events.statement import NetTo, StatementEvent, StatementOpened
from domain.ids import (
    NIL,
    EarningId,
    MerchantId,
    ProposalId,
    StatementId,
    earning_id,
    merchant_id,
    statement_id,
)
from domain.merchant import MERCHANT, Merchant
from domain.money import ZERO, Money
from domain.order import ORDER, Order
from domain.period import span
from domain.sku import SKU
from domain.statement import STATEMENT, NewLine, Statement

Lines: TypeAlias = Mapping[StatementId, Sequence[NewLine]]


class AgreementMissing(Rejected, code="agreement_missing", zh="商家没有生效的结算协议"):
    """Nothing can be earned, stated or paid before an agreement with the merchant is in force."""


class ProposedSettlement(Reply, frozen=True):
    """`shown` is the digest of what was proposed: who approves sends it back."""

    proposal_id: ProposalId
    shown: str


class MerchantState(Reply, frozen=True):
    """The merchant after the command."""

    merchant_id: MerchantId


class EarningState(Reply, frozen=True):
    """`recognised` is what this command added, if anything: net is the merchant's share of it."""

    earning_id: EarningId
    recognised: bool
    net_fen: int = 0


class AdjustedEarning(Reply, frozen=True):
    """What was added for the merchant, and the statement that shows it; nothing when it was declined."""

    earning_id: EarningId
    amount_fen: int = 0
    statement_id: StatementId | None = None


class Page(NamedTuple):
    """A statement that may take lines, opened by this command if need be."""

    id: StatementId
    statement: Statement
    opened: tuple[StatementEvent, ...] = ()


# --- whose it is ----------------------------------------------------------------------------


def merchant_of(tx: Tx, order: Order) -> Merchant:
    """Who sells what was ordered; empty when that merchant was never onboarded."""
    campaign = tx.read(CAMPAIGN, order.campaign_id)
    assert campaign.offer is not None
    sku = tx.read(SKU, campaign.offer.sku_id)
    return tx.read(MERCHANT, merchant_id(tx.tenant, sku.merchant))


def terms_now(tx: Tx, merchant: Merchant) -> Agreement:
    """The agreement in force. Raises: AgreementMissing."""
    agreement = merchants.in_force(merchant, tx.at)
    if agreement is None:
        raise AgreementMissing
    return agreement


def given_back(order: Order, more: Sequence[OrderEvent] = ()) -> Money:
    """What goes back of the payment that bought the order, `more` included."""
    owed = (one.amount for one in order.owed.values() if one.transaction_id == order.transaction_id)
    added = (one.amount for one in more if isinstance(one, RefundOwed))
    return sum((*owed, *added), ZERO)


def timer_of(earning: EarningId, lot: int) -> UUID:
    """Each lot has a timer of its own."""
    return uuid5(earning, f"lot {lot}")


def record_merchant(tx: Tx, id: MerchantId, events: Sequence[MerchantEvent]) -> None:
    tx.append(MERCHANT, id, events)


def record_earning(tx: Tx, id: EarningId, events: Sequence[EarningEvent]) -> None:
    tx.append(EARNING, id, events)


def record_statement(tx: Tx, id: StatementId, events: Sequence[StatementEvent]) -> None:
    tx.append(STATEMENT, id, events)


# --- statements -----------------------------------------------------------------------------


def page_now(tx: Tx, merchant: Merchant) -> Page:
    """The statement of the period that it is. Raises: AgreementMissing."""
    agreement = terms_now(tx, merchant)
    id = statement_id(merchant.id, span(agreement.period, tx.at).name)
    statement = tx.read(STATEMENT, id)
    opened = statements.open_(statement, merchant_id=merchant.id, agreement=agreement, at=tx.at)
    return Page(id, statement, opened)


def write_lines(
    tx: Tx, merchant: Merchant, pages: Mapping[StatementId, Page], lines: Lines
) -> None:
    """Put lines on statements; a statement that begins with them closes by its timer."""
    for id, new in lines.items():
        page = pages[id]
        added = statements.add(page.statement, new, of=id, merchant_id=merchant.id, at=tx.at)
        record_page(tx, page, added)


def record_page(tx: Tx, page: Page, added: Sequence[StatementEvent] = ()) -> None:
    """Append to a statement, and start its clock if it begins."""
    record_statement(tx, page.id, (*page.opened, *added))
    for event in page.opened:
        if isinstance(event, StatementOpened):
            tx.set_timer(event.closes_at, CloseStatement(page.id), of=page.id)


def matured_line(event: EarningMatured) -> NewLine:
    net = earnings.to_be_paid(event.amounts, event.books)
    pays = event.books.money_mode == "platform_collect"
    to: NetTo = "payable" if pays else "channel"
    return NewLine("earning", event.order_id, event.earning_id, event.lot, event.amounts, net, to)


def reversed_line(event: EarningReversed) -> NewLine:
    net = ZERO - earnings.to_be_paid(event.amounts, event.books)
    pays = event.books.money_mode == "platform_collect"
    to: NetTo = "channel"
    if pays:
        to = "payable" if event.taken_from == "payable" else "receivable"
    amounts = NOTHING - event.amounts
    return NewLine("reversal", event.order_id, event.refund_id, event.lot, amounts, net, to)


def adjusted_line(event: EarningAdjustmentApproved) -> NewLine:
    to: NetTo = "payable" if event.amount > ZERO else "receivable"
    return NewLine("adjustment", event.order_id, event.proposal_id, 0, NOTHING, event.amount, to)


# --- taking back ----------------------------------------------------------------------------


def take_back(tx: Tx, order: Order, owed: Sequence[OrderEvent]) -> None:
    """Take from the merchant what a debt to the buyer leaves unearned, before the debt is recorded.

    The buyer never waits for it: what was paid out already is owed by the merchant, and netted later.
    """
    (debt,) = (one for one in owed if isinstance(one, RefundOwed))
    earning = tx.read(EARNING, earning_id(order.id))
    if not earnings.known(earning):
        return
    merchant = tx.read(MERCHANT, earning.merchant_id)
    now = page_now(tx, merchant)
    pages = {page.id: page for page in (*open_pages(tx, earning), now)}
    reversed_ = earnings.reverse(
        earning,
        refund=debt.refund_id,
        given_back=given_back(order, owed),
        ends=debt.ends,
        open_statements={
            id for id, page in pages.items() if statements.takes_lines(page.statement)
        },
        current=now.id,
        at=tx.at,
    )
    record_earning(tx, earning.id, reversed_)
    lines: dict[StatementId, list[NewLine]] = {}
    for event in reversed_:
        if event.statement_id is not None:
            lines.setdefault(event.statement_id, []).append(reversed_line(event))
    write_lines(tx, merchant, pages, lines)


def open_pages(tx: Tx, earning: Earning) -> Iterator[Page]:
    """The statements that lots of this order stand on, as far as they are not closed."""
    for id in {lot.statement_id for lot in earning.lots.values()} - {None}:
        assert id is not None
        statement = tx.read(STATEMENT, id)
        if statements.takes_lines(statement):
            yield Page(id, statement)


def whole_earning(tx: Tx, id: EarningId) -> Iterator[Stream]:
    """What was earned with an order, and whose it is."""
    yield Stream(EARNING, id)
    earning = tx.read(EARNING, id)
    if earning.merchant_id != NIL:
        yield Stream(MERCHANT, earning.merchant_id)
        yield Stream(ORDER, earning.order_id)
