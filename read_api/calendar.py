"""What money must be there on each day ahead, against what the channel holds for us now.

Refunds by the odds that open groups fail, what matures and what statements that close leave to merchants, and
payouts that are out. A day is red when everything up to its end needs more than there is.
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta, timezone
from typing import Any, Final, LiteralString, NamedTuple

from read_api.forecast import Odds

SHANGHAI: Final = timezone(timedelta(hours=8))  # no daylight saving time since 1991

# What was due before today is due today.
DUE: LiteralString = """
select greatest((due_at at time zone 'Asia/Shanghai')::date, %(today)s) as day, kind, by_bank,
  count(*) as count, sum(fen)::bigint as fen
from read.funds_due_v1
where tenant = %(tenant)s and not over and (due_at at time zone 'Asia/Shanghai')::date <= %(last)s
group by 1, 2, 3"""


class CalendarDay(NamedTuple):
    """One day. `needed_fen` is of this day, `needed_so_far_fen` of all days up to it; payouts by the bank and
    money that unfreezes to merchants need nothing of the channel's balance.
    """

    day: date
    groups: int
    refunds_fen: int
    refunds_worst_fen: int
    maturing_fen: int
    statements_fen: int
    payouts_fen: int
    payouts_by_bank_fen: int
    unfreezing_fen: int
    needed_fen: int
    needed_so_far_fen: int
    red: bool | None


def calendar(
    now: datetime,
    days: int,
    due: Sequence[Mapping[str, Any]],
    groups: Sequence[Mapping[str, Any]],
    odds: Odds,
    waiting_fen: int,
    available_fen: int | None,
) -> list[CalendarDay]:
    """Today first. Refunds that wait are needed today; `red` is not known while the balance is not."""
    today, so_far, coming = shanghai(now), 0, []
    for n in range(days):
        day = today + timedelta(days=n)
        ends = [row for row in groups if shanghai(now + timedelta(hours=row["hour"])) == day]
        expected = sum(
            row["paid_fen"] * odds.fails(row["missing"], row["left_minutes"]) for row in ends
        )
        waits = waiting_fen if n == 0 else 0
        refunds = round(expected) + waits
        maturing, statements = of(due, day, "earning"), max(of(due, day, "statement"), 0)
        payouts = of(due, day, "payout", by_bank=False)
        needed = refunds + maturing + statements + payouts
        so_far += needed
        coming.append(
            CalendarDay(
                day=day,
                groups=sum(row["groups"] for row in ends),
                refunds_fen=refunds,
                refunds_worst_fen=waits + sum(row["paid_fen"] for row in ends),
                maturing_fen=maturing,
                statements_fen=statements,
                payouts_fen=payouts,
                payouts_by_bank_fen=of(due, day, "payout", by_bank=True),
                unfreezing_fen=of(due, day, "split"),
                needed_fen=needed,
                needed_so_far_fen=so_far,
                red=None if available_fen is None else so_far > available_fen,
            )
        )
    return coming


def of(due: Sequence[Mapping[str, Any]], day: date, kind: str, by_bank: bool = False) -> int:
    """Fen of one kind that fall due on a day."""
    rows = (row for row in due if row["day"] == day and row["kind"] == kind)
    return sum(row["fen"] for row in rows if row["by_bank"] == by_bank)


def shanghai(at: datetime) -> date:
    """The business day."""
    return at.astimezone(SHANGHAI).date()
