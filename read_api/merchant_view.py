"""One merchant as the API shows it, and the day on which each yuan is to be paid."""

from collections.abc import Iterable, Iterator
from datetime import date, datetime, time, timedelta
from typing import Any, Final, Literal
from uuid import UUID

from pydantic import BaseModel

from domain.agreement import Period
from domain.ledger_entry import SHANGHAI
from domain.period import span

NOON: Final = time(12)


class ModeProposal(BaseModel):
    """Who is to hold buyers' money. Who approves it sends `shown` back, and is another person."""

    id: UUID
    mode: str
    custody: str
    note: str
    by: str
    shown: str
    at: datetime


class MerchantView(BaseModel):
    """One merchant. `owed_fen` is what it owes since a negative statement; `books` the policy that stands."""

    merchant_id: UUID
    merchant: str
    name: str
    self_operated: bool
    route: str
    onboarded_at: datetime
    books: dict[str, Any]
    custody: str
    agreement_version: int
    deposit_fen: int
    owed_fen: int
    negatives: int
    dunned_at: datetime | None
    proposal: ModeProposal | None
    position: int


class PayDay(BaseModel):
    """Money on its way. `payout`: being paid; `statement`: paid when it closes; `pending`: earned, and paid with
    the statement that it matures into, if terms stay as they are.
    """

    source: Literal["payout", "statement", "pending"]
    at: datetime | None
    fen: int
    statement_id: UUID | None = None
    status: str | None = None


class MerchantFile(BaseModel):
    """One merchant with every agreement, and what is to be paid, the earliest first.

    `to_be_paid_fen` is all of it less what the merchant owes.
    """

    merchant: MerchantView
    agreements: list[dict[str, Any]]
    to_be_paid: list[PayDay]
    to_be_paid_fen: int


def shown(row: dict[str, Any]) -> MerchantView:
    return MerchantView(agreement_version=len(row["agreements"]), **row)


def file_of(
    row: dict[str, Any],
    payouts: Iterable[dict[str, Any]],
    statements: Iterable[dict[str, Any]],
    pending: Iterable[dict[str, Any]],
) -> MerchantFile:
    days = [
        *(PayDay(source="payout", at=None, **one) for one in payouts),
        *(PayDay(source="statement", **one) for one in statements),
        *pending_days(row["agreements"], pending),
    ]
    days.sort(key=lambda day: (day.at is not None, day.at))
    total = sum(day.fen for day in days) - row["owed_fen"]
    view = shown(row)
    agreements = row["agreements"]
    return MerchantFile(merchant=view, agreements=agreements, to_be_paid=days, to_be_paid_fen=total)


def pending_days(
    agreements: list[dict[str, Any]], pending: Iterable[dict[str, Any]]
) -> Iterator[PayDay]:
    """What matures on a business day goes on the statement of that day, and is paid when it closes."""
    for one in pending:
        terms = agreements[-1]
        at = closes_at(terms["period"], int(terms["close_hours"]), one["day"])
        yield PayDay(source="pending", at=at, fen=one["fen"])


def closes_at(period: Period, close_hours: int, day: date) -> datetime:
    within = datetime.combine(day, NOON, SHANGHAI)
    return span(period, within).ends_at + timedelta(hours=close_hours)
