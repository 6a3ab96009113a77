"""Close a statement: add it up, and pay it, or carry on what is owed. Issued by: its timer."""

from collections.abc import Iterator

from commands.paying_out import begin_payout
from commands.settling import (
    page_now,
    record_merchant,
    record_page,
    record_statement,
    terms_now,
)
from commands.timers import CloseStatement
from commands.use_case import Lane, Reply, Stream, Tx, UseCase
from domain import merchant as merchants
from domain import statement as statements
from domain.agreement import Agreement
from domain.events.merchant import MerchantCarried, MerchantEvent
from domain.ids import NIL, StatementId
from domain.merchant import MERCHANT
from domain.money import ZERO
from domain.statement import STATEMENT, Statement


class ClosedStatement(Reply, frozen=True):
    """What is to be paid, and what the merchant owes from now on."""

    statement_id: StatementId
    payable_fen: int = 0
    owed_fen: int = 0


def handle(cmd: CloseStatement, tx: Tx) -> ClosedStatement:
    statement = tx.read(STATEMENT, cmd.statement_id)
    merchant = tx.read(MERCHANT, statement.merchant_id)
    events = statements.close(statement, owed=merchant.owed, books=merchant.books, at=tx.at)
    if not events:
        rearm(cmd, tx, statement)
        return ClosedStatement(cmd.statement_id)
    (closed,) = events
    terms = terms_now(tx, merchant)
    follows = merchants.follow_close(merchant, terms, closed, at=tx.at)
    record_statement(tx, statement.id, events)
    record_merchant(tx, merchant.id, follows)
    if closed.payable > ZERO:
        begin_payout(
            tx,
            statement=statement.id,
            merchant=merchant.id,
            amount=closed.payable,
            route=merchant.route,
            payee=merchant.payee,
        )
    if owes_on(terms, follows):
        record_page(tx, page_now(tx, merchant))
    tx.drop_timer(CloseStatement, of=statement.id)
    return ClosedStatement(statement.id, closed.payable.fen, closed.carried_out.fen)


def owes_on(terms: Agreement, follows: tuple[MerchantEvent, ...]) -> bool:
    """Does what is owed need a next statement, even if nothing is earned? Until the deposit had its turn."""
    for event in follows:
        if isinstance(event, MerchantCarried) and event.amount > ZERO:
            policy = terms.claw_back
            return event.negatives < max(policy.dun_after, policy.deposit_after)
    return False


def rearm(cmd: CloseStatement, tx: Tx, statement: Statement) -> None:
    """Early: ask again in time. Moot: never again."""
    if statement.closed or statement.closes_at is None:
        tx.drop_timer(CloseStatement, of=cmd.statement_id)
    else:
        tx.set_timer(statement.closes_at, cmd, of=cmd.statement_id)


def streams(cmd: CloseStatement, tx: Tx) -> Iterator[Stream]:
    yield Stream(STATEMENT, cmd.statement_id)
    statement = tx.read(STATEMENT, cmd.statement_id)
    if statement.merchant_id != NIL:
        yield Stream(MERCHANT, statement.merchant_id)


USE_CASE = UseCase(
    "close_statement",
    CloseStatement,
    ClosedStatement,
    handle,
    scope="",
    streams=streams,
    lane=Lane.TIMER,
)
