"""How fast one caller may ask: a token bucket for each principal and route, before the engine.

Real time, not the scaled clock: what is protected here is the machine. Limits are per process; behind
several gateways the engine's own buckets are the shared ones.
"""

import math
from collections.abc import Callable
from typing import Final, NamedTuple

from commands.api.problems import Refused
from domain.identity import Principal
from domain.problem import TOO_MANY

BUCKETS_MAX: Final = 100_000  # callers remembered; above it, those at rest are forgotten


class Pace(NamedTuple):
    """What one caller may do on one route."""

    per_second: float
    burst: float


class Limits:
    """`services` is the pace of callers with one of the `SERVICE` scopes, `callers` that of everyone else."""

    SERVICE: Final = frozenset({"payment:record", "process:act", "bench"})

    def __init__(self, callers: Pace, services: Pace, monotonic: Callable[[], float]) -> None:
        self.callers = callers
        self.services = services
        self.monotonic = monotonic
        self._buckets: dict[tuple[str, str, str], tuple[float, float]] = {}  # (tokens, as of)

    def take(self, principal: Principal, route: str) -> None:
        """Count one request. Raises: Refused (429) when the bucket is empty."""
        pace = self.callers if self.SERVICE.isdisjoint(principal.scopes) else self.services
        now = self.monotonic()
        caller = (principal.tenant, principal.subject, route)
        tokens, as_of = self._buckets.get(caller, (pace.burst, now))
        tokens = min(pace.burst, tokens + (now - as_of) * pace.per_second)
        if tokens < 1:
            seconds = math.ceil((1 - tokens) / pace.per_second)
            raise Refused(TOO_MANY, retry_after_seconds=max(1, seconds))
        self._buckets[caller] = (tokens - 1, now)
        if len(self._buckets) > BUCKETS_MAX:
            self._forget_those_at_rest(now)

    def _forget_those_at_rest(self, now: float) -> None:
        """Full buckets say nothing; if that frees too little, the oldest half goes too."""
        pace = min(self.callers, self.services)
        rest = now - pace.burst / pace.per_second
        kept = [(caller, bucket) for caller, bucket in self._buckets.items() if bucket[1] > rest]
        self._buckets = dict(kept[-BUCKETS_MAX // 2 :])
