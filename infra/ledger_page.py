"""The books on a terminal: the trial balance of each tenant, or everything that was posted about one order.

`tuan ledger [--order ID] [--tenant NAME] [--at POSITION|TIME]`, from the ledger's own rows. Amounts are yuan.
"""

import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from psycopg.rows import namedtuple_row
from rich.console import Console
from rich.table import Table

from domain.accounts import CHART
from infra.cell.stream import Moment, NotThere, moment_of, uuid_of
from infra.settings import Settings
from projections import ledger

PIPE_WIDTH = 140  # columns when the output is no terminal

WHICH: LiteralString = """ from read.ledger_lines_v2
where (%(tenant)s = '' or tenant = %(tenant)s) and position <= %(position)s and recorded_at <= %(at)s"""
ACCOUNTS: LiteralString = (
    """select tenant, account, sum(debit_fen)::bigint as debit_fen, sum(credit_fen)::bigint as credit_fen"""
    + WHICH
    + " group by tenant, account order by tenant, account"
)
LINES: LiteralString = (
    "select tenant, position, value_date, event, account, sub_key, reference, debit_fen, credit_fen"
    + WHICH
    + " and order_id = %(order)s order by tenant, position, nth, line"
)
STANDS: LiteralString = """
select position, parked, halted from read.checkpoints where handler = %s and cell = %s"""


def main(settings: Settings, *, order: str = "", tenant: str = "", at: str = "") -> int:
    """Print it. The exit code is 1 when there is nothing to show, or the books do not balance."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = PIPE_WIDTH
    try:
        until = moment_of(at)
        wanted = uuid_of(order) if order else None
        with psycopg.connect(settings.dsn("tuan_projector"), row_factory=namedtuple_row) as session:
            session.read_only = True
            session.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            tell_where(session, settings.cell, console)
            if wanted is None:
                return tell_accounts(rows(session, ACCOUNTS, tenant, until), console)
            return tell_order(wanted, rows(session, LINES, tenant, until, wanted), console)
    except NotThere as why:
        sys.stderr.write(f"{why}\n")
        return 1
    except psycopg.errors.UndefinedTable:
        sys.stderr.write("there is no ledger yet: no projector has run here\n")
        return 1


def rows(
    session: psycopg.Connection[Any],
    query: LiteralString,
    tenant: str,
    until: Moment,
    order: UUID | None = None,
) -> list[Any]:
    values = {"tenant": tenant, "position": until.position, "at": until.at, "order": order}
    return session.execute(query, values, binary=True).fetchall()


def tell_where(session: psycopg.Connection[Any], cell: str, console: Console) -> None:
    """How far the ledger is, and what is missing in it."""
    found = session.execute(STANDS, (ledger.NAME, cell)).fetchone()
    if found is None:
        raise NotThere(f"there is no ledger of {cell} yet: no projector has run here")
    console.print(f"ledger of {cell} at position {found.position:,}")
    if found.parked:
        console.print(f"degraded: {found.parked} events could not be posted (tuan parked)")
    if found.halted:
        console.print(f"degraded: it stands still: {found.halted}", markup=False)


def tell_accounts(found: Sequence[Any], console: Console) -> int:
    """One table a tenant."""
    if not found:
        raise NotThere("nothing was posted by then")
    difference = 0
    for tenant, lines in groupby(found, key=lambda line: line.tenant):
        moved = {line.account: (line.debit_fen, line.credit_fen) for line in lines}
        table = table_of(
            f"{tenant}: 试算平衡 trial balance", "account", "debit", "credit", "balance"
        )
        for code, account in CHART.items():
            debit, credit = moved.get(code, (0, 0))
            balance = account.balance(debit, credit)
            table.add_row(named(code), yuan(debit), yuan(credit), yuan(balance))
        debit, credit = (sum(pair[side] for pair in moved.values()) for side in (0, 1))
        table.add_section()
        table.add_row("Σ 借贷差额 difference", yuan(debit), yuan(credit), yuan(debit - credit))
        console.print(table)
        difference += abs(debit - credit)
    return 1 if difference else 0


def tell_order(order: UUID, found: Iterable[Any], console: Console) -> int:
    """Line by line, with what the order has in that account after it."""
    table = table_of(
        f"订单 order {order}", "position", "date", "event", "account", "sub-key", "debit", "credit",
        "balance",
    )  # fmt: skip
    balances: Counter[tuple[str, str]] = Counter()
    position = 0
    for line in found:
        if line.position != position:
            table.add_section()
        first, position = line.position != position, line.position
        key = line.account, line.sub_key
        balances[key] += CHART[line.account].balance(line.debit_fen, line.credit_fen)
        head = (f"{position}", f"{line.value_date}", line.event) if first else ("", "", "")
        sides = yuan(line.debit_fen, blank=True), yuan(line.credit_fen, blank=True)
        account = f"{line.account} {CHART[line.account].zh}"
        table.add_row(*head, account, line.sub_key, *sides, yuan(balances[key]))
    if not position:
        raise NotThere(f"nothing was posted about order {order} by then")
    console.print(table)
    return 0


def table_of(title: str, *columns: str) -> Table:
    table = Table(title=title, title_justify="left")
    for name in columns:
        right = name in ("position", "debit", "credit", "balance")
        table.add_column(name, justify="right" if right else "left", no_wrap=right, overflow="fold")
    return table


def named(code: str) -> str:
    return f"{code} {CHART[code].zh} {CHART[code].en}"


def yuan(fen: int, *, blank: bool = False) -> str:
    """Exact, to the fen."""
    if blank and not fen:
        return ""
    sign = "-" if fen < 0 else ""
    return f"{sign}{abs(fen) // 100:,}.{abs(fen) % 100:02d}"
