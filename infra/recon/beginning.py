"""How a bill date begins, goes on over other files, and hears of what came too late: as commands."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from commands.begin_bill_day import BeginBillDay
from commands.record_late_fact import RecordLateFact
from commands.restate_bill_day import Differing, RestateBillDay
from commands.use_case import Command
from domain.bill_day_state import Key
from domain.matching_rows import Finding
from infra.recon.asking import open_break
from infra.recon.matching import Files, Laid


def begin(key: Key, laid: Laid) -> BeginBillDay:
    return BeginBillDay(**begun(key, laid))


def restate(key: Key, laid: Laid, was: Files, differs: Iterable[Differing]) -> RestateBillDay:
    """Go on over the files in force; these lines say something else than in those before."""
    return RestateBillDay(
        **begun(key, laid),
        was_trade_sha256=was.trade,
        was_fund_sha256=was.fund,
        differs=tuple(differs),
    )


def begun(key: Key, laid: Laid) -> dict[str, Any]:
    """Which files, with how many lines, between which balances."""
    return {
        "channel": key.channel,
        "mchid": key.mchid,
        "bill_date": key.date,
        "trade_bill": laid.bills.trade,
        "fund_bill": laid.bills.fund,
        "trade_sha256": laid.files.trade,
        "fund_sha256": laid.files.fund,
        "trade_lines": laid.trade_lines,
        "fund_lines": laid.fund_lines,
        "opening_fen": laid.opening_fen,
        "closing_fen": laid.closing_fen,
    }


def opening_break(key: Key, laid: Laid) -> Command:
    """What lay on the account before the first date that we know: people say where it came from."""
    detail = "余额早于首个对账日 the account's balance before the first reconciled date"
    found = Finding(
        ("FUND_DIFF",), "fund", unbooked_fen=laid.opening_fen, number="opening", detail=detail
    )
    return open_break(found, key, laid.bills)


def late_fact(key: Key, row: dict[str, Any]) -> RecordLateFact:
    closed: date = row["booked"]
    return RecordLateFact(
        key.channel,
        key.mchid,
        closed,
        booked=row["next_date"],
        kind=row["kind"],
        number=row["number"],
        channel_number=row["channel_number"],
        net_fen=row["net_fen"],
        position=row["position"],
    )
