"""Exact money in minor units. A float never appears in this codebase."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec


class Money(msgspec.Struct, frozen=True, order=True, forbid_unknown_fields=True):
    """An amount of yuan, counted in fen (1/100 CNY). May be negative: a refund, a posting."""

    fen: int

    def __add__(self, other: Money) -> Money:
        return Money(self.fen + other.fen)

    def __sub__(self, other: Money) -> Money:
        return Money(self.fen - other.fen)

    def __mul__(self, quantity: int) -> Money:
        return Money(self.fen * quantity)

    def split(self, weights: Sequence[int]) -> tuple[Money, ...]:
        """Share this amount by `weights`, to the fen: largest remainder first, ties to the lowest index.

        Raises: ValueError when no weight is positive, or one is negative.
        """
        total = sum(weights)
        if total <= 0 or min(weights) < 0:
            raise ValueError("weights must be non-negative and add up to more than zero")
        shares = [self.fen * weight // total for weight in weights]
        remainders = [self.fen * weight % total for weight in weights]
        by_remainder = sorted(range(len(weights)), key=lambda i: (-remainders[i], i))
        for index in by_remainder[: self.fen - sum(shares)]:
            shares[index] += 1
        return tuple(Money(share) for share in shares)


ZERO = Money(0)
