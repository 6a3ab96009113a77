"""The channel put together: an ASGI application over the books of one file."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from commands.ports import Clock
from infra.simulator.wechatpay import outside, v3, v3_refunds
from infra.simulator.wechatpay.books import Books
from infra.simulator.wechatpay.clearing import Clearing
from infra.simulator.wechatpay.funds import open_accounts
from infra.simulator.wechatpay.gate import Gate
from infra.simulator.wechatpay.notifier import Notifier
from infra.simulator.wechatpay.protocol import No, Refused, Seal
from infra.simulator.wechatpay.signers import Signers
from infra.wechatpay.credentials import Platform

BROKEN = No(500, "SYSTEM_ERROR", "系统异常，请用相同参数重新调用")


def build(
    platforms: Mapping[str, Platform], books_path: Path, clock: Clock, deposit_fen: int
) -> Starlette:
    """The channel for these merchants (by mchid). It opens its books, and notifies, while it is served.

    Whoever has no account yet gets one with `deposit_fen` on it.
    """
    seals = {mchid: Seal(platform) for mchid, platform in platforms.items()}

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        signers = Signers()
        try:
            async with (
                Books(books_path) as books,
                Notifier(books, seals, signers, clock) as notifier,
                Clearing(books, clock, notifier.refund_ended) as clearing,
            ):
                at = clock.now()
                await books.write(lambda rows: open_accounts(rows, platforms, deposit_fen, at))
                gate = Gate(platforms)
                channel = v3.Channel(
                    platforms, seals, gate, books, notifier, clearing, signers, clock
                )
                app.router.routes += v3.routes(channel)
                app.router.routes += v3_refunds.routes(channel) + outside.routes(channel)
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
    return v3.refusal(Refused(BROKEN))
