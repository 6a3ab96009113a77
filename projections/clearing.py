"""What do we expect to see on the channels' bills, and what has become of each such row?

A row comes from the event that put money into clearing, and is settled by reconciliation in another stream: so
nothing is ever left out of it, and an event that fails halts it.
"""

from collections.abc import Sequence
from typing import Final, LiteralString

import msgspec

from projections.clearing_rows import Interest, Patch, patches_of, rows_of
from projections.recorded import Projection, Recorded, Tx, save

NAME: Final = "clearing_v1"

TABLE: LiteralString = """
create table clearing_v1 (
  tenant         text        not null,
  position       bigint      not null,             -- of the event that booked it
  nth            smallint    not null,             -- its entry of that event
  kind           text        not null,             -- pay, refund, refund_closed, split, chargeback, chargeback_won
  channel        text        not null,
  number         text        not null,             -- ours
  channel_number text        not null,             -- "" when the channel never told
  amount_fen     bigint      not null,
  fee_fen        bigint      not null,             -- of a refund what was given back, below zero
  net_fen        bigint      not null,             -- signed: what the channel's account gains
  order_id       uuid,
  refund_id      uuid,
  at             timestamptz not null,             -- by the channel's clock where it tells
  booked         date        not null,             -- the sub-key of clearing that it stands under
  late_from      date,                             -- the closed date that it was booked to first
  code           text,                             -- null: nothing yet; MATCHED, PENDING_CUTOFF, or a break's
  bill_id        uuid,                             -- with the line that settled it
  bill_line      integer,
  bill_date      date,                             -- on which it was settled, or found alone
  break_id       uuid,
  primary key (tenant, position, nth)
);
create index on clearing_v1 (tenant, channel, booked) where code is null or code = 'PENDING_CUTOFF';
create index on clearing_v1 (tenant, number);
create index on clearing_v1 (tenant, channel_number);
create index on clearing_v1 (tenant, break_id) where break_id is not null;
select read.tenants_apart('clearing_v1')"""

ADD: LiteralString = """
insert into clearing_v1 select * from json_populate_recordset(null::clearing_v1, %s::json)"""
PATCH: LiteralString = """
update clearing_v1 c set code = coalesce(p.code, c.code), bill_id = coalesce(p.bill_id, c.bill_id),
  bill_line = coalesce(p.bill_line, c.bill_line), bill_date = coalesce(p.bill_date, c.bill_date),
  break_id = coalesce(p.break_id, c.break_id), booked = coalesce(p.booked, c.booked),
  late_from = coalesce(p.late_from, c.late_from)
from json_populate_recordset(null::clearing_v1, %s::json) p
where (c.tenant, c.kind, c.number, c.channel_number) = (p.tenant, p.kind, p.number, p.channel_number)"""


async def project(batch: Sequence[Recorded], tx: Tx) -> None:
    """Add rows, and settle them; of one row what was said last counts."""
    await save(tx, ADD, [row for one in batch for row in rows_of(one)])
    patches: dict[tuple[str, ...], Patch] = {}
    for one in batch:
        for patch in patches_of(one):
            of = patch.tenant, patch.kind, patch.number, patch.channel_number
            known = patches.setdefault(of, patch)
            for field, value in msgspec.structs.asdict(patch).items():
                if value is not None:
                    setattr(known, field, value)
    await save(tx, PATCH, patches.values())


PROJECTION = Projection(NAME, ("clearing_v1",), TABLE, Interest, project, parks=False)
