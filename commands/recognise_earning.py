"""Recognise what a merchant earns with an order. Asked by: the process that follows sales and verifications."""

from collections.abc import Iterator
from uuid import UUID

from commands.settling import (
    EarningState,
    given_back,
    merchant_of,
    page_now,
    record_earning,
    terms_now,
    timer_of,
)
from commands.timers import MatureEarning
from commands.use_case import Command, Lane, Stream, Tx, UseCase
from domain import earning as earnings
from domain import merchant as merchants
from domain.commission import Price, rate_of
from domain.display import OrderStatus
from domain.earning import EARNING, Sold, Terms
from domain.ids import OrderId, earning_id
from domain.order import ORDER, Order, OrderNotFound


class RecogniseEarning(Command, frozen=True):
    """Sold (no proof): all units; or used: `proof` names the use of one. Repeat it freely: it is earned once.

    Nothing is earned with goods of a merchant that was never onboarded, nor by a sale under a policy that
    waits for its use.
    """

    order_id: OrderId
    proof: UUID | None = None


def handle(cmd: RecogniseEarning, tx: Tx) -> EarningState:
    order, id = tx.read(ORDER, cmd.order_id), earning_id(cmd.order_id)
    if order.status is OrderStatus.NEW:
        raise OrderNotFound
    merchant = merchant_of(tx, order)
    if order.status is not OrderStatus.READY or not merchants.known(merchant):
        return EarningState(id, recognised=False)
    agreement, page = terms_now(tx, merchant), page_now(tx, merchant)
    # Tiers count what stands on the statement of the period when the order is earned.
    rate = rate_of(agreement, category=order.fulfilment, volume=page.statement.totals.gross)
    events = earnings.recognise(
        tx.read(EARNING, id),
        Sold(order.id, order.quantity, Price(order.amount), given_back(order)),
        Terms(merchant.id, agreement, merchant.books, rate),
        earning_id=id,
        proof=cmd.proof,
        count=order.quantity if cmd.proof is None else 1,
        value_at=tx.at,
        at=tx.at,
    )
    record_earning(tx, id, events)
    if not events:
        return EarningState(id, recognised=False)
    (earned,) = events
    if earnings.matures(earned.books):
        timer = MatureEarning(id, earned.lot)
        tx.set_timer(earned.matures_at, timer, of=timer_of(id, earned.lot))
    return EarningState(id, recognised=True, net_fen=earned.amounts.net.fen)


def streams(cmd: RecogniseEarning, tx: Tx) -> Iterator[Stream]:
    """The order and what was earned with it; whose it is, is found on the way."""
    yield Stream(ORDER, cmd.order_id)
    yield Stream(EARNING, earning_id(cmd.order_id))
    order: Order = tx.read(ORDER, cmd.order_id)
    if order.status is not OrderStatus.NEW:
        merchant_of(tx, order)


USE_CASE = UseCase(
    "recognise_earning",
    RecogniseEarning,
    EarningState,
    handle,
    scope="process:act",
    streams=streams,
    lane=Lane.MONEY,
)
