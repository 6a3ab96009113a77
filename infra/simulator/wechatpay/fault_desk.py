"""Where faults are asked for, and where is told which happened. Nobody is asked who they are."""

from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.routing import Route

from infra.simulator.wechatpay import rules
from infra.simulator.wechatpay.faults import Call, Fault, Plan, unfit
from infra.simulator.wechatpay.outside import answering
from infra.simulator.wechatpay.protocol import PARAMETER, Refused
from infra.simulator.wechatpay.v3 import Channel, limited, parsed
from infra.simulator.wechatpay.verdict import broken


class NextRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Let the next calls of a kind meet one fault."""

    fault: Fault
    call: Call
    times: Annotated[int, msgspec.Meta(ge=1, le=1_000_000)] = 1


class RotateRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    mchid: str | None = None  # needed only when there are several merchants


async def show(channel: Channel, request: Request) -> dict[str, Any]:
    """`GET /sim/faults`: the plan, what is asked for by hand and still to come, and how often each happened."""
    return channel.faults.shown()


async def follow(channel: Channel, request: Request) -> dict[str, Any]:
    """`PUT /sim/faults`: another plan; it survives the process."""
    await channel.faults.follow(parsed(await limited(request), Plan))
    return channel.faults.shown()


async def heal(channel: Channel, request: Request) -> dict[str, Any]:
    """`DELETE /sim/faults`: nothing goes wrong from now on. What was taken on keeps its fate."""
    await channel.faults.follow(Plan())
    return channel.faults.shown()


async def ask(channel: Channel, request: Request) -> dict[str, Any]:
    """`POST /sim/faults/next`."""
    asked = parsed(await limited(request), NextRequest)
    if unfit(asked.fault, asked.call):
        raise Refused(PARAMETER, field="/call", issue=f"{asked.call}不会发生{asked.fault}")
    await channel.faults.request(asked.fault, asked.call, asked.times)
    return channel.faults.shown()


async def rotate(channel: Channel, request: Request) -> dict[str, Any]:
    """`POST /sim/keys/rotate`: another key of the channel, beside the earlier ones."""
    asked = parsed(await limited(request) or b"{}", RotateRequest)
    if asked.mchid is None and len(channel.platforms) > 1:
        raise Refused(rules.NOT_UNIQUE)
    mchid = asked.mchid or next(iter(channel.platforms))
    if mchid not in channel.platforms:
        raise Refused(PARAMETER, field="/mchid", issue="无此商户")
    return {"mchid": mchid, "key_id": await channel.keys.add(mchid)}


async def judge(channel: Channel, request: Request) -> dict[str, Any]:
    """`GET /sim/verdict`: what in the books breaks a promise; nothing, one hopes."""
    return {"broken": broken(channel.books.read)}


def routes(channel: Channel) -> list[Route]:
    return [
        Route("/sim/faults", answering(channel, show), methods=["GET"]),
        Route("/sim/faults", answering(channel, follow), methods=["PUT"]),
        Route("/sim/faults", answering(channel, heal), methods=["DELETE"]),
        Route("/sim/faults/next", answering(channel, ask), methods=["POST"]),
        Route("/sim/keys/rotate", answering(channel, rotate), methods=["POST"]),
        Route("/sim/verdict", answering(channel, judge)),
    ]
