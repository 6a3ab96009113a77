"""The worker closes a date to the fen, whatever it finds on it, and does nothing twice."""

from datetime import timedelta

import msgspec

from commands.approve_break import ApproveBreak
from commands.ports import ChannelPayment
from commands.propose_break import ProposeBreak
from domain.events.recon import (
    BreakClosed,
    BreakOpened,
    BreakPosted,
    DayClosed,
    LateFact,
    LinesMatched,
)
from domain.ids import BreakId
from domain.money import Money
from tests.builders import ann, bob, cat, dan
from tests.infra.recon.world import World, billed, flowed, stranger


async def test_a_date_that_agrees_is_matched_and_closed_and_left_alone(world: World) -> None:
    for who in (ann, bob, cat):
        world.sells(who)
    lines = billed(world.captures())
    await world.bills(lines, flowed(lines))
    await world.look(2)
    (closed,) = world.cell.happened(DayClosed)
    assert closed.balance == Money(sum(it.settled_fen - it.fee_fen for it in lines))
    assert (closed.pending, closed.open_breaks) == (0, 0)
    assert await world.balance("1120") == 0
    assert await world.balance("1121") == closed.balance.fen
    before = len(world.cell.log)
    await world.look(3)
    assert len(world.cell.log) == before


async def test_a_payment_nobody_knows_waits_in_suspense_and_the_date_closes_over_it(
    world: World,
) -> None:
    world.sells(ann)
    lines = billed(world.captures())
    lines.append(stranger(2, lines[0].at + timedelta(minutes=5)))
    await world.bills(lines, flowed(lines))
    await world.look(3)
    (opened,) = world.cell.happened(BreakOpened)
    assert (opened.code, opened.long) == ("CHANNEL_ONLY_PAY", Money(12_90 - 8))
    (closed,) = world.cell.happened(DayClosed)
    assert closed.open_breaks == 1
    assert await world.balance("2915") == -(12_90 - 8)
    assert await world.balance("1121") == closed.balance.fen


async def test_a_payment_that_was_lost_on_its_way_is_asked_about_captured_and_its_break_closes(
    world: World,
) -> None:
    bought = world.shop.buys_alone(ann)
    started = world.shop.starts_paying(bought.order_id)
    paid_at = world.cell.at
    lines = [
        stranger(1, paid_at, started.amount_fen),
    ]

    number = started.out_trade_no
    lines = [msgspec.structs.replace(lines[0], out_trade_no=number)]
    told = ChannelPayment(
        number, "paid", lines[0].transaction_id, Money(started.amount_fen), paid_at
    )
    world.channel.payments[number] = told
    await world.bills(lines, flowed(lines))
    await world.look(5)
    (opened,) = world.cell.happened(BreakOpened)
    assert opened.code == "STATUS_CHANNEL_PAID"
    assert len(world.captures()) == 1
    assert world.channel.asked == [number]
    (posted,) = world.cell.happened(BreakPosted)
    assert posted.resolution == "matched_ledger"
    assert [it.how for it in world.cell.happened(BreakClosed)] == ["match"]
    (closed,) = world.cell.happened(DayClosed)
    assert closed.open_breaks == 0
    assert [await world.balance(account) for account in ("1120", "2915", "1915")] == [0, 0, 0]


async def test_another_sum_is_never_captured_by_itself(world: World) -> None:
    bought = world.shop.buys_alone(ann)
    started = world.shop.starts_paying(bought.order_id)

    line = stranger(1, world.cell.at, started.amount_fen)
    line = msgspec.structs.replace(line, out_trade_no=started.out_trade_no)
    world.channel.payments[started.out_trade_no] = ChannelPayment(
        started.out_trade_no, "paid", line.transaction_id, Money(1), world.cell.at
    )
    await world.bills([line], flowed([line]))
    await world.look(4)
    assert world.captures() == []
    assert world.cell.happened(BreakClosed) == []


async def test_two_people_resolve_what_is_left(world: World) -> None:
    line = stranger(1, world.cell.at)
    await world.bills([line], flowed([line]))
    await world.look(2)
    (opened,) = world.cell.happened(BreakOpened)
    world.cell.wait(minutes=8 * 24 * 60)
    id, left = BreakId(opened.break_id), opened.long.fen
    wish = world.cell.ask(ProposeBreak(id, "written_off", left, "nobody claimed it"), by="ann")
    world.cell.ask(ApproveBreak(id, wish.proposal_id, wish.shown), by="bob")
    await world.project()
    assert await world.balance("2915") == 0
    assert await world.balance("4910") == -left


async def test_a_fact_that_comes_after_the_close_counts_to_the_next_date(world: World) -> None:
    world.sells(ann)
    lines = billed(world.captures())
    await world.bills(lines, flowed(lines))
    await world.look(2)
    (closed,) = world.cell.happened(DayClosed)
    bought = world.shop.buys_alone(bob)
    started = world.shop.starts_paying(bought.order_id)
    world.shop.pays(bought.order_id, paid_at=closed.at - timedelta(hours=20))
    await world.bills([], [], closed.bill_date + timedelta(days=1))
    await world.look(3)
    (late,) = world.cell.happened(LateFact)
    assert (late.bill_date, late.number) == (closed.bill_date, started.out_trade_no)
    assert late.booked == closed.bill_date + timedelta(days=1)


async def test_a_gap_in_the_balances_stops_everything_until_a_whole_bill_comes(
    world: World,
) -> None:
    for who in (ann, bob):
        world.sells(who)
    lines = billed(world.captures())
    whole = flowed(lines)
    await world.bills(lines, [whole[0], *whole[2:]])
    await world.look(3)
    assert [it.code for it in world.cell.happened(BreakOpened)] == ["BALANCE_GAP"]
    assert world.cell.happened(LinesMatched) == []
    await world.bills(lines, whole)
    await world.look(4)
    assert [it.how for it in world.cell.happened(BreakClosed)] == ["match"]
    assert len(world.cell.happened(DayClosed)) == 1


async def test_a_worker_that_is_stopped_anywhere_is_simply_started_again(world: World) -> None:
    for who in (ann, bob, cat, dan):
        world.sells(who)
    lines = billed(world.captures())
    lines.append(stranger(5, lines[0].at))
    await world.bills(lines, flowed(lines))
    whole, left = world.ask, 0

    async def dies(*args, **kwargs):  # type: ignore[no-untyped-def]
        nonlocal left
        if left == 0:
            raise ConnectionError("killed")
        left -= 1
        return await whole(*args, **kwargs)

    world.ask = dies  # type: ignore[method-assign]
    died = 0
    for stop in range(4):
        left = stop
        try:
            await world.look(5)
        except ConnectionError:
            died += 1
        world.worker = type(world.worker)(world, world.worker._channel, world, world, "cell_0")  # type: ignore[arg-type]
    assert died > 2
    left = 1000
    await world.look(4)
    (closed,) = world.cell.happened(DayClosed)
    assert len(world.cell.happened(BreakOpened)) == 1
    assert sum(len(it.matches) for it in world.cell.happened(LinesMatched)) == 4
    assert await world.balance("1121") == closed.balance.fen
