"""Mature what was earned: T+N is over, so it goes on the statement of the period. Issued by: its timer."""

from collections.abc import Iterator

from commands.settling import (
    EarningState,
    matured_line,
    page_now,
    record_earning,
    timer_of,
    write_lines,
)
from commands.timers import MatureEarning
from commands.use_case import Lane, Stream, Tx, UseCase
from domain import earning as earnings
from domain.earning import EARNING, Earning
from domain.ids import NIL
from domain.merchant import MERCHANT


def handle(cmd: MatureEarning, tx: Tx) -> EarningState:
    earning = tx.read(EARNING, cmd.earning_id)
    if earning.merchant_id == NIL:
        tx.drop_timer(MatureEarning, of=timer_of(cmd.earning_id, cmd.lot))
        return EarningState(cmd.earning_id, recognised=False)
    merchant = tx.read(MERCHANT, earning.merchant_id)
    page = page_now(tx, merchant)
    events = earnings.mature(earning, cmd.lot, statement_id=page.id, at=tx.at)
    if not events:
        rearm(cmd, tx, earning)
        return EarningState(cmd.earning_id, recognised=False)
    record_earning(tx, earning.id, events)
    write_lines(tx, merchant, {page.id: page}, {page.id: [matured_line(events[0])]})
    tx.drop_timer(MatureEarning, of=timer_of(earning.id, cmd.lot))
    return EarningState(earning.id, recognised=False, net_fen=events[0].amounts.net.fen)


def rearm(cmd: MatureEarning, tx: Tx, earning: Earning) -> None:
    """Early: ask again in time. Moot, because it matured or all of it went back: never again."""
    lot = earning.lots.get(cmd.lot)
    if lot is not None and lot.statement_id is None and tx.at < lot.matures_at:
        tx.set_timer(lot.matures_at, cmd, of=timer_of(earning.id, cmd.lot))
    else:
        tx.drop_timer(MatureEarning, of=timer_of(earning.id, cmd.lot))


def streams(cmd: MatureEarning, tx: Tx) -> Iterator[Stream]:
    yield Stream(EARNING, cmd.earning_id)
    earning = tx.read(EARNING, cmd.earning_id)
    if earning.merchant_id != NIL:
        yield Stream(MERCHANT, earning.merchant_id)


USE_CASE = UseCase(
    "mature_earning",
    MatureEarning,
    EarningState,
    handle,
    scope="",
    streams=streams,
    lane=Lane.TIMER,
)
