"""Parameters that reads have in common."""

import re
from datetime import date, datetime, timedelta
from typing import Annotated, Final

from pydantic import AwareDatetime, BaseModel, BeforeValidator, ConfigDict, Field

from read_api.problems import INVALID, Refused

DATE_TIME: Final = re.compile(r"\d{4}-\d{2}-\d{2}[Tt ].*")
DATE: Final = re.compile(r"\d{4}-\d{2}-\d{2}")
USUAL: Final = timedelta(days=1)
LONGEST: Final = timedelta(days=366)


def written_out(given: object) -> object:
    """Refuse what would be read as seconds since 1970: nobody means that."""
    if isinstance(given, str) and not DATE_TIME.fullmatch(given):
        raise ValueError("must be a date and time as in RFC 3339")
    return given


def a_day(given: object) -> object:
    """The same of days."""
    if isinstance(given, str) and not DATE.fullmatch(given):
        raise ValueError("must be a day like 2026-06-01")
    return given


Day = Annotated[date, BeforeValidator(a_day)]
Word = Annotated[str, Field(max_length=64, pattern=r"^[^\x00-\x1f]*$")]  # as a column may hold it
Instant = Annotated[AwareDatetime, BeforeValidator(written_out)]


class Strict(BaseModel):
    """Unknown parameters are refused, never ignored."""

    model_config = ConfigDict(extra="forbid")


class Asked(Strict):
    """What every read of a model that follows the log may be asked with."""

    at_least: str | None = Field(
        None, description="A Tuan-Token: answer only once the read model has reached it."
    )


class Range(Strict):
    """From `since` to before `until`; the last day unless said otherwise."""

    since: Instant | None = None
    until: Instant | None = None

    def bounds(self, now: datetime, longest: timedelta | None = None) -> tuple[datetime, datetime]:
        """Raises: Refused when the range is empty or longer than `longest`."""
        until = self.until or now
        since = self.since or until - USUAL
        if not timedelta(0) < until - since <= (longest or LONGEST):
            raise Refused(
                INVALID, errors=[{"at": ["since"], "what": "the range is empty or too long"}]
            )
        return since, until
