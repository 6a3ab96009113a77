"""What can happen to a stock pool: units of one SKU at one place. Quantities are units, always positive."""

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from domain.ids import PoolId, SkuId

PoolKind: TypeAlias = Literal["warehouse", "store", "virtual", "allotment"]


class PoolOpened(msgspec.Struct, frozen=True, tag="stock.pool_opened.v1"):
    """A place began to keep this SKU. `oversell_cap` units may be promised beyond what was received."""

    pool_id: PoolId
    sku_id: SkuId
    kind: PoolKind
    location: str
    oversell_cap: int
    at: datetime


class StockReceived(msgspec.Struct, frozen=True, tag="stock.received.v1"):
    """Units arrived. `reference` is the merchant's delivery note or voucher batch."""

    pool_id: PoolId
    quantity: int
    reference: str
    at: datetime


class StockHeld(msgspec.Struct, frozen=True, tag="stock.held.v1"):
    """Units were set aside for a group or an order (`holder`) that is not yet decided."""

    pool_id: PoolId
    holder: UUID
    quantity: int
    at: datetime


class HoldReleased(msgspec.Struct, frozen=True, tag="stock.hold_released.v1"):
    """Held units became available again: the order closed, or the group failed or was void."""

    pool_id: PoolId
    holder: UUID
    quantity: int
    at: datetime


class StockCommitted(msgspec.Struct, frozen=True, tag="stock.committed.v1"):
    """Held units were sold."""

    pool_id: PoolId
    holder: UUID
    quantity: int
    at: datetime


class StockReturned(msgspec.Struct, frozen=True, tag="stock.returned.v1"):
    """Sold units came back and may be sold again."""

    pool_id: PoolId
    holder: UUID
    quantity: int
    at: datetime


class StockMovedOut(msgspec.Struct, frozen=True, tag="stock.moved_out.v1"):
    """Available units left for another pool: an allotment, or its remainder going home."""

    pool_id: PoolId
    to_pool: PoolId
    quantity: int
    at: datetime


class StockMovedIn(msgspec.Struct, frozen=True, tag="stock.moved_in.v1"):
    """Units arrived from another pool."""

    pool_id: PoolId
    from_pool: PoolId
    quantity: int
    at: datetime


StockEvent: TypeAlias = (
    StockHeld
    | HoldReleased
    | StockCommitted
    | StockReturned
    | StockReceived
    | StockMovedOut
    | StockMovedIn
    | PoolOpened
)
