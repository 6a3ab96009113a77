"""What people decide about breaks: one proposes an entry, another, who sees the same, approves or declines."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Final

from domain import four_eyes
from domain.breaks import Break, MoreThanSuspended, Suspense, ended, left_of, posting, still_open
from domain.errors import Rejected
from domain.events.recon import BreakApproved, BreakDeclined, BreakEvent, BreakProposed, Resolution
from domain.ids import OrderId, ProposalId, RefundId
from domain.ledger_entry import day
from domain.money import ZERO, Money

WRITE_OFF_AFTER: Final = timedelta(days=7)  # until then it may still turn up; finance §2.4
# Which suspense each resolution may empty, by people. Later matches are found, not proposed.
PROPOSABLE: Final[Mapping[Resolution, frozenset[Suspense]]] = {
    "order_found": frozenset({"long"}),
    "order_unwound": frozenset({"short"}),
    "refund_owed": frozenset({"long", "short"}),
    "written_off": frozenset({"long", "short"}),
    "fee": frozenset({"long", "short"}),
    "paired": frozenset({"both"}),
}
NEEDS_ORDER: Final = frozenset({"order_found", "order_unwound"})


class ResolutionUnfit(Rejected, code="resolution_unfit", zh="该处理方式不适用于此差错"):
    """Nothing in suspense fits this resolution; `allowed` names what does."""


class ResolutionNamesNothing(
    Rejected, code="resolution_names_nothing", zh="请填写订单号、退款单号或凭证"
):
    """It needs the order, the refund, or the evidence that it rests on."""


class TooEarlyToWriteOff(
    Rejected, code="too_early_to_write_off", zh="未到核销期限，款项仍可能到账"
):
    """It may still turn up: written off after `from`."""


# --- decisions ------------------------------------------------------------------------------


def propose(
    it: Break,
    *,
    proposal_id: ProposalId,
    resolution: Resolution,
    amount: Money,
    order_id: OrderId | None,
    refund_id: RefundId | None,
    evidence: str,
    note: str,
    by: str,
    at: datetime,
) -> tuple[BreakProposed, ...]:
    """Say which entry resolves it. Raises: all of the above but the last two."""
    opened = still_open(it)
    if four_eyes.again(it.proposal, proposal_id):
        return ()
    suspense = fitting(it, resolution)
    if amount > (left := left_of(it, suspense)):
        raise MoreThanSuspended(left_fen=left.fen)
    missing_order = resolution in NEEDS_ORDER and order_id is None
    if missing_order or (resolution == "refund_owed" and refund_id is None) or not evidence:
        raise ResolutionNamesNothing
    if resolution == "written_off" and at < (due := opened.at + WRITE_OFF_AFTER):
        raise TooEarlyToWriteOff(**{"from": due.isoformat()})
    words = (resolution, str(amount.fen), str(order_id), str(refund_id), evidence, note, by)
    state = f"{opened.code} {it.long.fen} {it.short.fen} {it.version}"
    shown = four_eyes.digest(str(it.id), *words, state)
    return (
        BreakProposed(
            it.id, proposal_id, resolution, amount, order_id, refund_id, evidence, note, by, shown, at
        ),
    )  # fmt: skip


def approve(
    it: Break, *, proposal_id: ProposalId, shown: str, by: str, at: datetime
) -> tuple[BreakEvent, ...]:
    """Agree, as another person who sees the same: the entry is made, and closes it when nothing is left.

    Raises: BreakNotFound, BreakOver, ProposalUnknown, SamePerson, ProposalStale.
    """
    opened = still_open(it)
    wanted = four_eyes.find(it.proposal, proposal_id)
    four_eyes.second(wanted, shown=shown, by=by, version=it.version)
    entry = posting(
        opened,
        fitting(it, wanted.resolution),
        wanted.resolution,
        wanted.amount,
        on=day(at),
        order_id=wanted.order_id,
        refund_id=wanted.refund_id,
        reference=wanted.evidence,
        at=at,
    )
    return (BreakApproved(it.id, proposal_id, by, at), *ended(it, entry, "entry"))


def decline(
    it: Break, *, proposal_id: ProposalId, note: str, by: str, at: datetime
) -> tuple[BreakEvent, ...]:
    """Turn a proposal down, also one's own. Raises: BreakNotFound, BreakOver, ProposalUnknown."""
    still_open(it)
    four_eyes.find(it.proposal, proposal_id)
    return (BreakDeclined(it.id, proposal_id, note, by, at),)


# --- parts of decisions ---------------------------------------------------------------------


def suspended(it: Break) -> frozenset[Suspense]:
    """Which kinds of entry could take something out."""
    sides: set[Suspense] = set()
    if it.long > ZERO:
        sides.add("long")
    if it.short > ZERO:
        sides.add("short")
    if len(sides) > 1:
        sides.add("both")
    return frozenset(sides)


def fitting(it: Break, resolution: Resolution) -> Suspense:
    """The suspense that this resolution empties here. Raises: ResolutionUnfit."""
    fits = PROPOSABLE.get(resolution, frozenset()) & suspended(it)
    if resolution == "fee" and (it.opened is None or "FEE_DIFF" not in it.opened.failing):
        fits = frozenset()
    if len(fits) != 1:  # of a break with both, only pairing says which
        allowed = [name for name, sides in PROPOSABLE.items() if len(sides & suspended(it)) == 1]
        raise ResolutionUnfit(allowed=" ".join(allowed))
    (suspense,) = fits
    return suspense
