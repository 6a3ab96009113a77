"""Postings of settlement: what merchants earn, give back, are owed, and owe.

What is posted follows the policy under which it was decided. Who holds buyers' money is a fact, so a replay under
another policy keeps it; whether discounts are an expense and sales are ours is how the books tell it.
"""

from typing import TypeAlias, assert_never

from domain import accounts
from domain.accounts import Code
from domain.events.earning import (
    NOTHING,
    Amounts,
    EarningAdjustmentApproved,
    EarningMatured,
    EarningRecognised,
    EarningReversed,
)
from domain.events.merchant import MerchantDepositReceived, MerchantDepositUsed
from domain.events.statement import StatementClosed
from domain.ledger_entry import TAKEN_FROM, Entry, Line, Place, day, move
from domain.money import ZERO, Money
from domain.policies import BookPolicy

SettlementPosted: TypeAlias = (
    EarningRecognised
    | EarningReversed
    | EarningMatured
    | EarningAdjustmentApproved
    | StatementClosed
    | MerchantDepositReceived
    | MerchantDepositUsed
)


def of_settlement(event: SettlementPosted, under: BookPolicy | None) -> tuple[Entry, ...]:
    """The entries of this event, by the policy it was decided under or by another."""
    match event:
        case EarningRecognised():
            return (recognised(event, under or event.books),)
        case EarningReversed():
            return (reversed_(event, under or event.books),)
        case EarningMatured():
            return matured(event)
        case EarningAdjustmentApproved():
            return (adjusted(event),)
        case StatementClosed():
            return closed(event)
        case MerchantDepositReceived():
            return (deposited(event),)
        case MerchantDepositUsed():
            return (deposit_used(event),)
    assert_never(event)


# --- what is earned -------------------------------------------------------------------------


def recognised(event: EarningRecognised, books: BookPolicy) -> Entry:
    """P3, P3c, B2: what was paid and not used is earned: the merchant's share, commission, tax. What coupons,
    subsidy and points add to the price comes from whoever gave them.
    """
    return Entry(
        rule="B2" if event.books.money_mode == "split" else "P3",
        lines=earned(event, event.amounts, accounts.MERCHANT_PENDING, books),
        value_date=day(event.value_at),
        order_id=event.order_id,
        merchant_id=event.merchant_id,
    )


def reversed_(event: EarningReversed, books: BookPolicy) -> Entry:
    """R1'': what was earned is given back, from where the merchant's share stands; it is owed to the buyer next."""
    return Entry(
        rule="R1''",
        lines=earned(event, NOTHING - event.amounts, TAKEN_FROM[event.taken_from], books),
        value_date=day(event.value_at),
        order_id=event.order_id,
        refund_id=event.refund_id,
        merchant_id=event.merchant_id,
    )


def earned(
    event: EarningRecognised | EarningReversed, amounts: Amounts, merchant: Code, books: BookPolicy
) -> tuple[Line, ...]:
    """The moves of an earning; with amounts below zero, of its reversal.

    Everything goes through one place, so that what comes in is what goes out: the merchant's own account for
    an agent, revenue for a principal.
    """
    of = str(event.merchant_id)
    supplied, vat = (
        (amounts.net, amounts.commission_vat)
        if event.books.accounting == "agent"
        else (amounts.cost, amounts.goods_vat)
    )
    tax: Place = accounts.VAT, "commission" if event.books.accounting == "agent" else "goods"
    supplier: Place = merchant, of
    if event.books.accounting == "principal":
        supplier = accounts.SUPPLIER_PAYABLE, of
    elif event.books.money_mode == "split":
        supplier = accounts.SPLIT_RECEIVABLE, str(event.order_id)
    paid = payers(event, amounts, books)
    if books.accounting == "principal":
        sales: Place = accounts.SALES, of
        into, out = (
            sales,
            (*move(sales, tax, vat), *move((accounts.COST_OF_GOODS, of), supplier, supplied)),
        )
    elif event.books.accounting == "principal":
        margin: Place = accounts.COMMISSION, of
        into, out = margin, (*move(margin, tax, vat), *move(margin, supplier, supplied))
    else:
        commission: Place = accounts.COMMISSION, of
        out = (*move(supplier, commission, amounts.commission), *move(supplier, tax, vat))
        if event.books.money_mode == "split":
            return out  # the rest of the money is the merchant's own, outside our books
        into, out = supplier, (*move(supplier, supplier, amounts.merchant_coupon), *out)
    return (*(line for place, amount in paid for line in move(place, into, amount)), *out)


