"""Everything that will be tried, decided before anything is: the same record and seed give the same plan.

The recorded people do what was recorded: they open and pay, or join and pay. What goes wrong is done by
passers-by and troublemakers that the seed adds: they leave, hesitate, cancel, pay late, withdraw, buy alone,
tap twice, and ask for what is not theirs.
"""

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from itertools import chain
from typing import NamedTuple, TypeAlias
from uuid import UUID

from infra.simulator.world.dice import dice, person
from infra.simulator.world.goods import SCARCE_STOCK, Goods, Terms, goods, terms
from infra.simulator.world.people import province, thinking
from infra.simulator.world.recorded import Group, Record

PASSERS_SHARE = 0.06  # of the groups get a stranger who takes a seat and then does something else
LONERS_SHARE = 0.05  # for each group, somebody who buys alone
DRAMAS_SHARE = 0.04  # for each group, another whose leader does something else
PRANKS_SHARE = 0.03  # for each group, a request that must be refused
TAPS_SHARE = 0.06  # of the requests come twice at once with the same key
DOUBLE_SHARE = 0.08  # of the orders are for two units, where that is allowed

JOIN_SECONDS = 240.0  # mean time from the start of a group to a member's arrival
JOIN_SECONDS_MAX = 1200.0
REGRET_SECONDS = 200.0
STRANGERS = "stranger"  # source of people that no record has


class Mind(StrEnum):
    """What a shopper does after ordering."""

    PAYS = "pays"
    LEAVES = "leaves without paying"
    HESITATES = "opens the cashier and never pays"
    CANCELS = "cancels before paying"
    CANCELS_PAYING = "cancels while the cashier is open"
    LATE = "pays after the deadline"
    LAST_SECOND = "pays in the last seconds"
    WITHDRAWS = "pays and withdraws"


WAYWARD = tuple(mind for mind in Mind if mind is not Mind.PAYS)


class Visitor(NamedTuple):
    """One shopper, one order. Seconds are of the world's own time."""

    user: UUID
    mind: Mind
    province: str
    quantity: int
    thinks: float  # seconds from ordering to paying, or to changing one's mind
    arrives: float = 0.0  # seconds after the group started
    taps: int = 1  # how often the same request is sent at once
    regrets: float = REGRET_SECONDS  # seconds from being seated to withdrawing, for those who do


class Party(NamedTuple):
    """One group to be opened. `outcome` is what the record says; "" for groups that the seed added."""

    number: int
    item: int
    seats: int
    leader: Visitor
    others: tuple[Visitor, ...]
    outcome: str = ""


class Loner(NamedTuple):
    """Somebody who buys alone."""

    number: int
    item: int
    seats: int
    visitor: Visitor


class Prank(NamedTuple):
    """A request that must be refused; `kind` is a place in the list of pranks."""

    number: int
    kind: int
    item: int
    seats: int
    user: UUID


Step: TypeAlias = Party | Loner | Prank


class Deal(NamedTuple):
    """A campaign to be launched, with stock for what is planned."""

    goods: Goods
    terms: Terms
    allotment: int


class World(NamedTuple):
    """`steps` begin one after another; `deals` must be on sale before."""

    source: str
    seed: int
    deals: tuple[Deal, ...]
    steps: tuple[Step, ...]

    def users(self) -> list[UUID]:
        """Everybody who shops, once."""
        return list(dict.fromkeys(chain.from_iterable(users(step) for step in self.steps)))

    def orders(self) -> int:
        """How many orders will be tried."""
        return sum(len(users(step)) for step in self.steps if not isinstance(step, Prank))


def users(step: Step) -> list[UUID]:
    match step:
        case Party(leader=leader, others=others):
            return [leader.user, *(other.user for other in others)]
        case Loner(visitor=visitor):
            return [visitor.user]
        case Prank(user=user):
            return [user]


def plan(record: Record, seed: int) -> World:
    steps: list[Step] = []
    for number, group in enumerate(record.groups):
        steps.append(recorded_party(record.source, seed, number, group))
        steps += added(seed, number, group)
    return World(record.source, seed, tuple(deals(seed, steps)), tuple(steps))


