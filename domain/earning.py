"""Earning: what a merchant earns with one order. Recognised in lots of units, matured, and taken back by refunds.

A refund takes what was not earned yet first, then what was, from the last unit on. Where the merchant's money
is by then (pending, payable, or paid already) decides out of which account it is taken.
"""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple, assert_never
from uuid import UUID

import msgspec

from domain import four_eyes
from domain.agreement import Agreement
from domain.commission import Price, Rate, give_back, total, units, whole
from domain.decider import Decider
from domain.errors import NotFound
from domain.events.earning import (
    NOTHING,
    Amounts,
    EarningAdjustmentApproved,
    EarningAdjustmentDeclined,
    EarningAdjustmentProposed,
    EarningEvent,
    EarningMatured,
    EarningRecognised,
    EarningReversed,
    TakenFrom,
)
from domain.ids import NIL, EarningId, MerchantId, OrderId, ProposalId, RefundId, StatementId
from domain.money import ZERO, Money
from domain.policies import BookPolicy


class Lot(msgspec.Struct, frozen=True):
    """Units that were recognised together: they mature together, and stand on one statement."""

    first: int
    count: int
    books: BookPolicy
    matures_at: datetime
    statement_id: StatementId | None = None  # since it has matured

    def covers(self, unit: int) -> bool:
        return self.first <= unit < self.first + self.count


class Adjustment(four_eyes.Proposal, frozen=True):
    """What somebody wants the merchant to get, or to give."""

    amount: Money


class Earning(msgspec.Struct):
    """What a decision needs to know, and no more."""

    id: EarningId = EarningId(NIL)
    order_id: OrderId = OrderId(NIL)
    merchant_id: MerchantId = MerchantId(NIL)
    units: tuple[Amounts, ...] = ()  # of every unit of the order, less what went back
    given_back: Money = ZERO  # cash that is in `units` no more
    lots: dict[int, Lot] = {}  # from 1, of consecutive units
    proofs: set[UUID] = set()  # only ever grows
    reversed: set[RefundId] = set()  # only ever grows
    proposal: Adjustment | None = None
    version: int = 0  # events so far


class Terms(NamedTuple):
    """What a merchant's order is earned under."""

    merchant_id: MerchantId
    agreement: Agreement
    books: BookPolicy
    rate: Rate


class Sold(NamedTuple):
    """One order as it was sold, and what of its cash is owed back by now."""

    order_id: OrderId
    quantity: int
    price: Price
    given_back: Money


class EarningNotFound(NotFound, code="earning_not_found", zh="该订单没有商家收入记录"):
    """Nothing was earned with this order."""


# --- decisions ------------------------------------------------------------------------------


def recognise(
    earning: Earning,
    sold: Sold,
    terms: Terms,
    *,
    earning_id: EarningId,
    proof: UUID | None,
    count: int,
    value_at: datetime,
    at: datetime,
) -> tuple[EarningRecognised, ...]:
    """Earn the next `count` units that nobody has earned yet and nobody was given back.

    `proof` names the use of a unit; None: the sale itself earns, where the policy of the books says so.
    """
    if proof in earning.proofs or (proof is None and terms.books.recognise_at != "sale"):
        return ()
    left = not_given_back(earning, sold, terms)
    first = sum(lot.count for lot in earning.lots.values())
    amounts = total(left[first : first + count])
    if amounts == NOTHING:
        return ()
    days = timedelta(days=terms.agreement.settle_days)
    return (
        EarningRecognised(
            earning_id=earning_id,
            order_id=sold.order_id,
            merchant_id=terms.merchant_id,
            lot=len(earning.lots) + 1,
            cause="sale" if proof is None else "verification",
            proof=proof,
            first=first,
            count=min(count, len(left) - first),
            amounts=amounts,
            units=left,
            given_back=sold.given_back,
            rate_bp=terms.rate.rate_bp,
            vat_rate_bp=terms.agreement.vat_rate_bp,
            agreement_version=terms.agreement.version,
            books=terms.books,
            matures_at=at + days,
            value_at=value_at,
            at=at,
        ),
    )


def reverse(
    earning: Earning,
    *,
    refund: RefundId,
    given_back: Money,
    ends: bool,
    open_statements: Collection[StatementId],
    current: StatementId,
    at: datetime,
) -> tuple[EarningReversed, ...]:
    """Take back what a refund leaves unearned; `given_back` is all cash of the order that goes back by now.

    `open_statements` take lines still; what stands on another was paid, and is owed by the merchant.
    """
    if not known(earning) or refund in earning.reversed:
        return ()
    last_first = range(len(earning.units) - 1, -1, -1)
    way = sorted(last_first, key=lambda unit: earned(earning, unit))  # the unearned first
    back = give_back(earning.units, given_back - earning.given_back, order=way, everything=ends)
    events = []
    for number, lot in sorted(earning.lots.items()):
        amounts = total(back.taken[unit] for unit in range(lot.first, lot.first + lot.count))
        if amounts == NOTHING:
            continue
        taken_from, statement = where(lot, open_statements, current)
        events.append(
            EarningReversed(
                earning_id=earning.id,
                order_id=earning.order_id,
                merchant_id=earning.merchant_id,
                lot=number,
                refund_id=refund,
                amounts=amounts,
                units=back.left,
                given_back=given_back,
                taken_from=taken_from,
                statement_id=statement,
                books=lot.books,
                value_at=at,
                at=at,
            )
        )
    return tuple(events)


