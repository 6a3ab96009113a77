"""What is asked about one bill date, and finding it."""

from datetime import date
from typing import Annotated, Any, Final

from fastapi import Path
from pydantic import Field

from domain.problem import NOT_FOUND
from read_api import reconciliation_queries as queries
from read_api.access import FINANCE
from read_api.asked import Word
from read_api.problems import Refused
from read_api.snapshot import Snapshot

NEEDS: Final = frozenset({FINANCE})
Channel = Annotated[Word, Path()]
Merchant = Annotated[Word | None, Field(description="Of several accounts, this one.")]


async def the_day(
    snapshot: Snapshot, channel: str, bill_date: date, mchid: str | None
) -> dict[str, Any]:
    """Raises: Refused with 404."""
    of = {"tenant": snapshot.tenant, "channel": channel, "date": bill_date, "mchid": mchid}
    rows = await snapshot.rows(queries.DAY, **of)
    if not rows:
        raise Refused(NOT_FOUND)
    return rows[0]
