"""Escalate a payout whose own worker crashes over it. Asked by: the runner of processes."""

from typing import Literal

from commands.fields import Note
from commands.paying_out import PayoutState, known_payout, record_payout, the_payout
from commands.use_case import Command, Lane, Tx, UseCase
from domain import payout as payouts
from domain.ids import PayoutId
from domain.payout import Status


class EscalatePayout(Command, frozen=True):
    """Something of ours, not the channel, stands in the way: people must look."""

    payout_id: PayoutId
    trouble: Literal["worker_crashed"]
    detail: Note


def handle(cmd: EscalatePayout, tx: Tx) -> PayoutState:
    payout = known_payout(tx, cmd.payout_id)
    over = payout.status is Status.CONFIRMED
    people = () if over else payouts.trouble(payout, cmd.trouble, cmd.detail, tx.at)
    return record_payout(tx, payout, people)


USE_CASE = UseCase(
    "escalate_payout",
    EscalatePayout,
    PayoutState,
    handle,
    scope="process:act",
    streams=lambda cmd, tx: the_payout(cmd.payout_id),
    lane=Lane.MONEY,
)
