"""The channel's books: what was answered is written for ever, and nothing written ever changes."""

import asyncio
import random
import sqlite3
import sys
from pathlib import Path

import aiohttp
import pytest

from infra.clock import SystemClock
from infra.embedded import ports
from infra.embedded.child import Child
from infra.simulator.wechatpay.books import Books, add
from infra.simulator.wechatpay.schema import FACTS
from infra.wechatpay.accounts import set_up
from infra.wechatpay.credentials import load_merchant
from tests.infra.wechatpay import bills
from tests.infra.wechatpay.support import (
    JSAPI,
    MINUTE,
    NUMBER,
    Bare,
    HeldClock,
    Shop,
    Simulator,
    open_shop,
)
from tests.servers import Processes
from tests.waiting import eventually_async

ROUNDS = 4
BUYERS = 6
RUN = "from infra.services.channel_simulator import main; from infra.settings import load; main(load())"


async def written(bare: Bare, shop: Shop, tmp_path: Path, clock: HeldClock) -> sqlite3.Connection:
    """A file of books with one fact of every kind, opened by somebody else."""
    await bare.simulator.plan()
    await bills.plan(bare)
    await bills.change(bare, "reissue")
    await bare.simulator.next("not_visible_yet", "order")
    await bare.simulator.next("notify_forged", "notify")
    await bare.ask("POST", JSAPI, bare.order(shop))
    await bare.ask("POST", JSAPI, bare.order(shop, out_trade_no="order-0002"))
    close = "/v3/pay/transactions/out-trade-no/order-0002/close"
    await bare.ask("POST", close, {"mchid": bare.merchant.account.mchid})
    _, receipt = await bare.simulator.pay(out_trade_no=NUMBER)
    await bare.refund(shop, receipt["transaction_id"])
    clock.advance(MINUTE)
    await bare.simulator.rows("deliveries", 1)
    await bare.simulator.rows("refund_deliveries", 1)
    return sqlite3.connect(tmp_path / "books.sqlite3")


async def paid_out_and_shared(bare: Bare, shop: Shop, clock: HeldClock) -> None:
    """A transfer that its payee took, and an order shared out and partly taken back."""
    account, simulator = bare.merchant.account, bare.simulator
    assert (await simulator.deposit(10_000))[0] == 200
    transfer = {
        "appid": account.appid,
        "out_bill_no": "bill1",
        "transfer_scene_id": "1009",
        "openid": "farm",
        "transfer_amount": 100,
        "transfer_remark": "货款",
        "transfer_scene_report_infos": [{"info_type": "采购商品名称", "info_content": "茶"}],
    }
    target = "/v3/fund-app/mch-transfer/transfer-bills"
    assert (await bare.ask("POST", target, transfer))[0] == 200
    assert (await simulator.ask("POST", "/sim/transfers", {"out_bill_no": "bill1"}))[0] == 200
    order = bare.order(shop, out_trade_no="order-0004", settle_info={"profit_sharing": True})
    await bare.ask("POST", JSAPI, order)
    _, receipt = await simulator.pay(out_trade_no="order-0004")
    who = {"type": "MERCHANT_ID", "account": account.mchid}
    relation = {"appid": account.appid, "relation_type": "SERVICE_PROVIDER"}
    await bare.ask("POST", "/v3/profitsharing/receivers/add", who | relation)
    share = {
        "appid": account.appid,
        "transaction_id": receipt["transaction_id"],
        "out_order_no": "share1",
        "receivers": [who | {"amount": 100, "description": "分账"}],
        "unfreeze_unsplit": True,
    }
    assert (await bare.ask("POST", "/v3/profitsharing/orders", share))[0] == 200
    clock.advance(MINUTE)
    back = {
        "out_order_no": "share1",
        "out_return_no": "back1",
        "return_mchid": account.mchid,
        "amount": 50,
        "description": "退款",
    }
    assert (await bare.ask("POST", "/v3/profitsharing/return-orders", back))[0] == 200


async def test_a_judge_may_read_the_file_while_it_is_served(
    bare: Bare, shop: Shop, tmp_path: Path, clock: HeldClock
) -> None:
    books = await written(bare, shop, tmp_path, clock)
    assert books.execute("SELECT out_trade_no, total FROM payments").fetchall() == [(NUMBER, 1990)]


@pytest.mark.parametrize("table", FACTS)
async def test_nothing_written_ever_changes(
    bare: Bare, shop: Shop, tmp_path: Path, clock: HeldClock, table: str
) -> None:
    books = await written(bare, shop, tmp_path, clock)
    await paid_out_and_shared(bare, shop, clock)
    for change in (f"UPDATE {table} SET seq = seq + 100", f"DELETE FROM {table}"):
        with pytest.raises(sqlite3.IntegrityError, match="only ever added to"):
            books.execute(change)


