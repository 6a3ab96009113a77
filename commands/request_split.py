"""Request that an order's frozen money is shared out inside the channel. Asked by: settlement, finance."""

from collections.abc import Iterator
from typing import Annotated

import msgspec
from msgspec import Meta

from commands.end_split_freeze import EndSplitFreeze
from commands.fields import Fen, Name
from commands.splitting import SplitState, record_split
from commands.use_case import Command, Lane, Stream, Tx, UseCase
from commands.warn_split_freeze import WarnSplitFreeze
from domain import split_plans as plans
from domain.display import OrderStatus
from domain.errors import Rejected
from domain.events.split import Receiver, ReceiverKind, SplitRequested
from domain.ids import OrderId, split_id
from domain.money import Money
from domain.order import ORDER, Order, OrderNotFound
from domain.payment import PAYMENT
from domain.split import SPLIT
from domain.split_rules import TERMS

RECEIVERS_MAX = 50  # of one order, says the channel


class OrderNotPaidYet(Rejected, code="order_not_paid_yet", zh="订单尚未支付，不能分账"):
    """Only money that was captured can be shared out."""


class ShareWanted(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who is to get how much. `vat_fen` is the tax within our own commission; zero for others."""

    kind: ReceiverKind
    account: Name
    amount_fen: Fen
    vat_fen: Annotated[int, Meta(ge=0, le=10**11)] = 0


class RequestSplit(Command, frozen=True):
    """Once an order. `max_ratio` is the channel's own word about the merchant, of 10,000; else the usual holds."""

    order_id: OrderId
    receivers: Annotated[tuple[ShareWanted, ...], Meta(min_length=1, max_length=RECEIVERS_MAX)]
    max_ratio: Annotated[int, Meta(ge=0, le=10_000)] | None = None


def handle(cmd: RequestSplit, tx: Tx) -> SplitState:
    order, id = tx.read(ORDER, cmd.order_id), split_id(cmd.order_id)
    if order.status is OrderStatus.NEW:
        raise OrderNotFound
    if order.payment_id is None or not order.transaction_id:
        raise OrderNotPaidYet
    payment, split = tx.read(PAYMENT, order.payment_id), tx.read(SPLIT, id)
    capture = payment.transactions[order.transaction_id]
    requested = plans.request(
        split,
        split_id=id,
        order_id=order.id,
        payment_id=order.payment_id,
        channel=payment.channel,
        transaction_id=order.transaction_id,
        paid=capture.amount,
        paid_at=capture.paid_at,
        receivers=[receiver(one) for one in cmd.receivers],
        max_ratio=cmd.max_ratio,
        at=tx.at,
    )
    for event in requested:
        guard(tx, event)
    return record_split(tx, id, split, requested)


def guard(tx: Tx, event: SplitRequested) -> None:
    """The freeze has two alarms: one while there is time, one when there is none."""
    paid_at = event.freeze_ends_at - TERMS[event.channel].freeze
    warn_at = plans.warn_at(paid_at, event.freeze_ends_at)
    tx.set_timer(warn_at, WarnSplitFreeze(event.split_id), of=event.split_id)
    tx.set_timer(event.freeze_ends_at, EndSplitFreeze(event.split_id), of=event.split_id)


def receiver(wanted: ShareWanted) -> Receiver:
    return Receiver(wanted.kind, wanted.account, Money(wanted.amount_fen), Money(wanted.vat_fen))


def streams(cmd: RequestSplit, tx: Tx) -> Iterator[Stream]:
    yield Stream(ORDER, cmd.order_id)
    yield Stream(SPLIT, split_id(cmd.order_id))
    order: Order = tx.read(ORDER, cmd.order_id)
    if order.payment_id is not None:
        yield Stream(PAYMENT, order.payment_id)


USE_CASE = UseCase(
    "request_split",
    RequestSplit,
    SplitState,
    handle,
    scope="split:request",
    streams=streams,
    lane=Lane.MONEY,
)
