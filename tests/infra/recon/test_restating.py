"""A bill that is restated after its lines were matched: what is the same keeps its place, what differs breaks."""

from dataclasses import dataclass
from typing import Any

import msgspec
import pytest

from domain.bill_lines import TradeLine
from domain.events.recon import BillDayBegun, BreakOpened, DayClosed, LinesMatched
from domain.money import Money
from tests.builders import ann, bob, cat
from tests.infra.recon.world import World, billed, flowed


@dataclass
class Matched:
    """Three payments, all matched on a date that is open still."""

    world: World
    lines: list[TradeLine]

    async def restated(self, lines: list[TradeLine], looks: int = 4) -> None:
        await self.world.bills(lines, flowed(lines))
        await self.world.look(looks)

    def closed(self) -> DayClosed:
        closed: DayClosed
        (closed,) = self.world.cell.happened(DayClosed)
        return closed

    def opened(self) -> BreakOpened:
        opened: BreakOpened
        (opened,) = self.world.cell.happened(BreakOpened)
        return opened


@pytest.fixture
async def matched(world: World) -> Matched:
    for who in (ann, bob, cat):
        world.sells(who)
    lines = billed(world.captures())
    await world.bills(lines[:2], flowed(lines[:2]))
    await world.look()
    assert len(world.cell.happened(LinesMatched)) == 1
    assert world.cell.happened(DayClosed) == []
    return Matched(world, lines)


def net(lines: list[TradeLine]) -> Money:
    return Money(sum(it.settled_fen - it.fee_fen for it in lines))


def other(of: TradeLine, **changes: Any) -> TradeLine:
    return msgspec.structs.replace(of, **changes)


async def test_lines_that_are_added_are_matched_and_the_others_keep_their_place(
    matched: Matched,
) -> None:
    await matched.restated(matched.lines)
    seen = [it.line for event in matched.world.cell.happened(LinesMatched) for it in event.matches]
    assert sorted(seen) == [1, 2, 3]
    assert len(matched.world.cell.happened(BillDayBegun)) == 2
    assert matched.closed().balance == net(matched.lines)
    assert await matched.world.balance("1121") == net(matched.lines).fen
    assert await matched.world.balance("1120") == 0


async def test_a_line_with_another_sum_breaks_by_the_difference(matched: Matched) -> None:
    first, second, _ = matched.lines
    lines = [other(first, amount_fen=first.amount_fen + 100, settled_fen=first.settled_fen + 100), second]  # fmt: skip
    await matched.restated(lines)
    opened = matched.opened()
    assert (opened.code, opened.long, opened.number) == ("AMOUNT_OVER", Money(100), first.out_trade_no)  # fmt: skip
    assert "line 1 of file" in opened.detail
    closed = matched.closed()
    assert (closed.open_breaks, closed.balance) == (1, net(lines))
    assert await matched.world.balance("1121") == net(lines).fen
    assert await matched.world.balance("2915") == -100


async def test_a_line_that_is_gone_breaks_by_all_of_it(matched: Matched) -> None:
    first, second, _ = matched.lines
    await matched.restated([first])
    opened = matched.opened()
    assert (opened.code, opened.short, opened.theirs) == ("LEDGER_ONLY_PAY", net([second]), None)
    assert matched.closed().balance == net([first])
    assert await matched.world.balance("1121") == net([first]).fen
    assert await matched.world.balance("1915") == net([second]).fen


async def test_a_bill_with_other_lines_in_their_places_is_for_people_and_changes_nothing(
    matched: Matched,
) -> None:
    first, second, third = matched.lines
    before = len(matched.world.cell.log)
    await matched.restated([other(third, line=1), other(first, line=2), other(second, line=3)])
    assert len(matched.world.cell.log) == before
    query = "select detail from read.alarms where detail like '%%restated%%'"
    ((told,),) = await matched.world.rows(query)
    assert f"trade line 1 is another: {third.transaction_id}" in told


async def test_restated_twice_it_breaks_by_each_difference(matched: Matched) -> None:
    first, second, _ = matched.lines
    for more in (100, 150):
        lines = [other(first, amount_fen=first.amount_fen + more, settled_fen=first.settled_fen + more), second]  # fmt: skip
        await matched.restated(lines, 1)
    await matched.world.look(4)
    opened = matched.world.cell.happened(BreakOpened)
    assert [it.long for it in opened] == [Money(100), Money(50)]
    assert matched.closed().balance == net(lines)
    assert await matched.world.balance("2915") == -150
