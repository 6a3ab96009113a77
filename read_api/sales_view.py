"""The sales dashboard as the API shows it."""

from datetime import datetime
from typing import Annotated, Final

from pydantic import BaseModel, Field

SUMMED: Final = (
    "placed_fen", "paid_fen", "formed_fen", "net_fen", "orders_placed", "orders_paid", "orders_closed",
)  # fmt: skip
GROUP_COUNTS: Final = ("groups_succeeded", "groups_failed")


class Definition(BaseModel):
    """What a figure means."""

    zh: str
    en: str


class Sales(BaseModel):
    """One line. Amounts are fen. Groups have no province, so by province they are null."""

    key: str
    placed_fen: int = 0
    paid_fen: int = 0
    formed_fen: int = 0
    verified_fen: int = 0
    net_fen: int = 0
    orders_placed: int = 0
    orders_paid: int = 0
    orders_closed: int = 0
    groups_succeeded: int | None = None
    groups_failed: int | None = None
    success_rate: Annotated[float | None, Field(description="succeeded ÷ (succeeded + failed)")] = (
        None
    )


class Dashboard(BaseModel):
    """Lines, their sum, and what every figure means."""

    since: datetime
    until: datetime
    by: str
    definitions: dict[str, Definition]
    lines: list[Sales]
    total: Sales
    degraded: bool


def decided(line: Sales, succeeded: int, failed: int) -> None:
    line.groups_succeeded, line.groups_failed = succeeded, failed
    line.success_rate = round(succeeded / (succeeded + failed), 4) if succeeded + failed else None


def total(lines: list[Sales]) -> Sales:
    summed = {name: sum(getattr(line, name) for line in lines) for name in SUMMED}
    line = Sales(key="total", **summed)
    if any(it.groups_succeeded is not None for it in lines):
        decided(line, *(sum(getattr(it, name) or 0 for it in lines) for name in GROUP_COUNTS))
    return line
