"""Open a stock pool: a place begins to keep a SKU. Asked by: merchants, operators."""

from typing import Literal

from commands.fields import Cap, Name
from commands.use_case import Command, Reply, Stream, Tx, UseCase
from domain import sku as skus
from domain import stock
from domain.ids import PoolId, SkuId
from domain.sku import SKU
from domain.stock import STOCK


class OpenPool(Command, frozen=True):
    """Keep units of a SKU at a place; `oversell_cap` units may be promised beyond what is there."""

    sku_id: SkuId
    kind: Literal["warehouse", "store", "virtual"]
    location: Name
    oversell_cap: Cap = 0


class OpenedPool(Reply, frozen=True):
    """The id under which deliveries and campaigns name it."""

    pool_id: PoolId


def handle(cmd: OpenPool, tx: Tx) -> OpenedPool:
    if not skus.known(tx.read(SKU, cmd.sku_id)):
        raise skus.SkuNotFound
    pool_id = PoolId(tx.id("pool"))
    opened = stock.open_pool(
        tx.create(STOCK, pool_id),
        pool_id=pool_id,
        sku_id=cmd.sku_id,
        kind=cmd.kind,
        location=cmd.location,
        oversell_cap=cmd.oversell_cap,
        at=tx.at,
    )
    tx.append(STOCK, pool_id, opened)
    return OpenedPool(pool_id)


USE_CASE = UseCase(
    "open_pool",
    OpenPool,
    OpenedPool,
    handle,
    scope="catalog:write",
    streams=lambda cmd, tx: (Stream(SKU, cmd.sku_id),),
)
