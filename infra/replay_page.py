"""A month told again on a terminal, and a file of what would put the books right. Amounts are yuan.

`tuan ledger replay --month 2026-11 --tenant acme --policy subsidy_as=contra_revenue`, or with
`--agreement FILE --merchant ID`. Nothing is changed by it: the bodies in the file are for two people to propose
and approve.
"""

import sys
from collections.abc import Iterator
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path
from typing import Any, Final

import msgspec
import psycopg
from rich.console import Console
from rich.table import Table

from domain.agreement import Agreement
from domain.replay import Change
from infra.cell.replays import Told, tell_again
from infra.cell.stream import NotThere, uuid_of
from infra.ledger_page import PIPE_WIDTH, named, yuan
from infra.settings import Settings

AT_ONCE: Final = 200  # corrections in one command
REASON: Final = "改约重算 {month}"


def main(
    settings: Settings,
    *,
    month: str,
    tenant: str,
    policy: str,
    agreement: str,
    merchant: str,
    out: str,
) -> int:
    """Print what differs. The exit code is 1 when it cannot be told."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    try:
        first, after = span_of(month)
        change = change_of(policy, agreement)
        whose = uuid_of(merchant) if merchant else None
        if not tenant:
            raise NotThere("say whose books: --tenant NAME")
        if change.agreement is not None and whose is None:
            raise NotThere("an agreement is one merchant's: say whose with --merchant ID")
        dsn = settings.dsn("tuan_projector")
        told = tell_again(dsn, settings.cell, tenant, first, after, change, whose)
    except NotThere as why:
        sys.stderr.write(f"{why}\n")
        return 1
    except psycopg.errors.UndefinedTable:
        sys.stderr.write("there is no ledger yet: no projector has run here\n")
        return 1
    tell(told, month, console)
    if out:
        Path(out).write_bytes(b"".join(bodies(told, month)))
        console.print(f"what would put it right is in {out}", markup=False)
    return 0


def span_of(month: str) -> tuple[date, date]:
    """The first day of a month like 2026-11, and the first after it. Raises: NotThere."""
    try:
        first = date.fromisoformat(f"{month}-01")
    except ValueError:
        raise NotThere(f"a month is like 2026-11, and not {month!r}") from None
    return first, (first + timedelta(days=31)).replace(day=1)


def change_of(policy: str, agreement: str) -> Change:
    """Raises: NotThere when nothing is to change, or it is no such policy or agreement."""
    pairs = (part.partition("=") for part in policy.split(",") if part)
    wanted: dict[str, Any] = {name: value for name, _, value in pairs}
    if set(wanted) - {"recognise_at", "subsidy_as", "accounting"}:
        raise NotThere("a policy is of recognise_at=..., subsidy_as=..., accounting=...")
    try:
        if agreement:
            raw = Path(agreement).read_bytes()
            wanted["agreement"] = msgspec.to_builtins(msgspec.json.decode(raw, type=Agreement))
        if not wanted:
            raise NotThere(
                "say what is to be told otherwise: --policy NAME=VALUE, --agreement FILE"
            )
        return msgspec.convert(wanted, Change)
    except (ValueError, OSError) as why:  # msgspec's are ValueErrors
        raise NotThere(str(why)) from None


def tell(told: Told, month: str, console: Console) -> None:
    """One table a merchant."""
    replay = told.replay
    for merchant, lines in groupby(replay.differences(), key=lambda line: line.merchant_id):
        table = Table(title=f"{month} 商户 merchant {merchant or '—'}", title_justify="left")
        for name in ("科目 account", "已记 booked", "重算 told again", "差额 difference"):
            table.add_column(name, justify="left" if "account" in name else "right", no_wrap=True)
        for line in lines:
            sums = line.booked_fen, line.told_fen, line.told_fen - line.booked_fen
            table.add_row(named(line.account), *map(yuan, sums))
        console.print(table)
    paid = {key: fen for key, fen in replay.adjustments.items() if fen}
    console.print(
        f"{replay.entries} entries of the month, {replay.moved} of another day,"
        f" {told.unearned} orders that earned nothing so far"
    )
    console.print(
        f"to put it right: {len(replay.corrections)} corrections, {len(paid)} adjustments of"
        f" {yuan(sum(paid.values()))} for merchants"
    )


def bodies(told: Told, month: str) -> Iterator[bytes]:
    """A line for each command to propose: its name, and its body."""
    reason = REASON.format(month=month)
    corrections = told.replay.corrections
    for start in range(0, len(corrections), AT_ONCE):
        part = corrections[start : start + AT_ONCE]
        yield line("propose_correction", {"corrections": part, "reason": reason})
    for (_, order), fen in told.replay.adjustments.items():
        if fen:
            body = {"order_id": order, "amount_fen": fen, "note": reason}
            yield line("propose_adjustment", body)


def line(command: str, body: dict[str, Any]) -> bytes:
    return msgspec.json.encode({"command": command, "body": body}) + b"\n"
