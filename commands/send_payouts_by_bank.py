"""Put payouts into one file for the bank. Asked by: finance, who hands the file over."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from commands.paying_out import known_payout, payout_digest
from commands.use_case import Command, Lane, Reply, Stream, Tx, UseCase
from domain import payout_calls as calls
from domain.events.payout import PayoutEvent
from domain.ids import MerchantId, PayoutId
from domain.payout import PAYOUT

LINES_MAX = 200  # of one file


class SendPayoutsByBank(Command, frozen=True):
    """Every one of them goes into the file, or none: each waits to be paid by the bank, and is in no other file."""

    payouts: Annotated[tuple[PayoutId, ...], Meta(min_length=1, max_length=LINES_MAX)]


class BankLine(Reply, frozen=True):
    """One line of the file. `payee` is sealed; the file itself names the account."""

    payout_id: PayoutId
    merchant_id: MerchantId
    number: str
    amount_fen: int
    payee: str


class BankBatch(Reply, frozen=True):
    """What the file holds, with the totals that its last line repeats."""

    batch_id: UUID
    lines: tuple[BankLine, ...]
    count: int
    total_fen: int


def handle(cmd: SendPayoutsByBank, tx: Tx) -> BankBatch:
    batch, lines = tx.id("batch"), []
    for id in dict.fromkeys(cmd.payouts):
        payout = known_payout(tx, id)
        put: Sequence[PayoutEvent] = calls.put_into_file(
            payout, batch=batch, request_sha256=payout_digest(payout), at=tx.at
        )
        tx.append(PAYOUT, id, put)
        number, fen = payout.asking.number, payout.amount.fen
        lines.append(BankLine(id, payout.merchant_id, number, fen, payout.payee))
    return BankBatch(batch, tuple(lines), len(lines), sum(line.amount_fen for line in lines))


USE_CASE = UseCase(
    "send_payouts_by_bank",
    SendPayoutsByBank,
    BankBatch,
    handle,
    scope="payout:send",
    streams=lambda cmd, tx: [Stream(PAYOUT, id) for id in cmd.payouts],
    lane=Lane.MONEY,
)
