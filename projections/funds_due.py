"""What money falls due when? One row for each earning, statement, payout and frozen order, in fen.

Earnings until they mature, statements until they close, payouts until they are confirmed, frozen orders until
they unfreeze; money that the channel itself holds for merchants is not ours to pay, so it is only frozen.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, LiteralString, TypeAlias, assert_never
from uuid import UUID, uuid5

import msgspec

from domain.events.earning import EarningMatured, EarningRecognised, EarningReversed
from domain.events.payout import (
    PayoutConfirmed,
    PayoutInitiated,
    PayoutReissued,
    PayoutReturned,
)
from domain.events.split import SplitFinished, SplitRequested, SplitReturned, SplitUnfrozen
from domain.events.statement import StatementClosed, StatementLineAdded, StatementOpened
from projections.recorded import Projection, Recorded, Tx, load, save

NAME: Final = "funds_due_v1"

TABLE: LiteralString = """
create table funds_due_v1 (
  id       uuid        primary key,                -- of the stream; of an earning: made from it and its lot
  tenant   text        not null,
  kind     text        not null,                   -- earning, statement, payout, split
  by_bank  boolean     not null,                   -- a payout that the bank carries out, not the channel
  due_at   timestamptz not null,
  fen      bigint      not null,                   -- still to be paid, or still frozen
  over     boolean     not null,
  position bigint      not null
) with (fillfactor = 60);
create index on funds_due_v1 (tenant, due_at) where not over;
select read.tenants_apart('funds_due_v1')"""

LOAD: LiteralString = "select * from funds_due_v1 where id = any(%s)"
SAVE: LiteralString = """
insert into funds_due_v1 select * from json_populate_recordset(null::funds_due_v1, %s::json)
on conflict (id) do update set (by_bank, due_at, fen, over, position) =
  (excluded.by_bank, excluded.due_at, excluded.fen, excluded.over, excluded.position)"""

Begins: TypeAlias = EarningRecognised | StatementOpened | PayoutInitiated | SplitRequested
Goes: TypeAlias = (
    EarningReversed
    | EarningMatured
    | StatementLineAdded
    | StatementClosed
    | PayoutConfirmed
    | PayoutReturned
    | PayoutReissued
    | SplitFinished
    | SplitReturned
    | SplitUnfrozen
)
Interest: TypeAlias = Begins | Goes


class Due(msgspec.Struct):
    """The columns, in order."""

    id: UUID
    tenant: str
    kind: str
    by_bank: bool
    due_at: datetime
    fen: int
    over: bool = False
    position: int = 0


async def project(batch: Sequence[Recorded], tx: Tx) -> None:
    """Load what these events are about, fold, write it back."""
    ids = [(key(one), one) for one in batch]
    fresh = {id for id, one in ids if isinstance(one.event, Begins)}
    rows = await load(tx, LOAD, Due, {id for id, _ in ids} - fresh)
    for id, one in ids:
        event = one.event
        if isinstance(event, Begins):
            rows[id] = begun(id, one.tenant, event)
        else:
            go_on(rows[id], event)
        rows[id].position = one.position
    await save(tx, SAVE, rows.values())


def key(recorded: Recorded) -> UUID:
    """Each lot of an earning is due by itself."""
    event = recorded.event
    if isinstance(event, EarningRecognised | EarningReversed | EarningMatured):
        return uuid5(recorded.stream, f"lot {event.lot}")
    return recorded.stream


def begun(id: UUID, tenant: str, event: Begins) -> Due:
    match event:
        case EarningRecognised():
            ours = event.books.money_mode == "platform_collect"
            fen = event.amounts.net.fen if ours else 0
            return Due(id, tenant, "earning", False, event.matures_at, fen, not ours)
        case StatementOpened():
            return Due(id, tenant, "statement", False, event.closes_at, 0)
        case PayoutInitiated():
            by_bank = event.route == "bank_file"
            return Due(id, tenant, "payout", by_bank, event.at, event.amount.fen)
        case SplitRequested():
            return Due(id, tenant, "split", False, event.freeze_ends_at, event.paid.fen)
        case _:
            assert_never(event)


def go_on(row: Due, event: Goes) -> None:
    match event:
        case EarningReversed():
            row.fen -= event.amounts.net.fen if event.taken_from == "pending" else 0
        case EarningMatured() | StatementClosed() | PayoutConfirmed() | SplitUnfrozen():
            row.over = True
        case StatementLineAdded():
            row.fen += 0 if event.net_to == "channel" else event.net.fen
        case PayoutReturned():
            row.due_at, row.over = event.returned_at, False
        case PayoutReissued():
            row.by_bank = event.route == "bank_file"
        case SplitFinished():
            row.fen -= event.receiver.amount.fen
        case SplitReturned():
            row.fen += event.receiver.amount.fen
        case _:
            assert_never(event)


PROJECTION = Projection(NAME, ("funds_due_v1",), TABLE, Interest, project, parks=True)
