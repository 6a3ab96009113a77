"""How numbers, times and ids are written for people."""

from datetime import datetime, timedelta, timezone
from typing import Final

SHANGHAI: Final = timezone(timedelta(hours=8))  # no summer time since 1991
DASH: Final = "—"


def yuan(fen: int | None) -> str:
    """¥1,234.56"""
    if fen is None:
        return DASH
    sign = "-" if fen < 0 else ""
    return f"{sign}¥{abs(fen) // 100:,}.{abs(fen) % 100:02d}"


def count(number: float | None) -> str:
    """1,234"""
    return DASH if number is None else f"{number:,.0f}"


def percent(part: float | None) -> str:
    """12.3%"""
    return DASH if part is None else f"{part * 100:.1f}%"


def parsed(text: str) -> datetime:
    return datetime.fromisoformat(text)


def moment(text: str | datetime | None) -> str:
    """11-25 14:03:07, in Shanghai."""
    if not text:
        return DASH
    at = parsed(text) if isinstance(text, str) else text
    return at.astimezone(SHANGHAI).strftime("%m-%d %H:%M:%S")


def clock_time(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%H:%M:%S")


def hour_and_minute(at: datetime) -> str:
    return at.astimezone(SHANGHAI).strftime("%H:%M")


def midnight_of(now: datetime) -> datetime:
    """When the business day of this instant began."""
    return now.astimezone(SHANGHAI).replace(hour=0, minute=0, second=0, microsecond=0)


def lasting(seconds: float | None) -> str:
    """4:05, or 1:04:05 from an hour on, or 2d 03:04 from a day on."""
    if seconds is None:
        return DASH
    left = max(int(seconds), 0)
    days, rest = divmod(left, 86_400)
    hours, rest = divmod(rest, 3600)
    minutes, left = divmod(rest, 60)
    if days:
        return f"{days}d {hours:02d}:{minutes:02d}"
    return f"{hours}:{minutes:02d}:{left:02d}" if hours else f"{minutes}:{left:02d}"


def brief(id: str | None) -> str:
    """Enough of an id to tell it from its neighbours: ids of one minute begin alike, so its end too."""
    if not id:
        return DASH
    return f"{id[:8]}…{id[-6:]}" if len(id) > 20 else id
