"""Statement periods of the business calendar, Asia/Shanghai: a day, an ISO week from Monday, a month."""

from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from domain.agreement import Period
from domain.ledger_entry import SHANGHAI


class Span(NamedTuple):
    """One period: its name, its first instant, and the first instant after it."""

    name: str
    starts_at: datetime
    ends_at: datetime


def span(kind: Period, at: datetime) -> Span:
    """The period that an instant falls into: "2026-11-24", "2026-W48" or "2026-11"."""
    local = at.astimezone(SHANGHAI)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if kind == "day":
        return _of(f"{midnight:%Y-%m-%d}", midnight, midnight + timedelta(days=1))
    if kind == "week":
        year, week, weekday = midnight.isocalendar()
        monday = midnight - timedelta(days=weekday - 1)
        return _of(f"{year}-W{week:02}", monday, monday + timedelta(days=7))
    first = midnight.replace(day=1)
    return _of(f"{first:%Y-%m}", first, (first + timedelta(days=31)).replace(day=1))


def _of(name: str, starts_at: datetime, ends_at: datetime) -> Span:
    """Instants in events are UTC."""
    return Span(name, starts_at.astimezone(UTC), ends_at.astimezone(UTC))
