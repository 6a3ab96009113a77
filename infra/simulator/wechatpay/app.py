"""The channel put together: an ASGI application over the books of one file."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from commands.ports import Clock
from infra.simulator.wechatpay import (
    bill_desk,
    bills,
    fault_desk,
    outside,
    v3,
    v3_refunds,
    v3_sharing,
    v3_transfers,
)
from infra.simulator.wechatpay.bill_press import BillPress
from infra.simulator.wechatpay.books import Books
from infra.simulator.wechatpay.clearing import Clearing
from infra.simulator.wechatpay.faults import Faults, Plan
from infra.simulator.wechatpay.funds import open_accounts
from infra.simulator.wechatpay.gate import Gate
from infra.simulator.wechatpay.keys import Keys
from infra.simulator.wechatpay.notifier import Notifier
from infra.simulator.wechatpay.protocol import Refused, Seal
from infra.simulator.wechatpay.signers import Signers
from infra.wechatpay.credentials import Platform


def build(
    platforms: Mapping[str, Platform],
    books_path: Path,
    clock: Clock,
    *,
    deposit_fen: int,
    default_plan: Plan,
) -> Starlette:
    """The channel for these merchants (by mchid). It opens its books, and notifies, while it is served.

    Whoever has no account yet gets one with `deposit_fen` on it. `default_plan` says what goes wrong until
    somebody says otherwise.
    """
    seals = {mchid: Seal(platform) for mchid, platform in platforms.items()}

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        signers = Signers()
        try:
            async with AsyncExitStack() as stack:
                books = await stack.enter_async_context(Books(books_path))
                at = clock.now()
                await books.write(lambda rows: open_accounts(rows, platforms, deposit_fen, at))
                faults = Faults(books, clock, default_plan)
                faults.start()
                notifier = await stack.enter_async_context(
                    Notifier(books, seals, signers, clock, faults)
                )
                clearing = await stack.enter_async_context(
                    Clearing(books, clock, notifier.refund_ended)
                )
                channel = v3.Channel(
                    platforms=platforms,
                    seals=seals,
                    gate=Gate(platforms),
                    books=books,
                    notifier=notifier,
                    clearing=clearing,
                    faults=faults,
                    keys=Keys(platforms, seals, signers, faults),
                    signers=signers,
                    bills=BillPress(books, books_path, clock),
                    clock=clock,
                )
                protocol = (v3, v3_refunds, v3_transfers, v3_sharing, bills)
                for part in (*protocol, outside, fault_desk, bill_desk):
                    app.router.routes += part.routes(channel)
                yield
        finally:
            signers.close()

    return Starlette(
        lifespan=lifespan,
        exception_handlers={404: nothing_here, 405: nothing_here, Exception: broken},
    )


async def nothing_here(request: Request, error: Exception) -> Response:
    """An unknown route: the channel answers without a word."""
    return Response(status_code=getattr(error, "status_code", 404))


async def broken(request: Request, error: Exception) -> Response:
    """Our own failure: the merchant cannot know what was done."""
    return v3.refusal(Refused(v3.BROKEN))
