"""这个数怎么来的, on a terminal: the entries behind a cell of a report, or all that belongs to an id.

`tuan explain LINK --cell COLUMN`, where LINK stands in the report's own row, or `tuan explain KIND ID`.
"""

import sys
from collections.abc import Iterable
from typing import cast, get_args
from urllib.parse import parse_qs, urlsplit

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table

from infra.clock import clock_from
from infra.ledger_page import PIPE_WIDTH, table_of, yuan
from infra.reading import snapshot_of
from infra.report_file import Unusable, said
from infra.settings import Settings
from read_api import lineage
from read_api.lineage_view import Kind, Lineage
from read_api.pages import LIMIT_MAX
from read_api.problems import Refused
from read_api.reports.asked import Why
from read_api.reports.catalogue import REPORTS
from read_api.reports.explain import Behind, Record, explain
from read_api.reports.routes import READING
from read_api.snapshot import Snapshot

KINDS = get_args(Kind)


async def main(settings: Settings, what: str, id: str, *, cell: str, tenant: str) -> int:
    """Print it. The exit code is 1, after one clear line, when there is nothing to explain."""
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    try:
        if what in KINDS:
            async with snapshot_of(settings, lineage.READING, tenant) as snapshot:
                tell_lineage(await lineage.lineage(snapshot, cast(Kind, what), id), console)
        else:
            async with snapshot_of(settings, READING, tenant) as snapshot:
                await tell_cell(snapshot, settings, what, cell, console)
    except (Unusable, ValidationError, Refused) as why:
        sys.stderr.write(f"{said(why)}\n")
        return 1
    return 0


async def tell_cell(
    snapshot: Snapshot, settings: Settings, link: str, cell: str, console: Console
) -> None:
    """Every entry of a cell with what it adds, and their sum."""
    parts = urlsplit(link)
    name = parts.path.removeprefix("/v1/reports/").removesuffix("/explain")
    if name not in REPORTS:
        raise Unusable(f"{link!r} is no link of a report, and none of {', '.join(KINDS)}")
    given = {key: it if key == "key" else it[0] for key, it in parse_qs(parts.query).items()}
    asked = Why.model_validate({"cell": cell, **given, "limit": LIMIT_MAX})
    view = await asked.view(snapshot, clock_from(settings).now())
    table = table_of(f"{REPORTS[name].title} · {asked.cell}", *HEADINGS)
    table.add_column("adds", justify="right", no_wrap=True)
    while True:
        page = await explain(snapshot, REPORTS[name], view, asked)
        add_entries(table, page.items)
        if page.next is None:
            break
        asked = asked.model_copy(update={"cursor": page.next})
    table.add_section()
    table.add_row("Σ", "", f"{page.entries} entries", "", "", "", yuan(page.fen))
    console.print(table)


HEADINGS = ("position", "date", "event", "rule", "reference", "entry")


def add_entries(table: Table, entries: Iterable[Behind | Record]) -> None:
    for it in entries:
        place = f"{it.position}", f"{it.value_date}"
        if isinstance(it, Record):
            table.add_row(*place, it.what, "", it.reference, "", yuan(it.fen))
        else:
            rule = f"{it.rule} v{it.rule_version}"
            table.add_row(*place, it.event, rule, it.reference, str(it.entry_id), yuan(it.fen))


def tell_lineage(told: Lineage, console: Console) -> None:
    """Entry by entry: the line that proves it, its event, its command, and whose it was."""
    events = {it.position: it for it in told.events}
    commands = {it.command_id: it for it in told.commands}
    files = {it.bill_id: it for it in told.bill_files}
    console.print(f"{told.kind} {told.id}")
    for entry in told.entries:
        console.print(
            f"\n分录 entry {entry.entry_id}  {entry.rule} v{entry.rule_version}  {entry.value_date}"
        )
        if entry.bill_id:
            file = files.get(entry.bill_id)
            console.print(
                f"  账单行 bill line {entry.bill_id}:{entry.bill_line}  sha256 {file.sha256 if file else '?'}"
            )
        for line in entry.lines:
            side = "借 Dr" if line.debit_fen else "贷 Cr"
            amount = yuan(line.debit_fen or line.credit_fen)
            console.print(f"  {side} {line.account} {line.sub_key}  {amount}")
        event = events[entry.position]
        console.print(f"  事件 event {event.event_id} {event.type}  hash {event.hash[:16]}…")
        command = commands.get(event.command_id)
        if command:
            console.print(
                f"  命令 command {command.command_id} {command.name}  {command.at.isoformat()}"
            )
            console.print(f"  何人 principal {command.principal}  code {command.code_rev}")
    without = [it for it in told.events if it.position not in {e.position for e in told.entries}]
    for event in without:
        command = commands.get(event.command_id)
        by = f"  {command.name} by {command.principal}" if command else ""
        console.print(f"事件 event {event.event_id} {event.type} (no entry){by}")
    if told.more:
        console.print("… and more of it than one answer holds")
