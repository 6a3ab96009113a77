"""What the commands about corrections of the books share."""

from collections.abc import Sequence

from commands.use_case import Reply, Tx
from domain.correction import CORRECTION
from domain.events.correction import CorrectionEvent
from domain.ids import CorrectionId


class ClosedCorrection(Reply, frozen=True):
    """Nobody can decide about it any more: so many entries are booked, or none ever will be."""

    correction_id: CorrectionId
    entries: int


def record_correction(tx: Tx, id: CorrectionId, events: Sequence[CorrectionEvent]) -> None:
    tx.append(CORRECTION, id, events)
