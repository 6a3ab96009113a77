"""What was earned with every order, and what of it is still to be paid? The rows are in `earning_rows.py`."""

from collections.abc import Sequence
from typing import Final, TypeAlias, assert_never
from uuid import UUID

import msgspec

from domain.events.earning import (
    Amounts,
    EarningAdjustmentApproved,
    EarningAdjustmentDeclined,
    EarningAdjustmentProposed,
    EarningEvent,
    EarningMatured,
    EarningRecognised,
    EarningReversed,
)
from domain.policies import BookPolicy
from projections.earning_rows import (
    LOAD,
    LOAD_WISHES,
    SAVE,
    SAVE_WISHES,
    TABLE,
    Lot,
    Wish,
    lot_id,
)
from projections.recorded import Projection, Recorded, Tx, load, save

NAME: Final = "earnings_v1"

Interest: TypeAlias = EarningEvent
OfLots: TypeAlias = EarningRecognised | EarningReversed | EarningMatured
Adjusted: TypeAlias = (
    EarningAdjustmentProposed | EarningAdjustmentApproved | EarningAdjustmentDeclined
)


async def project(batch: Sequence[Recorded], tx: Tx) -> None:
    """Load the lots and wishes these events are about, fold, write them back."""
    await of_lots([one for one in batch if isinstance(one.event, OfLots)], tx)
    await of_wishes([one for one in batch if isinstance(one.event, Adjusted)], tx)


async def of_lots(batch: Sequence[Recorded], tx: Tx) -> None:
    ids = [lot_id(one.stream, one.event.lot) for one in batch]
    lots: dict[UUID, Lot] = await load(tx, LOAD, Lot, set(ids))
    for id, one in zip(ids, batch, strict=True):
        event: OfLots = one.event
        match event:
            case EarningRecognised():
                lots[id] = begin(id, event, one.tenant)
            case EarningReversed():
                take_back(lots[id], event)
            case EarningMatured():
                lots[id].statement_id = event.statement_id
            case _:
                assert_never(event)
        lots[id].position = one.position
    await save(tx, SAVE, lots.values())


async def of_wishes(batch: Sequence[Recorded], tx: Tx) -> None:
    wishes: dict[UUID, Wish] = await load(
        tx, LOAD_WISHES, Wish, {one.event.proposal_id for one in batch}
    )
    for one in batch:
        event: Adjusted = one.event
        if isinstance(event, EarningAdjustmentProposed):
            wishes[event.proposal_id] = wished(event, one.tenant)
        else:
            wish = wishes[event.proposal_id]
            wish.decided_by, wish.decided_at = event.by, event.at
            wish.decided = "declined"
            if isinstance(event, EarningAdjustmentApproved):
                wish.decided, wish.statement_id = "approved", event.statement_id
        wishes[event.proposal_id].position = one.position
    await save(tx, SAVE_WISHES, wishes.values())


def begin(id: UUID, event: EarningRecognised, tenant: str) -> Lot:
    return Lot(
        lot_id=id,
        tenant=tenant,
        earning_id=event.earning_id,
        order_id=event.order_id,
        merchant_id=event.merchant_id,
        lot=event.lot,
        cause=event.cause,
        first=event.first,
        count=event.count,
        amounts=fen(event.amounts),
        reversed={name: 0 for name in fen(event.amounts)},
        net_fen=event.amounts.net.fen,
        due_fen=event.amounts.net.fen if pays(event.books) else 0,
        rate_bp=event.rate_bp,
        vat_rate_bp=event.vat_rate_bp,
        agreement_version=event.agreement_version,
        books=msgspec.to_builtins(event.books),
        recognised_at=event.at,
        matures_at=event.matures_at,
    )


def take_back(lot: Lot, event: EarningReversed) -> None:
    back = fen(event.amounts)
    lot.reversed = {name: lot.reversed[name] + back[name] for name in back}
    lot.net_fen -= event.amounts.net.fen
    lot.due_fen -= event.amounts.net.fen if pays(event.books) else 0


def wished(event: EarningAdjustmentProposed, tenant: str) -> Wish:
    return Wish(
        proposal_id=event.proposal_id,
        tenant=tenant,
        earning_id=event.earning_id,
        order_id=event.order_id,
        merchant_id=event.merchant_id,
        amount_fen=event.amount.fen,
        note=event.note,
        by=event.by,
        shown=event.shown,
        proposed_at=event.at,
    )


def fen(amounts: Amounts) -> dict[str, int]:
    """Every amount by its name."""
    return {name: getattr(amounts, name).fen for name in amounts.__struct_fields__}


def pays(books: BookPolicy) -> bool:
    """Does the platform itself pay it out? What it holds for others, it does."""
    return books.money_mode == "platform_collect" and books.accounting == "agent"


TABLES: Final = ("earning_lots_v1", "earning_adjustments_v1")
PROJECTION = Projection(NAME, TABLES, TABLE, Interest, project, parks=True)
