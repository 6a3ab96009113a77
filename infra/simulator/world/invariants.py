"""What must be true of every run, whatever was killed on the way: pure functions over collected evidence.

Numbers are those of the platform's list of invariants. Each finding says how much it looked at, because a
check of nothing proves nothing.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple
from uuid import UUID

from infra.simulator.world.seen import Ack, Receipt
from infra.simulator.world.story import GroupStory, OrderStory, Story

DECIDING_MAX = timedelta(minutes=10)
GRACE = timedelta(seconds=60)  # past a deadline, for a timer to be fired and recorded
SHOWN_MAX = 5
UNDECIDED = frozenset({"PENDING_LEADER", "OPEN", "DECIDING"})
GOING_BACK = frozenset({"REFUNDING", "REFUND_ATTENTION", "REFUNDED"})
AFTER_SUCCESS = GOING_BACK | {"READY"}  # an operator may give the money of a ready order back


class Finding(NamedTuple):
    """One invariant: what broke it, and how many things were checked."""

    number: str
    title: str
    checked: int
    broken: tuple[str, ...] = ()

    @property
    def holds(self) -> bool:
        return not self.broken


class CommandRow(NamedTuple):
    """One recorded command."""

    command_id: UUID
    tenant: str
    principal: str
    name: str
    key: str | None
    outcome: str
    reply: bytes
    last_position: int | None


class Purchase(NamedTuple):
    """One payment in the channel's own books."""

    out_trade_no: str
    transaction_id: str
    fen: int


class Waiting(NamedTuple):
    """What the platform still had to do when it was looked at."""

    timers_due: int
    todo: int
    inbox: int
    events_behind: int  # of the slowest read model
    parked: int
    halted: int
    untold: int  # payments the channel could not tell us about yet

    @property
    def nothing(self) -> bool:
        return not any(self)


def finding(number: str, title: str, checked: int, broken: Iterable[str]) -> Finding:
    return Finding(number, title, checked, tuple(broken))


def acknowledged(acks: Sequence[Ack], commands: Iterable[CommandRow]) -> Iterator[Finding]:
    """I1 and I17, from what clients were told and what is recorded."""
    wanted = {ack.command_id for ack in acks}
    times: Counter[UUID] = Counter()
    rows: dict[UUID, CommandRow] = {}
    keys: Counter[tuple[str, str, str, str]] = Counter()
    for row in commands:
        if row.command_id in wanted:
            times[row.command_id] += 1
            rows[row.command_id] = row
        if row.key is not None:
            keys[row.tenant, row.principal, row.name, row.key] += 1
    title = "every acknowledged command is recorded once, with the answer that was given"
    broken = (
        f"{ack.name} {ack.command_id}: {no}" for ack in acks if (no := differs(ack, times, rows))
    )
    yield finding("I1", title, len(acks), broken)
    twice = (f"{' '.join(key)}: {count} commands" for key, count in keys.items() if count > 1)
    yield finding("I17", "one idempotency key, one command", len(keys), twice)


def differs(ack: Ack, times: Mapping[UUID, int], rows: Mapping[UUID, CommandRow]) -> str:
    """How the record is not what the client was told; "" when it is."""
    if times[ack.command_id] != 1:
        return f"recorded {times[ack.command_id]} times"
    row = rows[ack.command_id]
    if (row.outcome, row.principal) != (ack.outcome, ack.principal):
        return f"recorded as {row.outcome} for {row.principal}, told {ack.outcome}"
    if ack.reply is not None and row.reply != ack.reply:
        return f"recorded {row.reply!r}, told {ack.reply!r}"
    if row.last_position is not None and ack.position < row.last_position:
        return f"told position {ack.position}, recorded at {row.last_position}"
    return ""


def channel_agrees(
    story: Story,
    before: Sequence[Purchase],
    books: Sequence[Purchase],
    receipts: Sequence[Receipt],
) -> Finding:
    """I8: the channel's books and our events tell of the same money.

    `before` was read before the events were, and told to us since; `books` were read after.
    """
    ours = {
        transaction: (payment.out_trade_no, fen)
        for payment in story.payments.values()
        for transaction, fen in payment.captured.items()
    }
    theirs = {one.transaction_id: (one.out_trade_no, one.fen) for one in books}
    told = {one.transaction_id for one in before}

    def broken() -> Iterator[str]:
        for transaction in ours.keys() | told:
            if ours.get(transaction) != theirs.get(transaction):
                two = ours.get(transaction), theirs.get(transaction)
                yield f"{transaction}: recorded {two[0]}, the channel says {two[1]}"
        for receipt in receipts:
            if theirs.get(receipt.transaction_id, ("",))[0] != receipt.out_trade_no:
                yield f"a buyer paid {receipt.transaction_id}, which is not in the books"
        closed = {p.out_trade_no for p in story.payments.values() if p.closed}
        yield from (
            f"{one.out_trade_no} was closed and paid" for one in books if one.out_trade_no in closed
        )

    total = sum(one.fen for one in books)
    title = f"captures are the channel's own books, fen by fen ({total / 100:,.2f} CNY)"
    return finding("I8", title, len(books), broken())


