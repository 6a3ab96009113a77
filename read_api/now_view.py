"""The business at this moment as the API shows it."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel


class Speed(BaseModel):
    """Orders placed a second, over the seconds before now."""

    last_10s: float
    last_60s: float


class Funnel(BaseModel):
    """Orders that came this far since the range began; each step counts when it was recorded.

    `readied` are those whose deal is on; those bought alone are never `formed`.
    """

    placed: int
    payment_started: int
    paid: int
    formed: int
    readied: int


class Fills(BaseModel):
    """From the leader's payment to success, in seconds; null when no group filled."""

    groups: int
    p50_seconds: float | None
    p90_seconds: float | None


class Nearly(BaseModel):
    """A group that misses one member."""

    group_id: UUID
    campaign_id: UUID
    seats: int
    closes_at: datetime


class Now(BaseModel):
    """The business at this moment; funnel and fills since `since`."""

    at: datetime
    since: datetime
    orders_per_second: Speed
    funnel: Funnel
    time_to_fill: Fills
    one_short: int
    one_short_soon: list[Nearly]
