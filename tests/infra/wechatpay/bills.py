"""A channel with bills to ask for: a merchant who signs properly fetches their text with a bare hand."""

import gzip
from datetime import date, datetime, timedelta
from typing import Any

from infra.wechatpay.channel import BEIJING
from tests.infra.wechatpay.support import Bare, HeldClock

TRADE = "/v3/bill/tradebill"
FUND = "/v3/bill/fundflowbill"
DAY = date(2026, 11, 22)  # of NOON in Shanghai


def morning(clock: HeldClock, days: int = 1, hour: int = 10) -> None:
    """It becomes ten in the morning of a later day in Shanghai."""
    today = clock.at.astimezone(BEIJING).replace(hour=hour, minute=0, second=0, microsecond=0)
    clock.at = (today + timedelta(days=days)).astimezone(clock.at.tzinfo)


def shanghai(hour: int, minute: int = 0, second: int = 0, day: int = 22) -> datetime:
    return datetime(2026, 11, day, hour, minute, second, tzinfo=BEIJING)


async def asked(bare: Bare, target: str = TRADE, day: date = DAY, **more: str) -> tuple[int, Any]:
    query = "&".join(f"{name}={value}" for name, value in {"bill_date": str(day), **more}.items())
    return await bare.ask("GET", f"{target}?{query}")


async def fetched(bare: Bare, told: Any) -> bytes:
    """The text behind an address that the channel gave."""
    target = told["download_url"].removeprefix(bare.simulator.url)
    status, headers, body = await bare.raw("GET", target)
    assert status == 200, body
    assert not any(name.lower().startswith("wechatpay") for name in headers)
    return gzip.decompress(body) if "gzip" in headers["content-type"] else body


async def text(bare: Bare, target: str = TRADE, day: date = DAY, **more: str) -> str:
    status, told = await asked(bare, target, day, **more)
    assert status == 200, told
    return (await fetched(bare, told)).decode()


def table(text: str) -> tuple[list[dict[str, str]], dict[str, str]]:
    """The lines and the sums, column by column, without their back-ticks. Insists on the channel's form."""
    heading, *lines, heading_of_sums, sums, end = text.split("\r\n")
    assert end == ""
    return [row(heading, line) for line in lines], row(heading_of_sums, sums)


def row(heading: str, line: str) -> dict[str, str]:
    values = line.split(",")
    assert all(value.startswith("`") for value in values), line
    return dict(zip(heading.split(","), (value[1:] for value in values), strict=True))


async def change(bare: Bare, act: str, kind: str = "trade", **more: Any) -> None:
    wish = {"kind": kind, "bill_date": str(DAY), "act": act, **more}
    status, told = await bare.simulator.ask("POST", "/sim/bills/changes", wish)
    assert status == 200, told


async def plan(bare: Bare, **plan: Any) -> None:
    status, told = await bare.simulator.ask("PUT", "/sim/bills/plan", plan)
    assert status == 200, told
