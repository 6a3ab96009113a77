"""What a replay may be asked with."""

import json
from datetime import date, timedelta
from typing import Annotated, Any
from uuid import UUID

import msgspec
from pydantic import AfterValidator, Field, model_validator

from domain.agreement import Agreement
from domain.policies import Accounting, RecogniseAt, SubsidyAs
from read_api.asked import Asked


def an_agreement(given: str) -> str:
    """Raises: ValueError unless it is the JSON of one."""
    try:
        msgspec.json.decode(given, type=Agreement)
    except msgspec.DecodeError as why:
        raise ValueError(str(why)) from None
    return given


class Wanted(Asked):
    """Which month, and what would have been otherwise: at least one of the four."""

    month: Annotated[
        str, Field(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$", description='Like "2026-11".')
    ]
    recognise_at: RecogniseAt | None = None
    subsidy_as: SubsidyAs | None = None
    accounting: Accounting | None = None
    agreement: Annotated[
        str | None,
        Field(
            max_length=8_000, description="JSON of an agreement, as in merchant.agreement_signed."
        ),
        AfterValidator(an_agreement),
    ] = None
    merchant: Annotated[UUID | None, Field(description="Only this one; an agreement needs it.")] = (
        None
    )
    skip: Annotated[int, Field(ge=0, le=10**7, description="Corrections and adjustments.")] = 0

    @model_validator(mode="after")
    def says_what_changes(self) -> "Wanted":
        if not self.change():
            raise ValueError("say what is to be told otherwise")
        if self.agreement is not None and self.merchant is None:
            raise ValueError("an agreement is one merchant's: say whose")
        return self

    def change(self) -> dict[str, Any]:
        """What is to be told otherwise."""
        given = self.model_dump(
            include={"recognise_at", "subsidy_as", "accounting"}, exclude_none=True
        )
        return given | ({"agreement": json.loads(self.agreement)} if self.agreement else {})

    def span(self) -> tuple[date, date]:
        """The first day of the month, and the first after it."""
        first = date.fromisoformat(f"{self.month}-01")
        return first, (first + timedelta(days=31)).replace(day=1)
