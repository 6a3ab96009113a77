"""What an order would have earned under another agreement: the same facts, with other commission in them.

Prices, payers and refunds are facts and stay; commission, its VAT and so the merchant's share are what an
agreement decides. It is computed once for what the first recognition finds, and shared out to units as ever.
"""

from collections.abc import Callable, Sequence
from typing import TypeAlias, TypeVar

from msgspec.structs import replace

from domain.agreement import Agreement
from domain.commission import inside, part, rate_of, share, total
from domain.events.earning import (
    NOTHING,
    Amounts,
    EarningEvent,
    EarningMatured,
    EarningRecognised,
    EarningReversed,
)
from domain.money import Money

Volume: TypeAlias = Callable[[EarningRecognised], Money]
"""What stood on the merchant's statement of the period when this was earned: it decides the tier."""

E = TypeVar("E", bound=EarningEvent)


class Repriced:
    """The earning of one order, told again event by event, in order."""

    def __init__(self, agreement: Agreement, category: str, volume: Volume) -> None:
        self._agreement = agreement
        self._category = category
        self._volume = volume
        self._was: tuple[Amounts, ...] = ()
        self._is: tuple[Amounts, ...] = ()
        self._before: tuple[Amounts, ...] = ()  # the last refund
        self._lots: dict[int, range] = {}

    def tell(self, event: E) -> E:
        """The event as it would have been."""
        match event:
            case EarningRecognised():
                if self._is:
                    self._give_back(event.units)
                else:
                    self._was, self._is = event.units, self._priced(event)
                units = range(event.first, event.first + event.count)
                self._lots[event.lot] = units
                return replace(event, amounts=self._of(self._is, units), units=self._is)
            case EarningReversed():
                if event.units != self._was:  # a refund of several lots says the same in each
                    self._before = self._is
                    self._give_back(event.units)
                units = self._lots[event.lot]
                taken = self._of(self._before, units) - self._of(self._is, units)
                return replace(event, amounts=taken, units=self._is)
            case EarningMatured():
                return replace(event, amounts=self._of(self._is, self._lots[event.lot]))
        return event

    def _of(self, units: Sequence[Amounts], lot: range) -> Amounts:
        return total(units[at] for at in lot)

    def _priced(self, event: EarningRecognised) -> tuple[Amounts, ...]:
        """Other commission on the same units."""
        if event.books.accounting == "principal":
            return event.units
        rate = rate_of(self._agreement, category=self._category, volume=self._volume(event))
        bases = [(one.gross - one.merchant_coupon).fen for one in event.units]
        base = Money(sum(bases))
        if base.fen == 0:
            return event.units
        taken = min(base, max(share(base, rate.rate_bp), rate.minimum))
        vat = inside(taken, self._agreement.vat_rate_bp)
        parts = taken.split(bases)
        taxes = vat.split([one.fen for one in parts]) if taken.fen else parts
        return tuple(
            replace(one, commission=whole - tax, commission_vat=tax)
            for one, whole, tax in zip(event.units, parts, taxes, strict=True)
        )

    def _give_back(self, left: tuple[Amounts, ...]) -> None:
        """Units that refunds took, or took a part of, lose the same part of what they would have been."""
        self._is = tuple(
            less(would, was, kept)
            for would, was, kept in zip(self._is, self._was, left, strict=True)
        )
        self._was = left


def less(would: Amounts, was: Amounts, kept: Amounts) -> Amounts:
    """What is left of a unit that would have been this, was that, and is now so much."""
    if kept == was:
        return would
    if kept == NOTHING:
        return NOTHING
    return would - part(would, was.cash - kept.cash)
