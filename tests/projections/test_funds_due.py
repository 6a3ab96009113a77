"""What falls due when: earnings by lot, statements by line, frozen orders until they unfreeze."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
import pytest

from commands.api.examples import example_of
from domain.events.earning import Amounts, EarningMatured, EarningRecognised, EarningReversed
from domain.events.statement import StatementClosed, StatementLineAdded, StatementOpened
from domain.money import ZERO, Money
from projections import funds_due
from tests.builders import DAY, NOON
from tests.delivery.history import Fact
from tests.projections.conftest import Model
from tests.splits import ENDS, LEADER, PAID, US, X, finished, requested, unfrozen

E, S = UUID(int=0xE1), UUID(int=0x51)
SUM = Amounts(*[ZERO] * len(Amounts.__struct_fields__))


def sample(kind: Any) -> Any:
    return msgspec.convert(example_of(kind), kind)


def a(kind: Any, **changes: Any) -> Any:
    """A sample of an event, with what matters here."""
    return msgspec.structs.replace(sample(kind), **changes)


def net(fen: int) -> Amounts:
    return msgspec.structs.replace(SUM, gross=Money(fen), cash=Money(fen))


def earned(lot: int, fen: int, mode: str, at: datetime = NOON) -> Any:
    event = sample(EarningRecognised)
    books = msgspec.structs.replace(event.books, money_mode=mode)
    return a(
        EarningRecognised, earning_id=E, lot=lot, amounts=net(fen), books=books, matures_at=at, at=NOON
    )  # fmt: skip


async def open_rows(model: Model, batch: int, *events: tuple[UUID, Any]) -> list[Any]:
    facts = [Fact("x", stream, event) for stream, event in events]
    await model.given(funds_due.PROJECTION, facts, batch)
    return await model.rows("select kind, due_at, fen from funds_due_v1 where not over order by 1, 2")  # fmt: skip


@pytest.mark.parametrize("batch", [1, 2, 1000])
async def test_each_lot_of_an_earning_is_due_when_it_matures(model: Model, batch: int) -> None:
    rows = await open_rows(
        model,
        batch,
        (E, earned(1, 900, "platform_collect", NOON + DAY)),
        (E, earned(2, 500, "platform_collect", NOON + 2 * DAY)),
        (E, a(EarningReversed, earning_id=E, lot=2, amounts=net(200), taken_from="pending")),
        (E, a(EarningMatured, earning_id=E, lot=1)),
    )
    assert rows == [("earning", NOON + 2 * DAY, 300)]


async def test_what_the_channel_pays_itself_is_not_ours_to_have_ready(model: Model) -> None:
    assert await open_rows(model, 1000, (E, earned(1, 900, "split"))) == []


@pytest.mark.parametrize("batch", [1, 1000])
async def test_a_statement_is_due_at_its_close_with_what_stands_on_it(model: Model, batch: int) -> None:  # fmt: skip
    line = {"statement_id": S, "at": NOON}
    events = [
        (S, a(StatementOpened, statement_id=S, closes_at=NOON + DAY, at=NOON)),
        (S, a(StatementLineAdded, net=Money(700), net_to="payable", **line)),
        (S, a(StatementLineAdded, net=Money(-100), net_to="receivable", **line)),
        (S, a(StatementLineAdded, net=Money(55), net_to="channel", **line)),
    ]
    assert await open_rows(model, batch, *events) == [("statement", NOON + DAY, 600)]


async def test_a_closed_statement_is_due_no_more(model: Model) -> None:
    events = [
        (S, a(StatementOpened, statement_id=S, closes_at=NOON + DAY, at=NOON)),
        (S, a(StatementClosed, statement_id=S, at=NOON)),
    ]
    assert await open_rows(model, 1000, *events) == []


@pytest.mark.parametrize("batch", [1, 1000])
async def test_a_frozen_order_unfreezes_what_is_not_shared_out(model: Model, batch: int) -> None:
    events: list[tuple[UUID, Any]] = [(X, requested()), (X, finished(US)), (X, finished(LEADER))]
    left = PAID.fen - US.amount.fen - LEADER.amount.fen
    assert await open_rows(model, batch, *events) == [("split", ENDS, left)]
    assert await open_rows(model, batch, (X, unfrozen(Money(left)))) == []
