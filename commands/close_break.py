"""Close a break of which nothing was ever in suspense, once what it was about is in order. Asked by: reconciliation."""

from collections.abc import Iterator
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from commands.reconciling import BreakState, known_break, record_break
from commands.use_case import Command, Lane, Stream, Tx, UseCase
from domain import breaks
from domain.bill_day_state import BILL_DAY, Key, day_id
from domain.breaks import BREAK, Break, CauseStands
from domain.ids import NIL, BreakId, PayoutId
from domain.payout import PAYOUT
from domain.payout_rules import payout_of
from domain.refund import REFUND, Refund, Status

SETTLED = frozenset({Status.CLOSED, Status.ABNORMAL, Status.RETURNED, Status.PAID_ELSEWHERE})


class CloseBreak(Command, frozen=True):
    """`reference` names the later match. A dead refund and a payout that came back must know; a gap needs a whole bill."""

    break_id: BreakId
    reference: Annotated[str, Meta(min_length=1, max_length=200)]


def handle(cmd: CloseBreak, tx: Tx) -> BreakState:
    it = known_break(tx, cmd.break_id)
    if not it.closed:
        in_order(it, tx)
    closed = breaks.close(it, reference=cmd.reference, at=tx.at)
    return record_break(tx, it, it.id, closed)


def in_order(it: Break, tx: Tx) -> None:
    """Raises: CauseStands."""
    assert it.opened is not None
    if it.opened.code == "BALANCE_GAP" and tx.read(BILL_DAY, day_of(it, tx)).begun is None:
        raise CauseStands
    refund_id = it.opened.refund_id if it.opened.code == "REFUND_ABNORMAL_STALE" else None
    if refund_id is not None and not knows(tx.read(REFUND, refund_id), it.opened.number):
        raise CauseStands
    payout = returned(it)
    if payout is not None and tx.read(PAYOUT, payout).ended.get(it.opened.number) != "returned":
        raise CauseStands


def knows(refund: Refund, number: str) -> bool:
    """Has it heard that this number pays nobody? It is over or in people's hands, or another number took its place."""
    return refund.status in SETTLED or refund.number != number


def returned(it: Break) -> PayoutId | None:
    """The payout that came back, if that is what the break is about."""
    if it.opened is None or it.opened.code != "PAYOUT_RETURNED":
        return None
    try:
        return payout_of(it.opened.number)
    except ValueError:
        return PayoutId(NIL)  # none of ours: nothing can have heard of it


def day_of(it: Break, tx: Tx) -> UUID:
    assert it.opened is not None
    return day_id(tx.tenant, Key(it.opened.channel, it.opened.mchid, it.opened.bill_date))


def streams(cmd: CloseBreak, tx: Tx) -> Iterator[Stream]:
    yield Stream(BREAK, cmd.break_id)
    it = tx.read(BREAK, cmd.break_id)
    if it.opened is None:
        return
    yield Stream(BILL_DAY, day_of(it, tx))
    if it.opened.refund_id is not None:
        yield Stream(REFUND, it.opened.refund_id)
    payout = returned(it)
    if payout is not None:
        yield Stream(PAYOUT, payout)


USE_CASE = UseCase(
    "close_break",
    CloseBreak,
    BreakState,
    handle,
    scope="recon:record",
    streams=streams,
    lane=Lane.MONEY,
)
