"""What follows from a break by itself, once: people are called, a second payment goes back, a payout hears."""

from datetime import timedelta
from uuid import UUID

import msgspec
import pytest

from commands.act_on_break import ActOnBreak
from commands.advance_payout import AdvancePayout
from commands.close_break import CloseBreak
from commands.hear_payout import HearPayout
from commands.ports import Answer, ChannelPayment
from commands.use_case import Command
from domain.bill_lines import BillKey, FundLine
from domain.breaks import CauseStands
from domain.display import PayoutStatus
from domain.events.order import RefundOwed
from domain.events.recon import BreakAutoResolved, BreakClosed, BreakOpened, BreakPosted, DayClosed
from domain.ids import BreakId, PayoutId
from domain.ledger_entry import SHANGHAI
from domain.money import Money
from domain.payout import PAYOUT
from infra.recon import actions
from tests.builders import ann
from tests.infra.bills.written import MCHID
from tests.infra.recon.world import D, World, billed, flowed, stranger
from tests.payouts import AT_THE_CHANNEL, WORKER, initiate


async def alarms(world: World) -> list[str]:
    query = "select detail from read.alarms where kind = 'reconciliation' order by detail"
    return [row[0] for row in await world.rows(query)]


def transferred(world: World, number: str, fen: int, opening: int, n: int = 1) -> FundLine:
    """A payout leaves the account, or comes back into it."""
    bill = BillKey("wechatpay", MCHID, "fundflow", D, "BASIC")
    return FundLine(
        bill, n, AT_THE_CHANNEL, f"7000{n:06d}", "商家转账", "商家转账", "in" if fen > 0 else "out",
        abs(fen), opening + fen, "system", "", number, world.cell.at.astimezone(SHANGHAI).replace(microsecond=0),
    )  # fmt: skip


def paid_out(world: World) -> tuple[PayoutId, str]:
    """A payout of 10.01 that the channel has confirmed."""
    payout = initiate(world.cell, 1)
    step = world.cell.ask(AdvancePayout(payout, WORKER))
    world.cell.ask(HearPayout(payout, step.number, "confirmed", "reply", AT_THE_CHANNEL, 1001))
    return payout, step.number


def there_and_back(world: World, number: str, opening: int) -> list[FundLine]:
    return [
        transferred(world, number, -1001, opening),
        transferred(world, number, 1001, opening - 1001, 2),
    ]


async def test_people_are_called_once_to_a_refund_that_nobody_asked_for(world: World) -> None:
    pay = stranger(1, world.cell.at)
    gone = msgspec.structs.replace(
        pay, kind="refund", status="REFUND", refund_status="SUCCESS", out_refund_no="r1",
        channel_refund_id="5000001", fee_fen=0,
    )  # fmt: skip
    await world.bills([gone], [transferred(world, "r1", -12_90, 12_90)])
    await world.look(4)
    codes = {it.code for it in world.cell.happened(BreakOpened)}
    assert "CHANNEL_ONLY_REFUND" in codes
    assert sum("CHANNEL_ONLY_REFUND r1 5000001" in told for told in await alarms(world)) == 1
    rules = [it.rule for it in world.cell.happened(BreakAutoResolved)]
    assert rules.count("CALL_PEOPLE") == 1
    assert world.channel.asked == []


async def test_people_are_called_to_a_payment_that_the_channel_denies(world: World) -> None:
    world.sells(ann)
    (line,) = billed(world.captures())
    denied = msgspec.structs.replace(line, status="REVOKED")
    await world.bills([denied], [])
    await world.look(3)
    assert [it.code for it in world.cell.happened(BreakOpened)] == ["STATUS_LEDGER_PAID"]
    (told,) = await alarms(world)
    assert line.transaction_id in told


async def test_people_are_called_to_a_gap_even_if_the_worker_dies_after_it_is_recorded(
    world: World,
) -> None:
    world.sells(ann)
    world.sells(ann)
    lines = billed(world.captures())
    whole = flowed(lines)
    await world.bills(lines, [whole[0], *whole[2:]])
    await world.look()
    assert await alarms(world) == []
    world.worker = type(world.worker)(world, world.worker._channel, world, world, "cell_0")  # type: ignore[arg-type]
    await world.look(3)
    (told,) = await alarms(world)
    assert "BALANCE_GAP" in told
    asked = await world.rows(
        "select kind from bills.schedule where bill_date = %s and next_at is not null", D
    )
    assert asked == [("fundflow",)]


