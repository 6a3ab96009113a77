"""Which corrections of the books wait for a second person, and what became of the others? A row a correction."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final, LiteralString, TypeAlias
from uuid import UUID

import msgspec

from domain.events.correction import CorrectionDeclined, CorrectionProposed, LedgerCorrected
from projections.recorded import Projection, Recorded, Tx, load, save

NAME: Final = "corrections_v1"
TABLES: Final = ("corrections_v1",)

TABLE: LiteralString = """
create table corrections_v1 (
  correction_id uuid        primary key,
  tenant        text        not null,
  state         text        not null,              -- open, booked, declined
  reason        text        not null,
  corrections   jsonb       not null,
  shown         text        not null,              -- digest of what a second person has to have seen
  proposed_by   text        not null,
  proposed_at   timestamptz not null,
  decided_by    text,
  decided_at    timestamptz,
  position      bigint      not null
) with (fillfactor = 80);
create index on corrections_v1 (tenant, proposed_at desc, correction_id desc);
select read.tenants_apart('corrections_v1')"""

LOAD: LiteralString = "select * from corrections_v1 where correction_id = any(%s)"
SAVE: LiteralString = """
insert into corrections_v1
select * from json_populate_recordset(null::corrections_v1, %s::json)
on conflict (correction_id) do update set state = excluded.state, decided_by = excluded.decided_by,
  decided_at = excluded.decided_at, position = excluded.position"""

Interest: TypeAlias = CorrectionProposed | CorrectionDeclined | LedgerCorrected


class Row(msgspec.Struct):
    """The columns, in order."""

    correction_id: UUID
    tenant: str
    state: str
    reason: str
    corrections: Any
    shown: str
    proposed_by: str
    proposed_at: datetime
    decided_by: str | None
    decided_at: datetime | None
    position: int


async def project(batch: Sequence[Recorded], tx: Tx) -> None:
    """Write what was proposed, and who decided what about it."""
    rows = await load(tx, LOAD, Row, {one.event.correction_id for one in batch})
    for one in batch:
        event: Interest = one.event
        if isinstance(event, CorrectionProposed):
            rows[event.correction_id] = proposed(one, event)
            continue
        row = rows[event.correction_id]
        row.state = "booked" if isinstance(event, LedgerCorrected) else "declined"
        row.decided_by, row.decided_at, row.position = event.by, event.at, one.position
    await save(tx, SAVE, rows.values())


def proposed(one: Recorded, event: CorrectionProposed) -> Row:
    return Row(
        event.correction_id, one.tenant, "open", event.reason, msgspec.to_builtins(event.corrections),
        event.shown, event.by, event.at, None, None, one.position,
    )  # fmt: skip


PROJECTION = Projection(NAME, TABLES, TABLE, Interest, project, parks=True)