def payers(
    event: EarningRecognised | EarningReversed, amounts: Amounts, books: BookPolicy
) -> tuple[tuple[Place, Money], ...]:
    """Who pays the price, but for the part that the merchant itself gives up."""
    of, order = str(event.merchant_id), str(event.order_id)
    if event.books.money_mode == "split":
        whole = amounts.gross - amounts.merchant_coupon
        return (((accounts.SPLIT_RECEIVABLE, order), whole),)
    contra = books.subsidy_as == "contra_revenue"
    coupon: Place = (accounts.CONTRA_REVENUE, "coupon") if contra else (accounts.COUPONS, of)
    subsidy: Place = (accounts.CONTRA_REVENUE, "subsidy") if contra else (accounts.SUBSIDY, of)
    return (
        ((accounts.UNUSED, order), amounts.cash),
        ((accounts.POINTS_RESERVED, order), amounts.points),
        (coupon, amounts.platform_coupon),
        (subsidy, amounts.subsidy),
    )


def matured(event: EarningMatured) -> tuple[Entry, ...]:
    """P4: T+N is over, the merchant's share is payable."""
    if event.books.money_mode == "split" or event.books.accounting == "principal":
        return ()
    of = str(event.merchant_id)
    return (
        Entry(
            rule="P4",
            lines=move(
                (accounts.MERCHANT_PENDING, of),
                (accounts.MERCHANT_PAYABLE, of),
                event.amounts.net,
            ),
            value_date=day(event.at),
            order_id=event.order_id,
            merchant_id=event.merchant_id,
        ),
    )


def adjusted(event: EarningAdjustmentApproved) -> Entry:
    """A1: two people give the merchant more of an order, or less."""
    of = str(event.merchant_id)
    more = event.amount >= ZERO
    account: Code = accounts.MERCHANT_PAYABLE if more else accounts.MERCHANT_OWES
    return Entry(
        rule="A1",
        lines=move((accounts.COMPENSATION, str(event.order_id)), (account, of), event.amount),
        value_date=day(event.at),
        order_id=event.order_id,
        merchant_id=event.merchant_id,
    )


# --- what is paid and owed ------------------------------------------------------------------


def closed(event: StatementClosed) -> tuple[Entry, ...]:
    """T2: at the close, what the merchant owes is taken out of what it is to be paid."""
    if event.netted == ZERO:
        return ()
    of = str(event.merchant_id)
    return (
        Entry(
            rule="T2",
            lines=move((accounts.MERCHANT_PAYABLE, of), (accounts.MERCHANT_OWES, of), event.netted),
            value_date=day(event.at),
            merchant_id=event.merchant_id,
            reference=event.period,
        ),
    )


def deposited(event: MerchantDepositReceived) -> Entry:
    """T8: a merchant's deposit is on our bank account, and the merchant's own."""
    return Entry(
        rule="T8",
        lines=move(
            (accounts.BANK, accounts.MAIN_BANK),
            (accounts.DEPOSIT, str(event.merchant_id)),
            event.amount,
        ),
        value_date=day(event.at),
        merchant_id=event.merchant_id,
        reference=event.reference,
    )


def deposit_used(event: MerchantDepositUsed) -> Entry:
    """T8u: the deposit pays what the merchant owes."""
    of = str(event.merchant_id)
    return Entry(
        rule="T8u",
        lines=move((accounts.DEPOSIT, of), (accounts.MERCHANT_OWES, of), event.amount),
        value_date=day(event.at),
        merchant_id=event.merchant_id,
    )
