"""Receive stock: units arrived in a pool. Asked by: warehouses, stores, voucher issuers."""

from commands.fields import Name, Units
from commands.use_case import Command, Reply, Stream, Tx, UseCase
from domain import stock
from domain.ids import PoolId
from domain.stock import STOCK


class ReceiveStock(Command, frozen=True):
    """Count units that arrived. `reference` is the delivery note or voucher batch."""

    pool_id: PoolId
    quantity: Units
    reference: Name


class ReceivedStock(Reply, frozen=True):
    """What the pool can promise after the delivery, in units."""

    available: int


def handle(cmd: ReceiveStock, tx: Tx) -> ReceivedStock:
    pool = tx.read(STOCK, cmd.pool_id)
    received = stock.receive(pool, quantity=cmd.quantity, reference=cmd.reference, at=tx.at)
    tx.append(STOCK, cmd.pool_id, received)
    return ReceivedStock(stock.available(pool) + cmd.quantity)


USE_CASE = UseCase(
    "receive_stock",
    ReceiveStock,
    ReceivedStock,
    handle,
    scope="catalog:write",
    streams=lambda cmd, tx: (Stream(STOCK, cmd.pool_id),),
)
