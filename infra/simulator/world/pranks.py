"""Requests that nobody honest sends, and what each must be answered. None may change anything or be a 5xx."""

from collections.abc import Callable
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

from infra.simulator.world.shop import Shop

FORGED: Final = "Bearer eyJhbGciOiJub25lIn0.eyJzdWIiOiJyb290In0."


class Target(NamedTuple):
    """What a prank is aimed at. `order_id` is somebody else's, or nobody's."""

    campaign_id: str
    order_id: str


class Request(NamedTuple):
    """`headers` replace the honest ones; an empty value leaves the header out."""

    name: str
    body: Any
    headers: dict[str, str] = {}


class Prank(NamedTuple):
    title: str
    expected: frozenset[int]
    make: Callable[[Target], Request]


def open_group(target: Target, **changes: Any) -> dict[str, Any]:
    return {"campaign_id": target.campaign_id, "province": "44", "quantity": 1, **changes}


def prank(title: str, expected: int, make: Callable[[Target], Request], *others: int) -> Prank:
    return Prank(title, frozenset({expected, *others}), make)


PRANKS: Final = (
    prank("no key", 400, lambda t: Request("open_group", open_group(t), {"Idempotency-Key": ""})),
    prank(
        "a key of 8,000 characters",
        400,
        lambda t: Request("open_group", open_group(t), {"Idempotency-Key": "k" * 8000}),
        431,
    ),
    prank("NUL in text", 422, lambda t: Request("open_group", open_group(t, province="4\0"))),
    prank("an unknown field", 422, lambda t: Request("open_group", open_group(t, price_fen=1))),
    prank("minus one unit", 422, lambda t: Request("open_group", open_group(t, quantity=-1))),
    prank("10^30 units", 422, lambda t: Request("open_group", open_group(t, quantity=10**30)), 400),
    prank("a lone surrogate", 400, lambda t: Request("open_group", b'{"province":"\\ud800"}'), 422),
    prank("no JSON", 400, lambda t: Request("open_group", b"{" * 3000)),
    prank("300 KB", 413, lambda t: Request("open_group", open_group(t, province="4" * 300_000))),
    prank("a forged token", 401, lambda t: Request("open_group", {}, {"Authorization": FORGED})),
    prank("an operator's command", 403, lambda t: Request("end_campaign", {"campaign_id": t.campaign_id})),
    prank("a channel's command", 403, lambda t: Request("record_capture", {})),
    prank("a timer's command", 404, lambda t: Request("expire_group", {"group_id": t.campaign_id})),
    prank("somebody else's order", 404, lambda t: Request("cancel_order", {"order_id": t.order_id})),
    prank("a group that never was", 404, lambda t: Request("join_group", no_group())),
)  # fmt: skip


def no_group() -> dict[str, Any]:
    return {"group_id": str(UUID(int=7)), "province": "44"}


async def play(shop: Shop, kind: int, user: UUID, target: Target, key: str) -> None:
    """Send one of them and look at the answer; one number more than there are is `reuse_key`. Raises: GaveUp."""
    trick = PRANKS[kind % (len(PRANKS) + 1)]
    request = trick.make(target)
    raw = (
        request.body
        if isinstance(request.body, bytes)
        else msgspec.json.encode(plain(request.body))
    )
    headers = {
        "Authorization": await shop.wallet.bearer(str(user)),
        "Idempotency-Key": f"{key}:prank",
        "Content-Type": "application/json",
        **request.headers,
    }
    answer = await shop.api.call(
        "POST",
        f"/v1/commands/{request.name}",
        name="prank",
        headers={name: value for name, value in headers.items() if value},
        body=raw,
    )
    shop.seen.refusals["prank", f"{trick.title}: {answer.status}"] += 1
    if answer.status not in trick.expected:
        shop.seen.wrong.append(f"{trick.title}: answered {answer.status} {answer.raw[:300]!r}")


async def reuse_key(shop: Shop, user: UUID, target: Target, key: str) -> None:
    """The same key for two different wishes: the second is 422 and changes nothing. Raises: GaveUp."""
    first = {"order_id": str(UUID(int=5))}
    await shop.command(str(user), "cancel_order", first, key)
    headers = {
        "Authorization": await shop.wallet.bearer(str(user)),
        "Idempotency-Key": key,
        "Content-Type": "application/json",
    }
    raw = msgspec.json.encode({"order_id": target.order_id})
    path = "/v1/commands/cancel_order"
    answer = await shop.api.call("POST", path, name="prank", headers=headers, body=raw)
    shop.seen.refusals["prank", f"a used key: {answer.status}"] += 1
    if answer.status != 422:
        shop.seen.wrong.append(
            f"a used key with another body: {answer.status} {answer.raw[:300]!r}"
        )


def plain(body: Any) -> Any:
    """JSON knows integers of any size; our encoder does not."""
    if isinstance(body, dict):
        return {name: plain(value) for name, value in body.items()}
    return msgspec.Raw(str(body).encode()) if isinstance(body, int) else body