async def test_the_second_payment_of_an_order_is_captured_and_goes_back(world: World) -> None:
    world.sells(ann)
    (first,) = billed(world.captures())
    again = msgspec.structs.replace(
        first, line=2, transaction_id="4300000000000000000000000002", at=first.at + timedelta(minutes=1)
    )  # fmt: skip
    lines = [first, again]
    number = first.out_trade_no
    world.channel.payments[number] = ChannelPayment(
        number, "paid", again.transaction_id, Money(again.settled_fen), again.at
    )
    await world.bills(lines, flowed(lines))
    await world.look(5)
    assert [it.code for it in world.cell.happened(BreakOpened)] == ["DUPLICATE_CHANNEL"]
    assert [it.transaction_id for it in world.captures()] == [
        first.transaction_id,
        again.transaction_id,
    ]
    (owed,) = world.cell.happened(RefundOwed)
    assert (owed.why, owed.transaction_id) == ("paid_twice", again.transaction_id)
    (posted,) = world.cell.happened(BreakPosted)
    assert posted.resolution == "matched_ledger"
    (closed,) = world.cell.happened(DayClosed)
    assert closed.open_breaks == 0
    assert [await world.balance(account) for account in ("1120", "2915", "1915")] == [0, 0, 0]


async def test_a_line_that_the_channel_wrote_twice_is_for_people(world: World) -> None:
    world.sells(ann)
    (first,) = billed(world.captures())
    lines = [first, msgspec.structs.replace(first, line=2)]
    number = first.out_trade_no
    world.channel.payments[number] = ChannelPayment(
        number, "paid", first.transaction_id, Money(first.settled_fen), first.at
    )
    await world.bills(lines, flowed(lines))
    await world.look(4)
    assert [it.code for it in world.cell.happened(BreakOpened)] == ["DUPLICATE_CHANNEL"]
    assert len(world.captures()) == 1
    assert world.cell.happened(RefundOwed) == []
    assert world.cell.happened(BreakClosed) == []


async def test_a_payout_that_came_back_hears_so_and_the_date_closes(world: World) -> None:
    payout, number = paid_out(world)
    opening = 50_00
    await world.bills([], there_and_back(world, number, opening))
    await world.look(2)
    (opened,) = [it for it in world.cell.happened(BreakOpened) if it.code == "PAYOUT_RETURNED"]
    await world.look(4)
    state = world.cell.state(PAYOUT, payout)
    assert (state.status, state.trouble) == (PayoutStatus.RETURNED, "returned")
    (ended,) = [it for it in world.cell.happened(BreakClosed) if it.break_id == opened.break_id]
    assert (ended.how, ended.reference) == ("match", number)
    (closed,) = world.cell.happened(DayClosed)
    assert closed.balance == Money(opening)
    assert await world.balance("1121") == opening
    assert await alarms(world) == []


async def test_its_break_stays_open_until_the_payout_knows(world: World) -> None:
    _, number = paid_out(world)
    await world.bills([], there_and_back(world, number, 50_00))
    await world.look()
    (opened,) = [it for it in world.cell.happened(BreakOpened) if it.code == "PAYOUT_RETURNED"]
    with pytest.raises(CauseStands):
        world.cell.ask(CloseBreak(BreakId(opened.break_id), number))


async def test_what_came_back_under_a_number_that_is_no_payout_calls_people() -> None:
    said: list[str] = []
    noted: list[Command] = []

    async def page(why: str) -> None:
        said.append(why)

    async def ask(command: Command, mark: str) -> Answer:
        noted.append(command)
        return Answer(UUID(int=0), "accepted", b"{}", "", False)

    theirs = {"amount": {"fen": 1001}, "at": "2026-06-01T12:00:00+08:00"}
    broken = {
        "break_id": UUID(int=1), "code": "PAYOUT_RETURNED", "failing": ["PAYOUT_RETURNED"],
        "number": "w1", "channel_number": AT_THE_CHANNEL, "theirs": theirs,
    }  # fmt: skip
    assert await actions.act(broken, None, ask, page)
    assert len(said) == 1
    assert [type(it) for it in noted] == [ActOnBreak]