async def test_the_books_themselves_refuse_what_the_rules_would(
    bare: Bare, shop: Shop, tmp_path: Path, clock: HeldClock
) -> None:
    books = await written(bare, shop, tmp_path, clock)
    mchid = bare.merchant.account.mchid
    payment = {"mchid": mchid, "total": 1, "openid": "o", "success_time": "-", "at": "-"}
    for number, why in ((NUMBER, "UNIQUE"), ("order-0002", "closed"), ("order-0003", "FOREIGN")):
        books.execute("PRAGMA foreign_keys = 1")
        with pytest.raises(sqlite3.IntegrityError, match=why):
            add(
                books,
                "payments",
                out_trade_no=number,
                transaction_id=number,
                notification_id=number,
                **payment,
            )
    with pytest.raises(sqlite3.IntegrityError, match="a paid order was closed"):
        add(books, "closings", mchid=mchid, out_trade_no=NUMBER, at="-")


async def test_a_fault_of_our_own_undoes_its_batch_and_the_next_goes_on(tmp_path: Path) -> None:
    async with Books(tmp_path / "books.sqlite3") as books:
        with pytest.raises(ZeroDivisionError):
            await books.write(closing_then_fault)
        assert books.read("SELECT * FROM closings") == []
        await books.write(lambda connection: add(connection, "closings", **CLOSING))
        assert len(books.read("SELECT * FROM closings")) == 1


CLOSING = {"mchid": "1", "out_trade_no": NUMBER, "at": "-"}


def closing_then_fault(books: sqlite3.Connection) -> float:
    add(books, "closings", **CLOSING)
    return 1 / 0


def started(processes: Processes, data_dir: Path, port: int) -> Child:
    return processes.run(
        [sys.executable, "-P", "-c", RUN],
        env={
            "PYTHONPATH": ".",
            "TUAN_DATA_DIR": str(data_dir),
            "TUAN_CHANNEL_SIMULATOR_PORT": str(port),
        },
        healthz=f"http://127.0.0.1:{port}/healthz",
        name="channel-simulator",
    )


async def shopping(bare: Bare, shop: Shop, name: str, acknowledged: set[str]) -> None:
    """Order and pay, order and pay, until the channel is gone."""
    for n in range(100_000):
        number = f"{name}-{n:05d}"
        try:
            status, _ = await bare.ask("POST", JSAPI, bare.order(shop, out_trade_no=number))
            assert status == 200
            status, _ = await bare.simulator.pay(out_trade_no=number)
            assert status == 200
        except aiohttp.ClientError:
            return
        acknowledged.add(number)


async def all_paid(simulator: Simulator) -> list[str]:
    """The number of every payment in the books, in order."""
    numbers: list[str] = []
    cursor = 0
    while rows := (page := await simulator.book("payments", after=str(cursor), limit="1000"))[
        "rows"
    ]:
        numbers += [row["out_trade_no"] for row in rows]
        cursor = page["next"]
    return numbers


async def test_kill_9_loses_no_acknowledged_payment_and_no_key(
    processes: Processes, tmp_path: Path
) -> None:
    set_up(tmp_path / "channels.json", tmp_path / "keys", ["acme"], SystemClock().now())
    merchant = load_merchant(tmp_path / "keys" / "acme")
    port, acknowledged = ports.choose(), set[str]()
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    async with open_shop() as shop, aiohttp.ClientSession() as session:
        simulator = Simulator(f"http://127.0.0.1:{port}", session)
        bare = Bare(merchant, simulator, SystemClock())
        for turn in range(ROUNDS):
            child = started(processes, tmp_path, port)
            enough = len(acknowledged) + dice.randrange(20, 120)
            buyers = [
                asyncio.create_task(shopping(bare, shop, f"r{turn}b{n}", acknowledged))
                for n in range(BUYERS)
            ]

            async def reached(enough: int = enough) -> bool:
                return len(acknowledged) >= enough

            await eventually_async(reached, 60)
            child.kill()
            await asyncio.gather(*buyers)

        started(processes, tmp_path, port)
        paid = await all_paid(simulator)
        assert acknowledged <= set(paid), f"seed {seed}"
        assert len(paid) == len(set(paid))

        async def everybody_was_told() -> bool:
            [sums] = (await simulator.book())["merchants"].values()
            return bool(sums["notified"] == sums["payments"] == len(paid))

        await eventually_async(everybody_was_told, 30)
