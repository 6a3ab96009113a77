"""What a word about a payout, or a closed statement, entails at once, in the same commit."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from hashlib import sha256
from typing import Literal
from uuid import UUID

from commands.use_case import Reply, Stream, Tx
from domain import payout as payouts
from domain.events.payout import PayoutEvent, Route
from domain.ids import MerchantId, PayoutId, StatementId, payout_id
from domain.money import Money
from domain.payout import PAYOUT, Payout, PayoutNotFound, Status

TRANSFERS = "wechatpay"  # the channel that carries out transfers: the one there is


class PayoutState(Reply, frozen=True):
    """Where the payout stands after the command; `trouble` while people look after it."""

    payout_id: PayoutId
    status: Status
    trouble: str | None


class PayoutStep(Reply, frozen=True):
    """What to do now. `call` is to be made once, before `deadline`, and its outcome recorded under `attempt`
    and `worker`; `query` may be made by anybody; `until` says when to ask again. `payee` is sealed.
    """

    do: Literal["call", "query", "wait", "people", "over"]
    payout_id: PayoutId
    status: Status
    number: str = ""
    channel: str = ""
    amount_fen: int = 0
    payee: str = ""
    attempt: int = 0
    worker: UUID | None = None
    deadline: datetime | None = None
    until: datetime | None = None


def begin_payout(
    tx: Tx,
    *,
    statement: StatementId,
    merchant: MerchantId,
    amount: Money,
    route: Route,
    payee: str,
) -> PayoutId:
    """Initiate the payout of a statement in the commit that closes it, so that none is ever forgotten."""
    id = payout_id(statement)
    payout = tx.create(PAYOUT, id)
    initiated: Sequence[PayoutEvent] = payouts.initiate(
        payout,
        payout_id=id,
        merchant_id=merchant,
        statement_id=statement,
        amount=amount,
        route=route,
        channel=TRANSFERS,
        payee=payee,
        at=tx.at,
    )
    tx.append(PAYOUT, id, initiated)
    return id


def the_payout(id: PayoutId) -> Iterator[Stream]:
    yield Stream(PAYOUT, id)


def known_payout(tx: Tx, id: PayoutId) -> Payout:
    """Raises: PayoutNotFound."""
    payout = tx.read(PAYOUT, id)
    if payout.version == 0:
        raise PayoutNotFound
    return payout


def record_payout(tx: Tx, payout: Payout, events: Sequence[PayoutEvent]) -> PayoutState:
    """Append what happened to a payout."""
    tx.append(PAYOUT, payout.id, events)
    after = payouts.after(payout, events)
    return PayoutState(after.id, after.status, after.trouble)


def payout_dice(tx: Tx) -> int:
    """Chance that comes with the command: the same command always throws the same."""
    return tx.id("dice").int


def payout_digest(payout: Payout) -> str:
    """Of what is asked outside."""
    words = (payout.route, payout.asking.number, str(payout.amount.fen), payout.payee)
    return sha256("\n".join(words).encode()).hexdigest()
