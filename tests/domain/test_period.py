"""Statement periods end at midnight in Shanghai."""

from datetime import UTC, datetime

import pytest

from domain.agreement import Period
from domain.period import span


@pytest.mark.parametrize(
    ("kind", "at", "name", "starts", "ends"),
    [
        ("day", "2026-11-24T15:59:59", "2026-11-24", "2026-11-23T16:00:00", "2026-11-24T16:00:00"),
        ("day", "2026-11-24T16:00:00", "2026-11-25", "2026-11-24T16:00:00", "2026-11-25T16:00:00"),
        ("week", "2026-11-24T12:00:00", "2026-W48", "2026-11-22T16:00:00", "2026-11-29T16:00:00"),
        ("week", "2027-01-01T12:00:00", "2026-W53", "2026-12-27T16:00:00", "2027-01-03T16:00:00"),
        ("month", "2026-12-31T16:00:00", "2027-01", "2026-12-31T16:00:00", "2027-01-31T16:00:00"),
        ("month", "2026-02-28T15:00:00", "2026-02", "2026-01-31T16:00:00", "2026-02-28T16:00:00"),
    ],
)
def test_a_period_has_a_name_and_two_ends(
    kind: Period, at: str, name: str, starts: str, ends: str
) -> None:
    found = span(kind, utc(at))
    assert (found.name, found.starts_at, found.ends_at) == (name, utc(starts), utc(ends))


def utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)
