"""The public API in a shopper's words. What it must never answer is noticed here, whoever asked."""

import asyncio
from collections.abc import Mapping
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

from infra.simulator.world.client import Answer, Client
from infra.simulator.world.seen import Ack, Receipt, Seen
from infra.simulator.world.wallet import Wallet

CHANNEL: Final = "wechatpay"
DEFINITE: Final = frozenset({200, 404, 409})  # what an honest command is answered
TAKEN: Final = "OUT_TRADE_NO_USED"  # the channel: this was paid already
CLOSED_BY_NOW: Final = "channel_refused"
OWN_REPLY_MISSING: Final = "pay"  # answered with parameters for the cashier, not with the reply


class Refused(Exception):
    """An operator or finance was told no: the world cannot begin."""


class Cashier(NamedTuple):
    """What opens the channel's cashier for one order."""

    prepay_id: str
    openid: str


class Shop:
    """One tenant's API and its payment channel."""

    def __init__(self, api: Client, channel: Client, wallet: Wallet, seen: Seen) -> None:
        self.api = api
        self.channel = channel
        self.wallet = wallet
        self.seen = seen

    async def command(
        self, who: str, name: str, body: Mapping[str, Any], key: str, *, taps: int = 1
    ) -> Answer:
        """`taps` times at once with the same key: all get one answer. Raises: GaveUp."""
        return await self._ask(who, f"/v1/commands/{name}", name, body, key, taps)

    async def onboard(self, who: str, body: Mapping[str, Any], key: str) -> Answer:
        """A merchant, whose account is stored sealed. Raises: GaveUp."""
        return await self._ask(who, "/v1/onboarding", "onboard_merchant", body, key, 1)

    async def cashier(
        self, who: UUID, order_id: str, key: str, *, taps: int = 1
    ) -> Cashier | Answer:
        """What opens the cashier, or the refusal. Raises: GaveUp."""
        openid = f"o{who.hex[:27]}"
        body = {"order_id": order_id, "channel": CHANNEL, "openid": openid}
        answer = await self._ask(str(who), "/v1/payments", "pay", body, key, taps)
        if not answer.ok:
            return answer
        package = answer.json()["parameters"]["package"]
        return Cashier(package.removeprefix("prepay_id="), openid)

    async def pay(self, cashier: Cashier) -> str:
        """Confirm in the cashier: "" when the money left, else the channel's reason. Raises: GaveUp."""
        asked = {"prepay_id": cashier.prepay_id, "payer_openid": cashier.openid}
        answer = await self.channel.call(
            "POST", "/sim/pay", name="pay_at_the_channel", body=msgspec.json.encode(asked)
        )
        if answer.ok:
            paid = answer.json()
            self.seen.receipts.append(Receipt(paid["out_trade_no"], paid["transaction_id"]))
            return ""
        return "" if answer.code == TAKEN else answer.code  # the first try was heard after all

    async def read(self, who: str, path: str, *, name: str, token: str = "") -> Answer:
        """A query; with `token`, one that sees at least that position. Raises: GaveUp."""
        headers = {"Tuan-Token": token} if token else {}
        return await self._call(who, "GET", path, name, headers, None)

    # --- below the words -----------------------------------------------------------------------

    async def _ask(
        self, who: str, path: str, name: str, body: Mapping[str, Any], key: str, taps: int
    ) -> Answer:
        raw = msgspec.json.encode(body)
        headers = {"Idempotency-Key": key, "Content-Type": "application/json"}
        calls = [self._call(who, "POST", path, name, headers, raw) for _ in range(taps)]
        first, *again = await asyncio.gather(*calls)
        for other in again:
            self._same_answer(name, key, first, other)
        if first.status not in DEFINITE:
            self.seen.wrong.append(f"{name} answered {first.status} {first.raw[:300]!r} to {raw!r}")
        elif not first.ok:
            self.seen.refusals[name, first.code] += 1
        self._remember(who, name, key, first)
        return first

    async def _call(
        self,
        who: str,
        method: str,
        path: str,
        name: str,
        headers: Mapping[str, str],
        raw: bytes | None,
    ) -> Answer:
        """One call with a token that is taken; an expired one is replaced once."""
        for _ in range(2):
            bearer = {"Authorization": await self.wallet.bearer(who), **headers}
            answer = await self.api.call(method, path, name=name, headers=bearer, body=raw)
            if answer.status != 401:
                break
            self.wallet.drop(who)
        return answer

    def _same_answer(self, name: str, key: str, one: Answer, other: Answer) -> None:
        """The cashier's parameters are signed anew each time; every other answer is one and the same.

        The channel is asked anew, too: who insisted until the payment was closed hears its no.
        """
        if name == OWN_REPLY_MISSING and CLOSED_BY_NOW in (one.code, other.code):
            return
        differ = one.status != other.status or (
            one.raw != other.raw if name != OWN_REPLY_MISSING else one.code != other.code
        )
        one_command = one.headers.get("Tuan-Command-Id"), other.headers.get("Tuan-Command-Id")
        if differ or (one.ok and len(set(one_command)) != 1):
            said = f"{one.status} {one.raw[:200]!r} and {other.status} {other.raw[:200]!r}"
            self.seen.wrong.append(f"{name} with key {key} answered differently: {said}")

    def _remember(self, who: str, name: str, key: str, answer: Answer) -> None:
        """Keep what the platform must be able to show for ever."""
        command_id, token = (answer.headers.get(h, "") for h in ("Tuan-Command-Id", "Tuan-Token"))
        if not command_id or not token:
            return
        outcome = "accepted" if answer.ok else answer.code
        own = answer.raw if answer.ok and name != OWN_REPLY_MISSING else None
        position = int(token.rpartition(".")[2])
        ack = Ack(UUID(command_id), name, who, key, outcome, own, position)
        self.seen.acks.append(ack)