def recorded_party(source: str, seed: int, number: int, group: Group) -> Party:
    """As it was recorded, perhaps with a passer-by."""
    chance = dice(seed, "party", number)
    deal = terms(seed, group.item, group.seats)
    leader, *others = (
        visitor(seed, person(source, who), deal, number, who)
        for who in (group.leader, *group.others)
    )
    if chance.random() < PASSERS_SHARE:
        mind = chance.choice(WAYWARD)
        stranger = visitor(seed, person(STRANGERS, number), deal, number, "passer", mind=mind)
        others.insert(0, stranger._replace(arrives=chance.uniform(1, 60)))
    outcome = "succeeded" if group.succeeded else "failed"
    return Party(
        number, group.item, group.seats, leader._replace(arrives=0), tuple(others), outcome
    )


def added(seed: int, number: int, group: Group) -> Iterator[Step]:
    """What the seed adds around a recorded group."""
    chance = dice(seed, "added", number)
    item, seats = group.item, group.seats
    stranger = person(STRANGERS, 10_000_000 + number)
    if chance.random() < LONERS_SHARE:
        mind = Mind.PAYS if chance.random() < 0.8 else chance.choice(WAYWARD)
        who = visitor(seed, stranger, terms(seed, item, seats), number, "loner", mind=mind)
        yield Loner(number, item, seats, who._replace(arrives=0))
    if chance.random() < DRAMAS_SHARE:
        yield drama(seed, number, item)
    if chance.random() < PRANKS_SHARE:
        yield Prank(number, chance.randrange(1_000_000), item, seats, stranger)


def drama(seed: int, number: int, item: int) -> Party:
    """A group whose leader does something else, or leaves it to a member after both have paid."""
    chance = dice(seed, "drama", number)
    handover = chance.random() < 0.3
    seats = 3 if handover else 2
    deal = terms(seed, item, seats)

    def someone(role: int, mind: Mind) -> Visitor:
        who = person(STRANGERS, 20_000_000 + 10 * number + role)
        return visitor(seed, who, deal, number, f"drama {role}", mind=mind)

    if not handover:
        return Party(
            number, item, seats, someone(0, chance.choice(WAYWARD))._replace(arrives=0), ()
        )
    leader = someone(0, Mind.WITHDRAWS)._replace(arrives=0, thinks=20, quantity=1)
    heir = someone(1, Mind.PAYS)._replace(arrives=5, thinks=5)
    rest = [someone(role, Mind.PAYS)._replace(arrives=300.0 * role) for role in (2, 3)]
    return Party(number, item, seats, leader, (heir, *rest))


def visitor(
    seed: int, user: UUID, deal: Terms, number: int, role: object, *, mind: Mind = Mind.PAYS
) -> Visitor:
    """Somebody at the door of this deal. A person lives in one province."""
    chance = dice(seed, "visitor", number, role)
    double = deal.max_quantity > 1 and chance.random() < DOUBLE_SHARE
    return Visitor(
        user=user,
        mind=mind,
        province=province(dice(seed, "home", user)),
        quantity=2 if double else 1,
        thinks=thinking(chance),
        arrives=min(chance.expovariate(1 / JOIN_SECONDS), JOIN_SECONDS_MAX),
        taps=2 if chance.random() < TAPS_SHARE else 1,
    )


def deals(seed: int, steps: list[Step]) -> Iterator[Deal]:
    """Every campaign that somebody will ask for, with stock for all who will, but for the scarce ones."""
    need: Counter[tuple[int, int]] = Counter()
    for step in steps:
        if isinstance(step, Party):
            extra = sum(one.quantity - 1 for one in (step.leader, *step.others))
            need[step.item, step.seats] += step.seats + extra
        elif isinstance(step, Loner):
            need[step.item, step.seats] += step.visitor.quantity
        else:
            need[step.item, step.seats] += 0
    for (item, seats), units in need.items():
        deal = terms(seed, item, seats)
        stock = int(units * SCARCE_STOCK) if deal.scarce else units
        yield Deal(goods(seed, item), deal, max(stock, seats))