def mature(
    earning: Earning, lot: int, *, statement_id: StatementId, at: datetime
) -> tuple[EarningMatured, ...]:
    """T+N is over for a lot: what is left of it is payable. Never early, and not when nothing is left."""
    found = earning.lots.get(lot)
    if found is None or found.statement_id is not None or at < found.matures_at:
        return ()
    amounts = left_of(earning, found)
    if amounts == NOTHING:
        return ()
    return (
        EarningMatured(
            earning_id=earning.id,
            order_id=earning.order_id,
            merchant_id=earning.merchant_id,
            lot=lot,
            amounts=amounts,
            statement_id=statement_id,
            books=found.books,
            at=at,
        ),
    )


def propose_adjustment(
    earning: Earning, *, proposal_id: ProposalId, amount: Money, note: str, by: str, at: datetime
) -> tuple[EarningAdjustmentProposed, ...]:
    """Wish that the merchant gets more of this order, or less."""
    check_known(earning)
    if four_eyes.again(earning.proposal, proposal_id):
        return ()
    shown = four_eyes.digest(
        str(earning.id), "adjust", str(amount.fen), note, by, str(earning.version)
    )
    whose = earning.id, earning.order_id, earning.merchant_id
    return (EarningAdjustmentProposed(*whose, proposal_id, amount, note, by, shown, at),)


def approve_adjustment(
    earning: Earning,
    *,
    proposal_id: ProposalId,
    shown: str,
    statement_id: StatementId,
    books: BookPolicy,
    by: str,
    at: datetime,
) -> tuple[EarningAdjustmentApproved, ...]:
    """Agree, as another person who sees the same: it goes on this statement."""
    check_known(earning)
    wish = four_eyes.find(earning.proposal, proposal_id)
    four_eyes.second(wish, shown=shown, by=by, version=earning.version)
    return (
        EarningAdjustmentApproved(
            earning_id=earning.id,
            order_id=earning.order_id,
            merchant_id=earning.merchant_id,
            proposal_id=proposal_id,
            amount=wish.amount,
            statement_id=statement_id,
            books=books,
            by=by,
            at=at,
        ),
    )


def decline_adjustment(
    earning: Earning, *, proposal_id: ProposalId, note: str, by: str, at: datetime
) -> tuple[EarningAdjustmentDeclined, ...]:
    """Turn it down, also one's own."""
    check_known(earning)
    four_eyes.find(earning.proposal, proposal_id)
    return (EarningAdjustmentDeclined(earning.id, proposal_id, note, by, at),)


# --- parts of decisions ---------------------------------------------------------------------


def known(earning: Earning) -> bool:
    """Was anything earned?"""
    return earning.id != NIL


def check_known(earning: Earning) -> None:
    """Raises: EarningNotFound."""
    if not known(earning):
        raise EarningNotFound


def earned(earning: Earning, unit: int) -> bool:
    """Was a unit recognised?"""
    return any(lot.covers(unit) for lot in earning.lots.values())


def left_of(earning: Earning, lot: Lot) -> Amounts:
    """What refunds have left of a lot."""
    return total(earning.units[lot.first : lot.first + lot.count])


def not_given_back(earning: Earning, sold: Sold, terms: Terms) -> tuple[Amounts, ...]:
    """The units of an order, less what went back of those that were not earned yet."""
    stored = earning.units
    if not known(earning):
        amounts = whole(sold.price, terms.agreement, terms.books, terms.rate)
        stored = units(amounts, sold.quantity)
    unearned = [at for at in range(len(stored)) if not earned(earning, at)]
    return give_back(stored, sold.given_back - earning.given_back, order=unearned[::-1]).left


def where(
    lot: Lot, open_statements: Collection[StatementId], current: StatementId
) -> tuple[TakenFrom, StatementId | None]:
    """Where the money of a lot is now, and on which statement a reversal has to stand."""
    if lot.statement_id is None:
        return "pending", None
    if lot.statement_id in open_statements:
        return "payable", lot.statement_id
    return "receivable", current


def to_be_paid(amounts: Amounts, books: BookPolicy) -> Money:
    """What of these amounts the platform pays out: where the channel splits, and for goods of our own, nothing."""
    ours = books.money_mode == "platform_collect" and books.accounting == "agent"
    return amounts.net if ours else ZERO


def matures(books: BookPolicy) -> bool:
    """Does anybody get a statement? What we sold ourselves is ours at once."""
    return books.accounting == "agent"


# --- evolution ------------------------------------------------------------------------------


def evolve(earning: Earning, event: EarningEvent) -> Earning:
    """Believe the event. No rule is checked here, so history replays under any future rule."""
    earning.version += 1
    match event:
        case EarningRecognised():
            earning.id, earning.order_id = event.earning_id, event.order_id
            earning.merchant_id = event.merchant_id
            earning.units, earning.given_back = event.units, event.given_back
            earning.lots[event.lot] = Lot(event.first, event.count, event.books, event.matures_at)
            if event.proof is not None:
                earning.proofs.add(event.proof)
        case EarningMatured():
            lot = earning.lots[event.lot]
            earning.lots[event.lot] = msgspec.structs.replace(lot, statement_id=event.statement_id)
        case EarningReversed():
            earning.units, earning.given_back = event.units, event.given_back
            earning.reversed.add(event.refund_id)
        case EarningAdjustmentProposed():
            earning.proposal = Adjustment(
                event.proposal_id, event.by, event.shown, earning.version, event.amount
            )
        case EarningAdjustmentApproved() | EarningAdjustmentDeclined():
            earning.proposal = None
        case _:
            assert_never(event)
    return earning


EARNING: Decider[Earning, EarningEvent] = Decider("earning", Earning, EarningEvent, evolve)
