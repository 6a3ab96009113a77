"""How much money refunds will need, hour by hour: what waits to go back now, and groups that are open and may fail.

The odds that a group fails are those of groups before it that missed as many members with as much time left. Where
few are known, the tenant's groups over all count besides, as if `PRIOR` of them had stood exactly so.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, LiteralString, NamedTuple

from projections.group_odds import EVER

HOURS: Final = 24  # ahead; what falls due later is in no warning
PRIOR: Final = 10  # groups

# Groups by the hour of their deadline, the members they miss and the time that is left, with what was paid in.
GROUPS: LiteralString = """
select greatest(floor(extract(epoch from g.closes_at - %(now)s) / 3600), 0)::integer as hour,
  g.seats - g.filled as missing,
  (select max(step) from unnest(%(left)s::integer[]) step
   where step = 0 or step * 60 <= extract(epoch from g.closes_at - %(now)s)) as left_minutes,
  count(*) as groups, coalesce(sum(paid.fen), 0)::bigint as paid_fen
from read.group_board_v1 g left join lateral (
  select sum(o.paid_fen) as fen from read.order_status_v2 o
  where o.group_id = g.group_id and o.status = 'GROUPING') paid on true
where g.tenant = %(tenant)s and g.status in ('OPEN', 'DECIDING')
  and g.closes_at < %(now)s + make_interval(hours => %(hours)s)
group by 1, 2, 3"""
ODDS: LiteralString = """
select missing, left_minutes, succeeded, failed from read.group_odds_v1 where tenant = %(tenant)s"""
# Refunds that the channel has not taken on yet: from then on the money is gone from the account.
WAITING: LiteralString = """
select count(*) as refunds, coalesce(sum(amount_fen), 0)::bigint as fen from read.refund_desk_v1
where tenant = %(tenant)s and ended_at is null
  and status in ('WAITING', 'NO_FUNDS', 'ATTEMPTING', 'IN_DOUBT', 'CLOSED')"""
BALANCE: LiteralString = """
select channel, available_fen, pending_fen, told_at, error, asked_at, short_since
from read.channel_balances where tenant = %(tenant)s order by channel limit 1"""


class Hour(NamedTuple):
    """Groups whose deadline falls into one hour. `expected_fen` weighs what was paid with the odds of failing."""

    since: datetime
    until: datetime
    groups: int
    paid_fen: int
    expected_fen: int


class Forecast(NamedTuple):
    """What may have to go back within `HOURS`; `short_at`: the end of the hour in which the balance will not do."""

    waiting_refunds: int
    waiting_fen: int
    hours: list[Hour]
    expected_fen: int
    worst_fen: int
    short_at: datetime | None


class Odds:
    """How likely groups fail, by what happened to those before them."""

    def __init__(self, rows: Iterable[Mapping[str, Any]]) -> None:
        self._seen: dict[tuple[int, int], tuple[int, int]] = {
            (row["missing"], row["left_minutes"]): (row["succeeded"], row["failed"]) for row in rows
        }
        succeeded, failed = self._seen.get((0, EVER), (0, 0))
        self.usual = (failed + 1) / (succeeded + failed + 2)

    def fails(self, missing: int, left_minutes: int) -> float:
        """Between 0 and 1. Who misses nobody is about to succeed."""
        if missing <= 0:
            return 0.0
        succeeded, failed = self._seen.get((missing, left_minutes), (0, 0))
        return (failed + PRIOR * self.usual) / (succeeded + failed + PRIOR)


def forecast(
    now: datetime,
    groups: Sequence[Mapping[str, Any]],
    odds: Odds,
    waiting: Mapping[str, Any],
    available_fen: int | None,
) -> Forecast:
    """Refunds that wait are paid first; then each hour's groups are decided at its end."""
    hours: list[Hour] = []
    needed, short_at = float(waiting["fen"]), None
    if available_fen is not None and needed > available_fen:
        short_at = now
    for n in range(HOURS):
        of_hour = [row for row in groups if row["hour"] == n]
        expected = sum(
            row["paid_fen"] * odds.fails(row["missing"], row["left_minutes"]) for row in of_hour
        )
        until = now + timedelta(hours=n + 1)
        needed += expected
        if available_fen is not None and short_at is None and needed > available_fen:
            short_at = until
        paid = sum(row["paid_fen"] for row in of_hour)
        count = sum(row["groups"] for row in of_hour)
        hours.append(Hour(until - timedelta(hours=1), until, count, paid, round(expected)))
    worst = waiting["fen"] + sum(hour.paid_fen for hour in hours)
    return Forecast(waiting["refunds"], waiting["fen"], hours, round(needed), worst, short_at)
