"""The day's sales as the live feed tells them: everything once, then each line that changed, by its key."""

from collections.abc import Mapping
from typing import Any

from read_api.console.feed import Told

Line = Mapping[str, Any]


class Day:
    """Lines by key. A line always holds its whole value, so having one twice does no harm."""

    def __init__(self) -> None:
        self.total: Line | None = None
        self.provinces: dict[str, Line] = {}
        self.minutes: dict[str, Line] = {}
        self.degraded = False

    def hear(self, told: Told) -> None:
        """`state` and `reset` are everything there is; `delta` is what changed."""
        if told.name != "delta":
            self.total, self.provinces, self.minutes = None, {}, {}
        self.total = told.data["total"] or self.total
        self.provinces |= {line["key"]: line for line in told.data["provinces"]}
        self.minutes |= {line["key"]: line for line in told.data["minutes"]}
        self.degraded = told.data["degraded"]

    def last_minutes(self, most: int) -> list[Line]:
        """The latest that are over, the earliest first: one that is not yet would look like a fall."""
        return [self.minutes[key] for key in sorted(self.minutes)][-most - 1 : -1]
