"""Transfers to payees against a channel of the real protocol: taken, lapsed, refused, in doubt, never twice."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import pytest_asyncio

from commands.ports import ChannelInDoubt, ChannelPayout, ChannelRefused
from domain.money import Money
from infra.wechatpay.channel import WeChatPay
from tests.infra.wechatpay.support import MINUTE, Bare, HeldClock, Shop, Simulator

NUMBER = "0evod9kwpuzx4jhpf8xlvsy2r" + "00"
TRANSFERS = "/v3/fund-app/mch-transfer/transfer-bills"
DUE = Money(79_20)
NEVER = datetime.max.replace(tzinfo=UTC)
DAY = timedelta(days=1)
BY_HAND = {"confirm_seconds": [80_000, 80_000]}


@pytest_asyncio.fixture(autouse=True)
async def money(simulator: Simulator) -> None:
    assert (await simulator.deposit(10_000_00))[0] == 200


async def paid_out(channel: WeChatPay, **changed: Any) -> ChannelPayout:
    usual: dict[str, Any] = {
        "number": NUMBER,
        "amount": DUE,
        "payee": "openid-of-the-farm",
        "note": "货款结算",
        "before": NEVER,
    }
    return await channel.pay_out(**usual | changed)


async def test_a_transfer_waits_for_its_payee_and_only_then_moves(
    channel: WeChatPay, simulator: Simulator, clock: HeldClock
) -> None:
    await simulator.plan(**BY_HAND)
    before = (await channel.balance()).available
    taken = await paid_out(channel)
    assert taken.state == "awaiting_payee"
    assert taken.package
    assert (await channel.balance()).available == before - DUE  # held back for him
    assert (await simulator.sums())["balance_fen"] == before.fen  # and not gone
    clock.advance(MINUTE)
    await simulator.ask("POST", "/sim/transfers", {"out_bill_no": NUMBER})
    seen = await channel.query_payout(NUMBER)
    assert (seen.state, seen.amount, seen.ended_at) == ("confirmed", DUE, clock.now())
    assert (await simulator.sums())["balance_fen"] == before.fen - DUE.fen
    assert await simulator.broken() == []


async def test_a_day_that_the_payee_lets_pass_ends_it_and_the_money_stays(
    channel: WeChatPay, simulator: Simulator, clock: HeldClock
) -> None:
    await simulator.next("transfer_lapses", "transfer")
    before = (await channel.balance()).available
    await paid_out(channel)
    clock.advance(DAY - MINUTE)
    assert (await channel.query_payout(NUMBER)).state == "awaiting_payee"
    clock.advance(MINUTE)
    seen = await channel.query_payout(NUMBER)
    assert (seen.state, seen.code) == ("failed", "OVERDUE_CLOSE")
    assert (await channel.balance()).available == before
    status, _ = await simulator.ask("POST", "/sim/transfers", {"out_bill_no": NUMBER})
    assert status == 409  # too late


async def test_a_payee_who_will_not_have_it_and_one_whose_account_is_dead(
    channel: WeChatPay, simulator: Simulator, clock: HeldClock
) -> None:
    await simulator.plan(**BY_HAND)
    await paid_out(channel)
    await simulator.ask("POST", "/sim/transfers", {"out_bill_no": NUMBER, "act": "refuse"})
    assert (await channel.query_payout(NUMBER)).code == "PAYEE_REFUSED"
    await simulator.plan()
    await simulator.next("transfer_fails", "transfer")
    other = NUMBER[:-2] + "01"
    await paid_out(channel, number=other)
    clock.advance(MINUTE)
    assert (await channel.query_payout(other)).code == "ACCOUNT_FROZEN"


async def test_the_same_number_is_the_same_transfer_and_another_amount_is_refused(
    channel: WeChatPay, simulator: Simulator
) -> None:
    await simulator.plan(**BY_HAND)
    assert await paid_out(channel) == await paid_out(channel)
    assert len(await simulator.rows("transfers")) == 1
    with pytest.raises(ChannelRefused) as no:
        await paid_out(channel, amount=Money(1))
    assert no.value.code == "ALREADY_EXISTS"


@pytest.mark.parametrize("fault", ["drop_reply", "error_after_success"])
async def test_done_and_not_told_is_in_doubt_and_a_query_tells(
    fault: str, channel: WeChatPay, simulator: Simulator, clock: HeldClock
) -> None:
    await simulator.next(fault, "transfer")
    with pytest.raises(ChannelInDoubt):
        await paid_out(channel)
    clock.advance(MINUTE)
    assert (await channel.query_payout(NUMBER)).state == "confirmed"
    assert len(await simulator.rows("transfer_ends")) == 1


async def test_it_may_be_invisible_for_a_while(
    channel: WeChatPay, simulator: Simulator, clock: HeldClock
) -> None:
    await simulator.next("not_visible_yet", "transfer")
    await paid_out(channel)
    assert (await channel.query_payout(NUMBER)).state == "not_found"
    clock.advance(MINUTE)
    assert (await channel.query_payout(NUMBER)).state == "confirmed"


async def test_an_account_that_does_not_cover_it_says_so_and_so_does_one_that_holds_back_too_much(
    channel: WeChatPay, simulator: Simulator
) -> None:
    await simulator.plan(**BY_HAND)
    everything = (await channel.balance()).available
    await paid_out(channel, amount=everything, payee="openid 王大锤")
    with pytest.raises(ChannelRefused) as no:
        await paid_out(channel, number=NUMBER[:-2] + "01")
    assert no.value.code == "NOT_ENOUGH"
    assert (await simulator.deposit(-1))[0] == 409


async def test_turned_away_at_the_door_is_a_no(channel: WeChatPay, simulator: Simulator) -> None:
    await simulator.next("busy", "transfer")
    with pytest.raises(ChannelRefused) as no:
        await paid_out(channel)
    assert no.value.code == "FREQUENCY_LIMITED"
    assert await simulator.rows("transfers") == []


async def test_past_its_deadline_nothing_is_sent(
    channel: WeChatPay, simulator: Simulator, clock: HeldClock
) -> None:
    with pytest.raises(ChannelInDoubt, match="too late"):
        await paid_out(channel, before=clock.now())
    assert await simulator.rows("transfers") == []


async def test_a_large_sum_needs_the_payees_name_and_the_merchant_may_call_it_off(
    channel: WeChatPay, simulator: Simulator, bare: Bare
) -> None:
    await simulator.plan(**BY_HAND)
    with pytest.raises(ChannelRefused, match="PARAM_ERROR"):
        await paid_out(channel, amount=Money(2_000_00))
    await paid_out(channel, amount=Money(2_000_00), payee="openid 王大锤")
    assert (await bare.ask("POST", f"{TRANSFERS}/out-bill-no/{NUMBER}/cancel", {}))[0] == 200
    seen = await channel.query_payout(NUMBER)
    assert (seen.state, seen.code) == ("failed", "CANCELLED")


async def test_the_fund_flow_bill_tells_transfers_from_withdrawals(
    channel: WeChatPay, simulator: Simulator, bare: Bare, shop: Shop, clock: HeldClock
) -> None:
    await paid_out(channel)
    clock.advance(MINUTE)
    await channel.query_payout(NUMBER)
    (reason,) = await simulator.rows("fund_reasons")
    assert (reason["reason"], reason["voucher"]) == ("transfer", NUMBER)
    clock.advance(2 * DAY)
    target = "/v3/bill/fundflowbill?bill_date=2026-11-22&account_type=BASIC"
    status, told = await bare.ask("GET", target)
    assert status == 200, told
    _, _, text = await bare.raw("GET", told["download_url"].removeprefix(simulator.url))
    (line,) = [row for row in text.decode().splitlines() if "商家转账" in row]
    assert NUMBER in line
    assert "`79.20" in line


async def test_movements_stand_in_the_books_in_the_order_of_their_times(
    channel: WeChatPay, simulator: Simulator, clock: HeldClock
) -> None:
    """A bill cuts them by day: one that was booked late, at an earlier time, would be on no day's bill."""
    await paid_out(channel)
    clock.advance(DAY)
    await simulator.deposit(1)
    clock.advance(MINUTE)
    assert (await channel.query_payout(NUMBER)).ended_at == clock.now()
    times = [row["at"] for row in await simulator.rows("funds")]
    assert len(times) == 3
    assert times == sorted(times)
