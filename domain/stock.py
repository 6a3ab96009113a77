"""Stock: units of one SKU in one pool. It never promises more than it has, plus a declared cap.

A pool keeps counters only, so 100,000 open holds cost what ten cost. Who holds what is known by the
group or order that holds: its state machine gives back exactly once.
"""

from datetime import datetime
from typing import NamedTuple, assert_never
from uuid import UUID

import msgspec

from domain.decider import Decider
from domain.errors import NotFound, Rejected
from domain.events.stock import (
    HoldReleased,
    PoolKind,
    PoolOpened,
    StockCommitted,
    StockEvent,
    StockHeld,
    StockMovedIn,
    StockMovedOut,
    StockReceived,
    StockReturned,
)
from domain.ids import NIL, PoolId, SkuId


class Pool(msgspec.Struct):
    """Counters of units. At every event: held + sold <= received + oversell_cap."""

    id: PoolId = PoolId(NIL)
    sku_id: SkuId = SkuId(NIL)
    kind: PoolKind = "warehouse"
    location: str = ""
    oversell_cap: int = 0
    received: int = 0  # came in and did not move on to another pool; sold units still count
    held: int = 0
    sold: int = 0


class Change(NamedTuple):
    """What a decision elsewhere does to a pool, in units: first hold, then release, then commit."""

    hold: int = 0
    release: int = 0
    commit: int = 0


NO_CHANGE = Change()


class PoolNotFound(NotFound, code="pool_not_found", zh="库存池不存在"):
    """No stock pool with this id exists."""


class PoolOfAnotherSku(Rejected, code="pool_of_another_sku", zh="库存池属于其他商品"):
    """The pool keeps another SKU."""


class AllotmentPool(Rejected, code="allotment_pool", zh="活动库存只能由来源库存池划拨"):
    """A campaign's pool is fed from its source pool only, and feeds no other campaign."""


class StockShort(Rejected, code="stock_short", zh="库存不足"):
    """Fewer units are available than asked for."""


# --- decisions ------------------------------------------------------------------------------


def open_pool(
    pool: Pool,
    *,
    pool_id: PoolId,
    sku_id: SkuId,
    kind: PoolKind,
    location: str,
    oversell_cap: int,
    at: datetime,
) -> tuple[StockEvent, ...]:
    """Begin to keep a SKU at a place."""
    if known(pool):
        return ()
    return (PoolOpened(pool_id, sku_id, kind, location, oversell_cap, at),)


def open_allotment(
    pool: Pool, *, pool_id: PoolId, source: Pool, quantity: int, at: datetime
) -> tuple[StockEvent, ...]:
    """Begin a campaign's own pool with `quantity` units that leave `source` in the same command."""
    if known(pool):
        return ()
    return (
        PoolOpened(pool_id, source.sku_id, "allotment", source.location, 0, at),
        StockMovedIn(pool_id, source.id, quantity, at),
    )


def receive(pool: Pool, *, quantity: int, reference: str, at: datetime) -> tuple[StockEvent, ...]:
    """Count units that arrived."""
    if not known(pool):
        raise PoolNotFound
    if pool.kind == "allotment":
        raise AllotmentPool
    return (StockReceived(pool.id, quantity, reference, at),)


def settle(pool: Pool, *, holder: UUID, change: Change, at: datetime) -> tuple[StockEvent, ...]:
    """Do to the pool what was decided about its holder. Raises: StockShort when it cannot hold."""
    events: list[StockEvent] = []
    if change.hold:
        if change.hold > available(pool):
            raise StockShort(available=max(available(pool), 0))
        events.append(StockHeld(pool.id, holder, change.hold, at))
    # A holder gives back what it holds: anything else is a bug of ours, not a refusal.
    assert change.release + change.commit <= pool.held + change.hold, (pool, change)
    if change.release:
        events.append(HoldReleased(pool.id, holder, change.release, at))
    if change.commit:
        events.append(StockCommitted(pool.id, holder, change.commit, at))
    return tuple(events)


def take_back(pool: Pool, *, holder: UUID, quantity: int, at: datetime) -> tuple[StockEvent, ...]:
    """Count sold units as available again."""
    assert quantity <= pool.sold, (pool, quantity)
    return (StockReturned(pool.id, holder, quantity, at),)


def move_out(pool: Pool, *, to_pool: PoolId, quantity: int, at: datetime) -> tuple[StockEvent, ...]:
    """Let units leave for another pool. The oversell cap stays behind: only real units move."""
    if not known(pool):
        raise PoolNotFound
    if pool.kind == "allotment":
        raise AllotmentPool
    if quantity > free(pool):
        raise StockShort(available=max(free(pool), 0))
    return (StockMovedOut(pool.id, to_pool, quantity, at),)


def go_home(pool: Pool, *, home: PoolId, released: int = 0, at: datetime) -> tuple[StockEvent, ...]:
    """Send all that is free to pool `home`, with what the same command has just released."""
    quantity = free(pool) + released
    return (StockMovedOut(pool.id, home, quantity, at),) if quantity > 0 else ()


def move_in(
    pool: Pool, *, from_pool: PoolId, quantity: int, at: datetime
) -> tuple[StockEvent, ...]:
    """Count units that left another pool in the same command."""
    return (StockMovedIn(pool.id, from_pool, quantity, at),) if quantity > 0 else ()


def known(pool: Pool) -> bool:
    """Has it been opened?"""
    return pool.id != NIL


def free(pool: Pool) -> int:
    """Units here that nobody holds or bought; below zero while oversold."""
    return pool.received - pool.held - pool.sold


def available(pool: Pool) -> int:
    """Units that may still be promised."""
    return free(pool) + pool.oversell_cap


# --- evolution ------------------------------------------------------------------------------


def evolve(pool: Pool, event: StockEvent) -> Pool:
    """Believe the event. No rule is checked here, so history replays under any future rule."""
    match event:
        case StockHeld():
            pool.held += event.quantity
        case HoldReleased():
            pool.held -= event.quantity
        case StockCommitted():
            pool.held -= event.quantity
            pool.sold += event.quantity
        case StockReturned():
            pool.sold -= event.quantity
        case StockReceived() | StockMovedIn():
            pool.received += event.quantity
        case StockMovedOut():
            pool.received -= event.quantity
        case PoolOpened():
            pool.id = event.pool_id
            pool.sku_id = event.sku_id
            pool.kind = event.kind
            pool.location = event.location
            pool.oversell_cap = event.oversell_cap
        case _:
            assert_never(event)
    return pool


STOCK: Decider[Pool, StockEvent] = Decider("stock", Pool, StockEvent, evolve)
