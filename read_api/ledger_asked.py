"""What the ledger may be asked with."""

from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from read_api.asked import Asked, Day, Instant, Strict
from read_api.pages import Paged

POSITION_MAX = 2**63 - 1
LINE_MAX = 2**31 - 1


class AsOf(Strict):
    """Which books: as they were recorded by then, and of which days. All of it unless said otherwise."""

    as_of_position: Annotated[int | None, Field(ge=0, le=POSITION_MAX)] = None
    as_of_time: Annotated[Instant | None, Field(description="As it was known then.")] = None
    through: Annotated[Day | None, Field(description="Value dates up to this one.")] = None

    @property
    def latest(self) -> bool:
        """Whether it is all that is recorded."""
        return self.as_of_position is None and self.as_of_time is None

    def books(self) -> dict[str, Any]:
        """As the queries take it."""
        return self.model_dump(include=set(AsOf.model_fields))


AccountCode = Annotated[str, Field(pattern=r"^[0-9]{4}$")]
SubKey = Annotated[str, Field(pattern=r"^[ -~]{1,100}$")]


class Whole(Asked, AsOf):
    """Which books."""


class Parts(Paged, AsOf):
    """Which books, and which sub-keys; those at zero are left out unless asked for."""

    sub_key: SubKey | None = None
    zero: bool = False


class Wanted(Paged):
    """Filters; all of them apply."""

    order: UUID | None = None
    refund: UUID | None = None
    account: AccountCode | None = None
    sub_key: SubKey | None = None
    value_date: Day | None = None
    merchant: UUID | None = None
    entry: UUID | None = None
    bill: UUID | None = None
    bill_line: Annotated[int | None, Field(ge=1, le=LINE_MAX)] = None
