"""What the events say of payouts, told again by the judge."""

from dataclasses import dataclass, field
from uuid import UUID

from domain.events.payout import (
    PayoutConfirmed,
    PayoutEvent,
    PayoutFailed,
    PayoutInitiated,
    PayoutReissued,
    PayoutReturned,
)


@dataclass
class PayoutStory:
    fen: int
    on_its_way: bool = True
    confirmed: set[str] = field(default_factory=set)  # numbers that the channel paid
    failed: set[str] = field(default_factory=set)


class PayoutBook:
    """Feed it every payout event in order; what is wrong at one event is noted at that event."""

    def __init__(self) -> None:
        self.by_id: dict[UUID, PayoutStory] = {}
        self.broken: list[str] = []

    def take(self, event: PayoutEvent) -> None:
        if isinstance(event, PayoutInitiated):
            if event.payout_id in self.by_id:
                self.broken.append(f"{event.payout_id} was initiated twice")
            self.by_id[event.payout_id] = PayoutStory(event.amount.fen)
            return
        it = self.by_id[event.payout_id]
        match event:
            case PayoutConfirmed():
                self._ends(it, event)
                if event.route == "channel_transfer":
                    it.confirmed.add(event.number)
            case PayoutFailed():
                self._ends(it, event)
                it.failed.add(event.number)
            case PayoutReturned():
                if not event.was_confirmed:
                    self._ends(it, event)
            case PayoutReissued():
                if it.on_its_way:
                    self.broken.append(f"{event.payout_id} got {event.number} while one was live")
                it.on_its_way = True

    def _ends(
        self, it: PayoutStory, event: PayoutConfirmed | PayoutFailed | PayoutReturned
    ) -> None:
        if not it.on_its_way:
            self.broken.append(f"{event.payout_id}: {type(event).__name__} of what was over")
        if event.amount.fen != it.fen:
            self.broken.append(f"{event.payout_id}: {event.amount.fen} fen of {it.fen}")
        it.on_its_way = False
