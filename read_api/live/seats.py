"""How many feeds may be open at once: by tenant, and by principal."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager

from domain.identity import Principal
from domain.problem import TOO_MANY
from read_api.live.ports import Limits
from read_api.problems import Refused


class Seats:
    """Counts the open feeds of this process."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._taken: Counter[tuple[str, ...]] = Counter()

    @property
    def taken(self) -> int:
        """Feeds of all tenants."""
        return sum(count for who, count in self._taken.items() if len(who) == 1)

    @contextmanager
    def take(self, principal: Principal) -> Iterator[None]:
        """Sit down until the end of the block. Raises: Refused."""
        tenant, person = (principal.tenant,), (principal.tenant, principal.subject)
        for who, most in (
            (tenant, self._limits.per_tenant),
            (person, self._limits.per_principal),
        ):
            if self._taken[who] >= most:
                raise Refused(TOO_MANY, limit=most)
        self._taken.update((tenant, person))
        try:
            yield
        finally:
            for who in (tenant, person):
                self._taken[who] -= 1
                if not self._taken[who]:
                    del self._taken[who]
