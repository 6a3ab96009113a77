"""The protocol's routes about bills: ask for one, signed; then fetch its text, which nobody signs."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path
from typing import Any, Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from infra.simulator.wechatpay.bill_books import Wanted
from infra.simulator.wechatpay.gate import Spoken
from infra.simulator.wechatpay.protocol import PARAMETER, Refused
from infra.simulator.wechatpay.v3 import (
    Channel,
    Content,
    Cut,
    Heard,
    answering,
    raw_target,
    refusal,
)

CHUNK: Final = 256 * 1024  # bytes
FILE: Final = "/v3/billdownload/file"
CHOICES: Final = {
    "trade": ("bill_type", ("ALL", "SUCCESS", "REFUND"), "ALL"),
    "fundflow": ("account_type", ("BASIC", "OPERATION", "FEES"), "BASIC"),
}


async def trade_bill(channel: Channel, heard: Heard) -> Content:
    return await bill(channel, heard, "trade")


async def fund_flow_bill(channel: Channel, heard: Heard) -> Content:
    return await bill(channel, heard, "fundflow")


async def bill(channel: Channel, heard: Heard, kind: str) -> Content:
    name, choices, usual = CHOICES[kind]
    choice = heard.query.get(name, usual)
    if choice not in choices:
        raise Refused(PARAMETER, field=f"/{name}", issue=f"须为{'、'.join(choices)}")
    tar_type = heard.query.get("tar_type", "")
    if tar_type not in ("", "GZIP"):
        raise Refused(PARAMETER, field="/tar_type", issue="须为GZIP")
    wanted = Wanted(heard.mchid, kind, day_of(heard.query.get("bill_date", "")), choice)
    digest, token = await channel.bills.write(wanted, tar_type == "GZIP")
    address = f"{heard.base}{FILE}?token={token}"
    return {"hash_type": "SHA1", "hash_value": digest, "download_url": address}


def day_of(text: str) -> date:
    """Raises: Refused."""
    try:
        if len(text) == len("YYYY-MM-DD"):
            return date.fromisoformat(text)
    except ValueError:
        pass  # as any other text that is no day
    raise Refused(PARAMETER, field="/bill_date", issue="须为YYYY-MM-DD")


async def fetch(channel: Channel, request: Request) -> Response:
    """The text. Who asks must be who asked before; the answer carries no signature."""
    try:
        said = Spoken(request.method, raw_target(request), request.headers, b"")
        mchid = channel.gate.admit(said, channel.clock.now())
        copy = channel.bills.copy(request.query_params.get("token", ""), mchid)
    except Refused as refused:
        return refusal(refused)
    fate = channel.faults.draw("bill_text", copy.file.stem)
    try:
        if await channel.faults.fire(fate, "drop_reply"):
            return Cut()
    finally:
        channel.faults.done(fate)
    if copy.zipped:
        return StreamingResponse(zipped(copy.file), media_type="application/gzip")
    return StreamingResponse(pieces(copy.file), media_type="text/plain;charset=utf-8")


async def pieces(file: Path) -> AsyncIterator[bytes]:
    with file.open("rb") as text:
        while piece := text.read(CHUNK):
            yield piece


async def zipped(file: Path) -> AsyncIterator[bytes]:
    """As gzip, made on the way."""
    made = _Made()
    with gzip.GzipFile(fileobj=made, mode="wb", compresslevel=6, mtime=0) as packing:
        async for piece in pieces(file):
            await asyncio.to_thread(packing.write, piece)
            if taken := made.take():
                yield taken
    yield made.take()


class _Made:
    """What a writer has written since it was last taken."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: Any) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self) -> bytes:
        taken, self._pieces = b"".join(self._pieces), []
        return taken


def routes(channel: Channel) -> list[Route]:
    async def endpoint(request: Request) -> Response:
        return await fetch(channel, request)

    return [
        Route("/v3/bill/tradebill", answering(channel, trade_bill, "bill")),
        Route("/v3/bill/fundflowbill", answering(channel, fund_flow_bill, "bill")),
        Route(FILE, endpoint),
    ]
