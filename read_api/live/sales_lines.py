"""Lines of the day's sales: minutes, campaigns, provinces and the total, in one pass over the day's rows."""

from datetime import datetime
from typing import Any, Final, LiteralString

from pydantic import BaseModel

from read_api.groups import GroupView
from read_api.sales_view import Sales, decided

# Which of (minute, campaign_id, province) are summed over, as bits.
KINDS: Final = {0b011: "minutes", 0b101: "campaigns", 0b110: "provinces", 0b111: "total"}

LINES: LiteralString = """
with one as (
  select minute, campaign_id, province, placed_fen, paid_fen, formed_fen, paid_fen - owed_fen as net_fen,
    orders_placed, orders_paid, orders_closed, null::bigint as succeeded, null::bigint as failed, position
  from read.sales_minutes_v1
  where tenant = %(tenant)s and minute >= %(since)s and minute < %(until)s
    and (%(campaign)s::uuid is null or campaign_id = %(campaign)s)
  union all
  select minute, campaign_id, null, 0, 0, 0, 0, 0, 0, 0, succeeded, failed, position
  from read.sales_groups_v1
  where tenant = %(tenant)s and minute >= %(since)s and minute < %(until)s
    and (%(campaign)s::uuid is null or campaign_id = %(campaign)s))
select grouping(minute, campaign_id, province) as kind,
  coalesce(to_char(minute at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI"Z"'), campaign_id::text, province) as key,
  sum(placed_fen)::bigint as placed_fen, sum(paid_fen)::bigint as paid_fen,
  sum(formed_fen)::bigint as formed_fen, sum(net_fen)::bigint as net_fen,
  sum(orders_placed)::bigint as orders_placed, sum(orders_paid)::bigint as orders_paid,
  sum(orders_closed)::bigint as orders_closed,
  sum(succeeded)::bigint as succeeded, sum(failed)::bigint as failed
from one group by grouping sets ((minute), (campaign_id), (province), ())
having max(position) > %(after)s order by 1, 2"""


class SalesLines(BaseModel):
    """What changed, by key; in `state` and `reset` everything. `groups` are of a campaign: open or decided today."""

    since: datetime
    until: datetime
    minutes: list[Sales] = []
    campaigns: list[Sales] = []
    provinces: list[Sales] = []
    total: Sales | None = None
    groups: list[GroupView] | None = None
    degraded: bool = False


def add(found: dict[str, Any], row: dict[str, Any]) -> None:
    """One row of LINES to where it belongs."""
    kind = KINDS[row["kind"]]
    if kind == "provinces":
        if row["key"] is not None:  # groups have no province
            found.setdefault(kind, []).append(Sales(**row))
        return
    line = Sales(**row | {"key": row["key"] or "total"})
    if row["succeeded"] is not None:  # a group was decided there
        decided(line, row["succeeded"], row["failed"])
    if kind == "total":
        found[kind] = line
    else:
        found.setdefault(kind, []).append(line)
