"""Correction: lines that put entries of the books right, wanted by one person and agreed to by another.

Two kinds of accounts are out of reach: what a channel's bill proves is put right by a break, and what a merchant
is paid by an adjustment, or statements and bills would not add up any more.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final, assert_never

import msgspec

from domain import accounts, four_eyes
from domain.accounts import Code
from domain.decider import Decider
from domain.errors import NotFound, Rejected
from domain.events.correction import (
    Correction,
    CorrectionDeclined,
    CorrectionEvent,
    CorrectionProposed,
    LedgerCorrected,
)
from domain.ids import NIL, CorrectionId, ProposalId

OUT_OF_REACH: Final[frozenset[Code]] = frozenset(
    {
        accounts.CLEARING,
        accounts.CHANNEL_BALANCE,
        accounts.MERCHANT_PENDING,
        accounts.MERCHANT_PAYABLE,
        accounts.PAYOUT_TRANSIT,
        accounts.MERCHANT_OWES,
    }
)


class CorrectionNotFound(NotFound, code="correction_not_found", zh="更正单不存在"):
    """No correction with this id was ever proposed."""


class CorrectionUnbalanced(Rejected, code="correction_unbalanced", zh="更正分录借贷不平"):
    """Debits and credits of an entry differ, or a line has both sides or none."""


class AccountOutOfReach(
    Rejected, code="account_out_of_reach", zh="该科目不能直接更正，请走差错处理或商户调账"
):
    """What bills prove is put right by a break, and what merchants are paid by an adjustment."""


class EntryNamedTwice(Rejected, code="entry_named_twice", zh="同一分录在更正单中出现多次"):
    """Put all that one entry lacks into one correction of it."""


class CorrectionWish(four_eyes.Proposal, frozen=True):
    """What somebody wants booked."""

    corrections: tuple[Correction, ...]
    reason: str


class CorrectionState(msgspec.Struct):
    """What a decision needs to know, and no more."""

    id: CorrectionId = CorrectionId(NIL)
    wish: CorrectionWish | None = None
    version: int = 0  # events so far


# --- decisions ------------------------------------------------------------------------------


def propose(
    state: CorrectionState,
    *,
    correction_id: CorrectionId,
    corrections: Sequence[Correction],
    reason: str,
    by: str,
    at: datetime,
) -> tuple[CorrectionProposed, ...]:
    """Wish that entries are put right."""
    if state.version:
        return ()
    check(corrections)
    shown = four_eyes.digest(
        str(correction_id), msgspec.json.encode(corrections).decode(), reason, by
    )
    return (CorrectionProposed(correction_id, tuple(corrections), reason, by, shown, at),)


def approve(
    state: CorrectionState, *, shown: str, by: str, at: datetime
) -> tuple[LedgerCorrected, ...]:
    """Agree, as another person who sees the same."""
    wish = open_wish(state)
    four_eyes.second(wish, shown=shown, by=by, version=state.version)
    return (LedgerCorrected(state.id, wish.corrections, wish.reason, wish.by, by, at),)


def decline(
    state: CorrectionState, *, note: str, by: str, at: datetime
) -> tuple[CorrectionDeclined, ...]:
    """Turn it down, also one's own."""
    open_wish(state)
    return (CorrectionDeclined(state.id, note, by, at),)


def check(corrections: Sequence[Correction]) -> None:
    """Raises: EntryNamedTwice, CorrectionUnbalanced, AccountOutOfReach."""
    named = Counter(one.corrects for one in corrections)
    for one in corrections:
        if named[one.corrects] > 1:
            raise EntryNamedTwice(entry=str(one.corrects))
        sides = [(line.debit_fen, line.credit_fen) for line in one.lines]
        if sum(debit - credit for debit, credit in sides) or not all(
            (debit == 0) != (credit == 0) for debit, credit in sides
        ):
            raise CorrectionUnbalanced(entry=str(one.corrects))
        for line in one.lines:
            if line.account in OUT_OF_REACH:
                raise AccountOutOfReach(account=line.account)


def open_wish(state: CorrectionState) -> CorrectionWish:
    """Raises: CorrectionNotFound, ProposalUnknown."""
    if not state.version:
        raise CorrectionNotFound
    return four_eyes.find(state.wish, ProposalId(state.id))


# --- evolution ------------------------------------------------------------------------------


def evolve(state: CorrectionState, event: CorrectionEvent) -> CorrectionState:
    """Believe the event. No rule is checked here, so history replays under any future rule."""
    state.version += 1
    match event:
        case CorrectionProposed(correction_id=id):
            state.id = id
            state.wish = CorrectionWish(
                ProposalId(id),
                event.by,
                event.shown,
                state.version,
                event.corrections,
                event.reason,
            )
        case CorrectionDeclined() | LedgerCorrected():
            state.wish = None
        case _:
            assert_never(event)
    return state


CORRECTION: Decider[CorrectionState, CorrectionEvent] = Decider(
    "correction", CorrectionState, CorrectionEvent, evolve
)
