"""What can happen to a voucher: the units of an order that are used in a store.

Given: nobody decides these yet. They move no money by themselves: what is used is earned
(earning.recognised.v1), what expires is owed back (order.refund_owed.v1), as paid value always is.
"""

from datetime import datetime
from typing import TypeAlias

import msgspec

from domain.ids import OrderId, VoucherId


class VoucherVerified(msgspec.Struct, frozen=True, tag="voucher.verified.v1"):
    """A store took units of an order: `count` from `first` on, of `units` in all."""

    voucher_id: VoucherId
    order_id: OrderId
    merchant: str  # as its SKU names it
    first: int  # from 0
    count: int
    units: int
    store: str
    verified_at: datetime  # by the store's clock, which may have been offline
    at: datetime


class VoucherExpired(msgspec.Struct, frozen=True, tag="voucher.expired.v1"):
    """Its validity and the grace for offline stores are over: what was not used goes back to the buyer."""

    voucher_id: VoucherId
    order_id: OrderId
    merchant: str
    first: int
    count: int
    units: int
    valid_until: datetime
    at: datetime


VoucherEvent: TypeAlias = VoucherVerified | VoucherExpired
