"""Let a fact that came in for a closed date count to the next open one. Asked by: reconciliation."""

from datetime import date

from commands.fields import Cap
from commands.reconciling import DayState, Number, OfDay, SignedFen, day_of, record_day, the_day
from commands.use_case import Lane, Tx, UseCase
from domain import bill_day as days
from domain.events.recon import Kind
from domain.money import Money


class RecordLateFact(OfDay, frozen=True):
    """The row of the event at `position` moves from the closed `bill_date` to `booked`. Repeat it freely."""

    booked: date
    kind: Kind
    number: Number
    channel_number: Number
    net_fen: SignedFen
    position: Cap


def handle(cmd: RecordLateFact, tx: Tx) -> DayState:
    day = day_of(tx, cmd.key)
    late = days.late_fact(
        day,
        key=cmd.key,
        booked=cmd.booked,
        kind=cmd.kind,
        number=cmd.number,
        channel_number=cmd.channel_number,
        net=Money(cmd.net_fen),
        position=cmd.position,
        at=tx.at,
    )
    return record_day(tx, cmd.key, day, late)


USE_CASE = UseCase(
    "record_late_fact",
    RecordLateFact,
    DayState,
    handle,
    scope="recon:record",
    streams=lambda cmd, tx: the_day(tx, cmd.key),
    lane=Lane.MONEY,
)
