"""Commission: all money of one order, computed once, shared out to its units, and given back from there.

Each amount is computed of the whole order and rounded half up, once. Units get theirs by largest remainder,
so that they add up; what a refund takes back comes out of the units, and the last part takes the rest.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from domain.agreement import Agreement, CommissionRule
from domain.events.earning import NOTHING, Amounts
from domain.money import ZERO, Money
from domain.policies import BookPolicy

WHOLE_BP = 10_000
UNITS_MAX = 200  # an order of more is one lot of goods: its money is not told apart by unit


class Price(NamedTuple):
    """What an order was sold for, and who pays it: gross = coupon + subsidy + points + cash."""

    gross: Money
    coupon: Money = ZERO
    subsidy: Money = ZERO
    points: Money = ZERO

    @property
    def cash(self) -> Money:
        return self.gross - self.coupon - self.subsidy - self.points


class Rate(NamedTuple):
    """What an agreement takes of an order: the tier that was reached, and the least."""

    rate_bp: int
    minimum: Money


def rate_of(agreement: Agreement, *, category: str, volume: Money) -> Rate:
    """By the rule of the category, or the one for all others; without either nothing is taken."""
    rules = {rule.category: rule for rule in agreement.rules}
    rule: CommissionRule | None = rules.get(category, rules.get(""))
    if rule is None:
        return Rate(0, ZERO)
    reached = [tier.rate_bp for tier in rule.tiers if tier.from_volume <= volume]
    return Rate(reached[-1] if reached else rule.tiers[0].rate_bp, rule.minimum)


def whole(price: Price, agreement: Agreement, books: BookPolicy, rate: Rate) -> Amounts:
    """Everything that one order is made of. Commission is of gross less what the merchant bears itself."""
    own_coupon = share(price.coupon, agreement.merchant_coupon_bp)
    own_subsidy = share(price.subsidy, agreement.merchant_subsidy_bp)
    amounts = Amounts(
        gross=price.gross,
        merchant_coupon=own_coupon + own_subsidy,
        platform_coupon=price.coupon - own_coupon,
        subsidy=price.subsidy - own_subsidy,
        points=price.points,
        cash=price.cash,
        commission=ZERO,
        commission_vat=ZERO,
        cost=ZERO,
        goods_vat=ZERO,
    )
    base = amounts.gross - amounts.merchant_coupon
    if books.accounting == "principal":
        return replace(
            amounts,
            cost=share(price.gross, agreement.cost_bp),
            goods_vat=inside(base, agreement.goods_vat_bp),
        )
    taken = min(base, max(share(base, rate.rate_bp), rate.minimum))
    vat = inside(taken, agreement.vat_rate_bp)
    return replace(amounts, commission=taken - vat, commission_vat=vat)


def share(amount: Money, basis_points: int) -> Money:
    """A part of an amount, half up."""
    return Money((amount.fen * basis_points + WHOLE_BP // 2) // WHOLE_BP)


def inside(amount: Money, rate_bp: int) -> Money:
    """The tax of `rate_bp` that an amount includes, half up."""
    of = WHOLE_BP + rate_bp
    return Money((2 * amount.fen * rate_bp + of) // (2 * of))


# --- units ----------------------------------------------------------------------------------


def units(amounts: Amounts, count: int) -> tuple[Amounts, ...]:
    """The same money by unit. Who pays what adds up in every unit, and no part of any is below zero.

    Gross is shared out evenly; then each payer's part by what of a unit is not paid for yet, and cash is what
    remains. So no rounding is left over anywhere.
    """
    if count == 1 or count > UNITS_MAX:
        return (amounts,)
    gross = amounts.gross.split([1] * count)
    left = [one.fen for one in gross]
    paid: list[tuple[Money, ...]] = []
    for part in (amounts.merchant_coupon, amounts.platform_coupon, amounts.subsidy, amounts.points):
        shares = _spread(part, left)
        left = [room - one.fen for room, one in zip(left, shares, strict=True)]
        paid.append(shares)
    base = [whole.fen - own.fen for whole, own in zip(gross, paid[0], strict=True)]
    taken = _spread(amounts.commission + amounts.commission_vat, base)
    vat = _spread(amounts.commission_vat, [one.fen for one in taken])
    cost = _spread(amounts.cost, [one.fen for one in gross])
    goods_vat = _spread(amounts.goods_vat, base)
    return tuple(
        Amounts(
            gross=gross[at],
            merchant_coupon=paid[0][at],
            platform_coupon=paid[1][at],
            subsidy=paid[2][at],
            points=paid[3][at],
            cash=Money(left[at]),
            commission=taken[at] - vat[at],
            commission_vat=vat[at],
            cost=cost[at],
            goods_vat=goods_vat[at],
        )
        for at in range(count)
    )


def total(parts: Iterable[Amounts]) -> Amounts:
    """All of them together."""
    return sum(parts, NOTHING)


# --- giving back ----------------------------------------------------------------------------


class Back(NamedTuple):
    """What a refund takes out of each unit, and what it leaves there."""

    taken: tuple[Amounts, ...]
    left: tuple[Amounts, ...]


def give_back(
    stored: Sequence[Amounts], cash: Money, *, order: Sequence[int], everything: bool = False
) -> Back:
    """Take `cash` out of units in this order: whole units as they are stored, then a part of the next.

    `everything`: the order ends, so that units without cash go back too. More cash than there is takes all.
    """
    left, taken = list(stored), [NOTHING] * len(stored)
    for at in order:
        unit = left[at]
        if everything or (ZERO < cash and unit.cash <= cash):
            taken[at], left[at] = unit, NOTHING
        elif ZERO < cash:
            taken[at] = part(unit, cash)
            left[at] = unit - taken[at]
        cash -= taken[at].cash
    return Back(tuple(taken), tuple(left))


def part(unit: Amounts, cash: Money) -> Amounts:
    """As much of everything as `cash` is of the unit's cash, down to the fen: the rest stays in the unit."""
    shares = [Money(amount.fen * cash.fen // unit.cash.fen) for amount in unit.columns()]
    some = replace(Amounts(*shares), cash=cash)
    paid = some.merchant_coupon + some.platform_coupon + some.subsidy + some.points + cash
    return replace(some, gross=paid)


def _spread(amount: Money, weights: Sequence[int]) -> tuple[Money, ...]:
    """By largest remainder; nothing to share needs no weights."""
    return amount.split(weights) if amount != ZERO else (ZERO,) * len(weights)