def every_fen(story: Story) -> Finding:
    """I7: money that arrived bought a live order, or is owed back, and never both."""

    def broken() -> Iterator[str]:
        yield from story.broken["money"]
        for payment in story.payments.values():
            order = story.orders[payment.order_id]
            for transaction, fen in payment.captured.items():
                owed = order.owed_of(transaction)
                lives = transaction in order.bought_by and alive(story, order)
                if owed >= fen if lives else owed != fen:  # part of a live order may be owed back
                    yield f"{transaction} of order {payment.order_id}: {owed} of {fen} owed, {order.status}"
        for order_id, order in story.orders.items():
            if order.status == "CLOSED" and (order.bought_by or order.debts):
                yield f"order {order_id} is closed with money in it"

    captures = sum(len(payment.captured) for payment in story.payments.values())
    return finding(
        "I7", "every captured fen is in a live order or owed back once", captures, broken()
    )


def alive(story: Story, order: OrderStory) -> bool:
    """Is the order's money well where it is: bought, or waiting for a group that may still succeed?"""
    if order.status == "GROUPING" and order.placed.group_id is not None:
        return not followed(story, story.groups[order.placed.group_id])
    return order.status == "READY"


def followed(story: Story, group: GroupStory) -> bool:
    """Was it decided, and long enough ago for its members to have followed?"""
    return group.decided_at is not None and story.now - group.decided_at > GRACE


def groups_decide_once(story: Story) -> Finding:
    """I10, and what follows for members."""

    def broken() -> Iterator[str]:
        yield from story.broken["groups"]
        for group_id, group in story.groups.items():
            paid = {order for order, is_paid in group.members.items() if is_paid}
            if len(group.outcomes) > 1:
                yield f"{group_id} ended as {group.outcomes}"
            elif group.status == "SUCCEEDED" and not len(paid) == len(group.members) == group.needs:
                yield f"{group_id} succeeded with {len(paid)} of {group.needs}"
            elif group.outcomes and group.status != "VOID" and set(group.decided) != paid:
                yield f"{group_id} {group.status} names other orders than those that were paid"
            for order in group.decided if followed(story, group) else ():
                status = story.orders[order].status
                if status not in (AFTER_SUCCESS if group.status == "SUCCEEDED" else GOING_BACK):
                    yield f"order {order} is {status}, its group {group_id} {group.status}"

    title = "groups end once, with paid members only, and members follow"
    return finding("I10", title, len(story.groups), broken())


def stock_is_kept(story: Story) -> Finding:
    """Never oversold at any event; and at the end nobody holds what they should have given back."""

    def broken() -> Iterator[str]:
        yield from story.broken["stock"]
        may_hold = {id for id, group in story.groups.items() if group.status in UNDECIDED}
        may_hold |= {
            id
            for id, order in story.orders.items()
            if order.status in ("PENDING_PAYMENT", "CLOSING")
        }
        for pool_id, pool in story.pools.items():
            for holder, units in pool.holders.items():
                if units and holder not in may_hold:
                    yield f"{holder} still holds {units} of pool {pool_id}"
        for campaign in story.campaigns.values():
            pool = story.pools[campaign.pool_id]
            if campaign.ended and pool.received != pool.held + pool.sold:
                yield f"pool {campaign.pool_id} of an ended campaign keeps free units"

    return finding("stock", "held + sold never above received + cap", len(story.pools), broken())


def quotas_hold(story: Story) -> Finding:
    def broken() -> Iterator[str]:
        yield from story.broken["quota"]
        gone = GOING_BACK | {"CLOSED"}
        for taken in story.quotas.values():
            yield from (f"{o} still counts" for o in taken if story.orders[o].status in gone)

    return finding(
        "quota", "nobody is over a limit, nothing gone still counts", len(story.quotas), broken()
    )


def all_is_settled(story: Story, waiting: Waiting) -> Finding:
    """I16: nothing past its time still waits."""

    def broken() -> Iterator[str]:
        for order_id, order in story.orders.items():
            late = story.now - order.placed.pay_deadline > GRACE
            if order.status in ("PENDING_PAYMENT", "CLOSING", "LATE_PAID") and late:
                yield f"order {order_id} is still {order.status}"
        for group_id, group in story.groups.items():
            over = (
                group.closes_at is not None and story.now - group.closes_at > DECIDING_MAX + GRACE
            )
            if not group.outcomes and over:
                yield f"group {group_id} is still {group.status}"
        for name, count in waiting._asdict().items():
            if count:
                yield f"{name}: {count}"

    checked = len(story.orders) + len(story.groups)
    return finding("I16", "nothing waits past its time, nothing is parked", checked, broken())


FROM_STORY: tuple[Callable[[Story], Finding], ...] = (
    every_fen,
    groups_decide_once,
    stock_is_kept,
    quotas_hold,
)
