"""What is every merchant paid for a period, line by line, and has it arrived? Lines are only ever added."""

from collections.abc import Iterable, Sequence
from typing import Any, Final, TypeAlias
from uuid import UUID

import msgspec

from domain.events.earning import Amounts
from domain.events.payout import PayoutEvent, PayoutInitiated
from domain.events.statement import (
    StatementClosed,
    StatementEvent,
    StatementLineAdded,
    StatementOpened,
)
from projections.recorded import Projection, Recorded, Tx, load, save
from projections.statement_payouts import LOAD_PAYOUTS, PAYOUTS_TABLE, SAVE_PAYOUTS, Payout, paid
from projections.statement_rows import ADD_LINES, LOAD, SAVE, TABLE, Statement

NAME: Final = "merchant_statements_v1"

Interest: TypeAlias = StatementEvent | PayoutEvent


async def project(batch: Sequence[Recorded], tx: Tx) -> None:
    """Load the statements and payouts these events are about, fold, write them back; lines go in as they come."""
    ours = [one for one in batch if isinstance(one.event, StatementEvent)]
    fresh = {one.stream for one in ours if isinstance(one.event, StatementOpened)}
    statements = await load(tx, LOAD, Statement, {one.stream for one in ours} - fresh)
    for one in ours:
        if isinstance(one.event, StatementOpened):
            statements[one.stream] = begin(one.event, one.tenant)
        fold(statements[one.stream], one.event)
        statements[one.stream].position = one.position
    await save(tx, SAVE, statements.values())
    lines = [line(one) for one in ours if isinstance(one.event, StatementLineAdded)]
    if lines:
        await tx.execute(ADD_LINES, (msgspec.json.encode(lines).decode(),))
    await follow_payouts([one for one in batch if isinstance(one.event, PayoutEvent)], tx)


async def follow_payouts(batch: Sequence[Recorded], tx: Tx) -> None:
    fresh = {one.stream for one in batch if isinstance(one.event, PayoutInitiated)}
    payouts: dict[UUID, Payout] = await load(
        tx, LOAD_PAYOUTS, Payout, {one.stream for one in batch} - fresh
    )
    for one in batch:
        payouts[one.stream] = paid(payouts.get(one.stream), one)
    await save(tx, SAVE_PAYOUTS, payouts.values())


def begin(event: StatementOpened, tenant: str) -> Statement:
    span = event.starts_at, event.ends_at, event.closes_at
    of = event.statement_id, tenant, event.merchant_id
    return Statement(*of, event.kind, event.period, *span)


def fold(statement: Statement, event: StatementEvent) -> None:
    if isinstance(event, StatementLineAdded):
        statement.lines = event.line
        statement.net_fen += event.net.fen
    elif isinstance(event, StatementClosed):
        statement.closed_at, statement.root = event.at, event.root
        statement.carried_in_fen = event.carried_in.fen
        statement.payable_fen = event.payable.fen
        statement.carried_out_fen = event.carried_out.fen


def line(one: Recorded) -> dict[str, Any]:
    """The columns of one line."""
    event: StatementLineAdded = one.event
    own = ("statement_id", "line", "merchant_id", "kind", "order_id", "source_id", "lot", "net_to")
    return {
        **{name: getattr(event, name) for name in own},
        **dict(fen(event.amounts)),
        "net_fen": event.net.fen,
        "tenant": one.tenant,
        "added_at": event.at,
        "position": one.position,
    }


def fen(amounts: Amounts) -> Iterable[tuple[str, int]]:
    """Every amount under the name of its column."""
    names = amounts.__struct_fields__
    return ((f"{name}_fen", getattr(amounts, name).fen) for name in names)


PROJECTION = Projection(
    NAME,
    ("statements_v1", "statement_lines_v1", "statement_payouts_v1"),
    TABLE + PAYOUTS_TABLE,
    Interest,
    project,
    parks=True,
)
