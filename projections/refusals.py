"""What do people get refused, how often, and why? Per minute, command and outcome; accepted ones counted too.

Refusals are no events: nothing changed. They stand in the log of commands, which is dense by `seq`, and
from there they come, with a checkpoint of their own.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Final, LiteralString, NamedTuple

import msgspec

from projections.recorded import Tx, save

NAME: Final = "refusals_v1"
TABLES: Final = ("refusals_v1",)

TABLE: LiteralString = """
create table refusals_v1 (
  tenant  text        not null,
  minute  timestamptz not null,
  command text        not null,                    -- name of the use case
  outcome text        not null,                    -- accepted, a refusal code, or error
  times   bigint      not null,
  seq     bigint      not null,                    -- the last one counted
  primary key (tenant, minute, command, outcome)
) with (fillfactor = 80);
select read.tenants_apart('refusals_v1')"""

ADD: LiteralString = """
insert into refusals_v1 as old
select * from json_populate_recordset(null::refusals_v1, %s::json)
on conflict (tenant, minute, command, outcome) do update set
  times = old.times + excluded.times, seq = greatest(old.seq, excluded.seq)"""


class Decision(NamedTuple):
    """One decided command."""

    seq: int
    at: datetime
    tenant: str
    command: str
    outcome: str


class Count(msgspec.Struct):
    """The columns, in order."""

    tenant: str
    minute: datetime
    command: str
    outcome: str
    times: int
    seq: int


async def project(batch: Sequence[Decision], tx: Tx) -> None:
    """Add up what was decided."""
    times: Counter[tuple[str, datetime, str, str]] = Counter()
    last: dict[tuple[str, datetime, str, str], int] = {}
    for one in batch:
        key = one.tenant, one.at.replace(second=0, microsecond=0), one.command, one.outcome
        times[key] += 1
        last[key] = one.seq
    await save(tx, ADD, [Count(*key, times[key], last[key]) for key in times])
