"""Sorting one batch into timelines: which orders an event concerns, and which ids it makes known.

The tables are in `timeline.py`.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec

from domain.events.group import (
    GroupDeciding,
    GroupFailed,
    GroupOpened,
    GroupStarted,
    GroupSucceeded,
    GroupVoided,
    LeadershipPassed,
    SeatHeld,
    SeatReleased,
)
from domain.events.payment import PaymentCaptured, PaymentRequested
from domain.events.refund import (
    RefundAttemptAccepted,
    RefundAttemptStarted,
    RefundProposed,
    RefundRequested,
    RefundSucceeded,
)
from projections.recorded import Recorded


class Entry(msgspec.Struct):
    """The columns, in order."""

    tenant: str
    order_id: UUID
    position: int
    at: datetime
    kind: str
    data: Any


class Known(msgspec.Struct):
    """One id under which an order can be found. The columns, in order."""

    tenant: str
    id: str
    kind: str
    order_id: UUID
    position: int


class Seat(msgspec.Struct):
    """The columns, in order."""

    tenant: str
    group_id: UUID
    order_id: UUID
    taken: bool
    position: int


def order_of(event: Any) -> UUID | None:
    """The one order that the event itself names."""
    order_id: UUID | None = getattr(event, "order_id", None)
    return order_id


def normal(id: str) -> str:
    """How an id is stored and looked for: letter case and a UUID's dashes do not matter."""
    text = id.lower()
    digits = text.replace("-", "")
    return digits if len(digits) == 32 and len(text) in (32, 36) else text


class Book:
    """What one batch adds. `owners`: payment or refund -> order."""

    def __init__(self, owners: dict[UUID, UUID], seats: Iterable[Seat]) -> None:
        self.entries: list[Entry] = []
        self.ids: list[Known] = []
        self.changed: dict[tuple[UUID, UUID], Seat] = {}
        self._owners = owners
        self._groups: dict[UUID, dict[UUID, Seat]] = {}
        for seat in seats:
            self._groups.setdefault(seat.group_id, {})[seat.order_id] = seat

    def add(self, one: Recorded) -> None:
        event = one.event
        match event:
            case GroupOpened() | SeatHeld() | SeatReleased():
                self._seat(one, event.order_id, taken=not isinstance(event, SeatReleased))
                self._tell(one, [event.order_id])
            case GroupStarted() | GroupDeciding() | LeadershipPassed():
                self._tell(one, self._members(one.stream))
            case GroupVoided():  # its leader, who was the only one, has just lost the seat
                self._tell(one, self._groups.get(one.stream, {}))
            case GroupSucceeded() | GroupFailed():
                self._tell(one, {*event.orders, *self._members(one.stream)})
            case _:
                self._learn(one)
                self._tell(one, [order_of(event) or self._owners[one.stream]])

    def _seat(self, one: Recorded, order_id: UUID, *, taken: bool) -> None:
        seat = Seat(one.tenant, one.stream, order_id, taken, one.position)
        self._groups.setdefault(one.stream, {})[order_id] = seat
        self.changed[one.stream, order_id] = seat

    def _members(self, group_id: UUID) -> list[UUID]:
        """Orders with a seat at this moment."""
        return [id for id, seat in self._groups.get(group_id, {}).items() if seat.taken]

    def _tell(self, one: Recorded, orders: Iterable[UUID]) -> None:
        """A row for each of these orders. None is told which the others are."""
        data, kind = one.event, one.event.__struct_config__.tag
        if isinstance(data, GroupSucceeded | GroupFailed):
            data = {**msgspec.to_builtins(data), "orders": len(data.orders)}
        for order_id in orders:
            self.entries.append(Entry(one.tenant, order_id, one.position, one.at, kind, data))

    def _learn(self, one: Recorded) -> None:
        """Ids that this event is the first to name. Each kind comes from streams of one category."""
        event = one.event
        match event:
            case PaymentRequested():
                self._owners[one.stream] = event.order_id
                self._known(one, event.order_id, payment=one.stream.hex)
                if normal(event.out_trade_no) != one.stream.hex:
                    self._known(one, event.order_id, out_trade_no=event.out_trade_no)
            case PaymentCaptured():
                self._known(one, event.order_id, transaction=event.transaction_id)
            case RefundRequested() | RefundProposed():
                self._owners[one.stream] = event.order_id
                self._known(one, event.order_id, refund=one.stream.hex)
            case RefundAttemptStarted():
                self._known(one, self._owners[one.stream], out_refund_no=event.number)
            case RefundAttemptAccepted() | RefundSucceeded() if event.channel_refund_id:
                self._known(one, event.order_id, channel_refund=event.channel_refund_id)
            case _:
                pass

    def _known(self, one: Recorded, order_id: UUID, **ids: str) -> None:
        for kind, id in ids.items():
            self.ids.append(Known(one.tenant, normal(id), kind, order_id, one.position))
