"""A clock to hold, a channel and a shop served for real on this machine, and a client that can misbehave."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import aiohttp
import msgspec
import uvicorn
from aiohttp import web
from yarl import URL

from commands.ports import Clock
from infra.simulator.wechatpay.server import server
from infra.wechatpay.channel import BEIJING, WeChatPay
from infra.wechatpay.credentials import Merchant, load_merchant, load_platform
from infra.wechatpay.signature import Signer
from tests.waiting import eventually_async

NOON = datetime(2026, 11, 22, 4, 0, tzinfo=UTC)  # noon in Shanghai
MINUTE = timedelta(minutes=1)
BUYER = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"
JSAPI = "/v3/pay/transactions/jsapi"
REFUNDS = "/v3/refund/domestic/refunds"
NUMBER = "order-0001"
REFUND = "0193f5a0000070008000000000000001" + "00"


class HeldClock:
    """Shows what it was told to."""

    def __init__(self, at: datetime = NOON) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by


class Told(NamedTuple):
    """One notification as it reached the shop."""

    headers: Mapping[str, str]
    body: bytes


class Shop:
    """Where the channel notifies. Answers with `statuses` one after the other, then as `judge` says."""

    def __init__(self) -> None:
        self.url = ""
        self.told: list[Told] = []
        self.statuses: list[int] = []
        self.judge: Callable[[Told], int] = lambda told: 204

    async def hear(self, request: web.Request) -> web.Response:
        told = Told(dict(request.headers), await request.read())
        status = self.statuses.pop(0) if self.statuses else self.judge(told)
        self.told.append(told)
        return web.Response(status=status)

    async def next(self, count: int = 1) -> Told:
        """The `count`-th notification, as soon as it is here."""

        async def arrived() -> bool:
            return len(self.told) >= count

        await eventually_async(arrived)
        return self.told[count - 1]


@asynccontextmanager
async def open_shop() -> AsyncIterator[Shop]:
    shop = Shop()
    async with served(shop.hear) as url:
        shop.url = f"{url}/paid"
        yield shop


@asynccontextmanager
async def served(
    handler: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> AsyncIterator[str]:
    """Answer everything on a free port with `handler`. Yields the base URL."""
    application = web.Application()
    application.router.add_route("*", "/{anything:.*}", handler)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    await runner.cleanup()


class Simulator:
    """A served channel, spoken to by its own side doors and by a merchant with a bare hand."""

    def __init__(self, url: str, session: aiohttp.ClientSession) -> None:
        self.url = url
        self._session = session

    async def pay(self, **asked: Any) -> tuple[int, Any]:
        return await self.ask("POST", "/sim/pay", asked)

    async def notify(self, out_trade_no: str | None = NUMBER, **flaw: Any) -> int:
        _, told = await self.ask("POST", "/sim/notify", {"out_trade_no": out_trade_no} | flaw)
        status: int = told["status"]
        return status

    async def next(self, fault: str, call: str, times: int = 1) -> None:
        """Let the next calls of this kind meet the fault."""
        wish = {"fault": fault, "call": call, "times": times}
        status, told = await self.ask("POST", "/sim/faults/next", wish)
        assert status == 200, told

    async def plan(self, **plan: Any) -> None:
        status, told = await self.ask("PUT", "/sim/faults", plan)
        assert status == 200, told

    async def fired(self) -> dict[str, int]:
        """How often each fault happened, those that did."""
        _, told = await self.ask("GET", "/sim/faults")
        return {fault: count for fault, count in told["fired"].items() if count}

    async def broken(self) -> list[str]:
        """What the books themselves say against anybody."""
        _, told = await self.ask("GET", "/sim/verdict")
        broken: list[str] = told["broken"]
        return broken

    async def deposit(self, amount_fen: int) -> tuple[int, Any]:
        return await self.ask("POST", "/sim/funds", {"amount_fen": amount_fen})

    async def sums(self) -> dict[str, Any]:
        """The totals of the only merchant."""
        [sums] = (await self.book())["merchants"].values()
        assert isinstance(sums, dict)
        return sums

    async def rows(self, name: str, count: int = 0) -> list[dict[str, Any]]:
        """The first facts of a book, once there are `count` of them."""

        async def written() -> list[dict[str, Any]] | None:
            rows: list[dict[str, Any]] = (await self.book(name, limit="1000"))["rows"]
            return rows if len(rows) >= count else None

        rows = await eventually_async(written) if count else await written()
        assert rows is not None
        return rows

    async def book(self, name: str = "", **where: str) -> Any:
        _, told = await self.ask("GET", str(URL(f"/sim/books/{name}".rstrip("/")) % where))
        return told

    async def ask(
        self, method: str, target: str, content: Any = None, **headers: str
    ) -> tuple[int, Any]:
        """Status and decoded body of any request."""
        answer = await self.raw(method, target, content, **headers)
        return answer[0], msgspec.json.decode(answer[2]) if answer[2] else None

    async def raw(
        self, method: str, target: str, content: Any = None, **headers: str
    ) -> tuple[int, Mapping[str, str], bytes]:
        body = content if isinstance(content, bytes) else encoded(content)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with self._session.request(
            method, URL(self.url + target, encoded=True), data=body, headers=named
        ) as response:
            return response.status, response.headers, await response.read()


class Bare:
    """A merchant who signs properly and says whatever a test wants."""

    def __init__(self, merchant: Merchant, simulator: Simulator, clock: Clock) -> None:
        self.merchant = merchant
        self.signer = Signer(merchant)
        self.simulator = simulator
        self.clock = clock

    async def ask(self, method: str, target: str, content: Any = None) -> tuple[int, Any]:
        status, _, body = await self.raw(method, target, content)
        return status, msgspec.json.decode(body) if body else None

    async def raw(
        self, method: str, target: str, content: Any = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        body = encoded(content)
        signed = self.signer.authorization(method, target, body, self.clock.now())
        return await self.simulator.raw(
            method, target, body, Accept="application/json", Authorization=signed
        )

    def order(self, shop: Shop, **changed: Any) -> dict[str, Any]:
        """The body of a proper order, with some fields changed; None takes a field away."""
        proper = {
            "appid": self.merchant.account.appid,
            "mchid": self.merchant.account.mchid,
            "description": "云南蓝莓 6盒",
            "out_trade_no": NUMBER,
            "time_expire": (self.clock.now() + 15 * MINUTE).astimezone(BEIJING).isoformat(),
            "notify_url": shop.url,
            "amount": {"total": 1990, "currency": "CNY"},
            "payer": {"openid": BUYER},
        }
        return {name: value for name, value in (proper | changed).items() if value is not None}

    async def pay(self, shop: Shop, number: str = NUMBER, total: int = 1990) -> str:
        """A paid order; returns the channel's number of the payment."""
        order = self.order(shop, out_trade_no=number, amount={"total": total, "currency": "CNY"})
        assert (await self.ask("POST", JSAPI, order))[0] == 200
        status, receipt = await self.simulator.pay(out_trade_no=number)
        assert status == 200
        paid: str = receipt["transaction_id"]
        return paid

    async def refund(self, shop: Shop, transaction_id: str, **changed: Any) -> tuple[int, Any]:
        """Ask for a proper refund of the whole, with some fields changed; None takes a field away."""
        return await self.ask("POST", REFUNDS, self.refund_of(shop, transaction_id, **changed))

    def refund_of(self, shop: Shop, transaction_id: str, **changed: Any) -> dict[str, Any]:
        refund, total = changed.pop("refund", 1990), changed.pop("total", 1990)
        proper = {
            "transaction_id": transaction_id,
            "out_refund_no": REFUND,
            "reason": "拼团未成功",
            "notify_url": shop.url,
            "amount": {"refund": refund, "total": total, "currency": "CNY"},
        }
        return {name: value for name, value in (proper | changed).items() if value is not None}


@asynccontextmanager
async def simulating(
    keys: Path, books: Path, clock: Clock, **more: Any
) -> AsyncIterator[Simulator]:
    platform = load_platform(keys)
    running = server(
        {platform.account.mchid: platform}, books, clock, host="127.0.0.1", port=0, **more
    )
    serving = asyncio.create_task(running.serve())

    async def up() -> bool:
        return running.started or serving.done()

    await eventually_async(up)
    async with aiohttp.ClientSession() as session:
        yield Simulator(f"http://127.0.0.1:{port_of(running)}", session)
    running.should_exit = True
    await serving


def port_of(running: uvicorn.Server) -> int:
    port: int = running.servers[0].sockets[0].getsockname()[1]
    return port


def channel_at(keys: Path, base_url: str, notify_url: str, clock: Clock, **more: Any) -> WeChatPay:
    return WeChatPay(
        load_merchant(keys), base_url=base_url, notify_url=notify_url, clock=clock, **more
    )


def encoded(content: Any) -> bytes:
    return b"" if content is None else msgspec.json.encode(content)
