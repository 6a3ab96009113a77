"""What a report may be asked with, and which lines of the ledger that means."""

from datetime import datetime
from typing import Annotated

from pydantic import Field

from read_api.asked import Asked, Day, Instant
from read_api.ledger_asked import POSITION_MAX, AccountCode
from read_api.pages import LIMIT_MAX
from read_api.reports.books import MOMENT, View
from read_api.reports.columns import SHANGHAI
from read_api.reports.definition import wrong
from read_api.reports.formats import Name
from read_api.snapshot import Snapshot

Known = Annotated[int, Field(ge=0, le=POSITION_MAX)] | Instant


class Period(Asked):
    """Two clocks: the days that money counts to, and what was recorded by a moment."""

    since: Annotated[Day | None, Field(alias="from", description="First value date.")] = None
    to: Annotated[Day | None, Field(description="Last value date.")] = None
    as_of: Annotated[Day | None, Field(description="All value dates through this one.")] = None
    as_known_at: Annotated[
        Known | None, Field(description="A time, or a position in the log. All of it if absent.")
    ] = None
    account: Annotated[AccountCode | None, Field(description="Lines of this account only.")] = None

    async def view(self, snapshot: Snapshot, now: datetime) -> View:
        """Pinned to a position: what is recorded later changes no sum. Raises: Refused."""
        if self.as_of is not None and (self.since is not None or self.to is not None):
            raise wrong("as_of", "either as_of, or from and to")
        through = self.as_of or self.to
        if self.since is not None and through is not None and self.since > through:
            raise wrong("from", "the period is empty")
        known = await position_of(snapshot, self.as_known_at)
        today = through or now.astimezone(SHANGHAI).date()
        return View(self.since, through, known, self.account, today)


class Wanted(Period):
    """A report in one format."""

    format: Name = "csv"


class Why(Period):
    """One cell of a report: the key of its row as the row's own link has it, and the column."""

    cell: Annotated[str, Field(pattern=r"^[a-z_]{1,40}$")]
    key: Annotated[
        list[Annotated[str, Field(pattern=r"^[^\x00-\x1f]{0,200}$")]],
        Field(max_length=4, description="None of it for the total of the column."),
    ] = []
    limit: Annotated[int, Field(ge=1, le=LIMIT_MAX)] = 50
    cursor: Annotated[str | None, Field(max_length=200)] = None


async def position_of(snapshot: Snapshot, moment: int | datetime | None) -> int:
    """The last position known at that moment, and never more than the snapshot itself holds."""
    held = snapshot.token.position
    if moment is None:
        return held
    if isinstance(moment, int):
        return min(moment, held)
    (row,) = await snapshot.rows(MOMENT, tenant=snapshot.tenant, at=moment)
    return min(int(row["position"]), held)
