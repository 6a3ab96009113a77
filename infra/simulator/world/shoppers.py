"""Shoppers at work: each follows the plan through the API, and gives up like a person would."""

import asyncio
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from infra.clock import WaitingClock
from infra.simulator.world.client import GaveUp
from infra.simulator.world.pace import Bucket, sleep, sleep_until
from infra.simulator.world.plan import Loner, Mind, Party, Prank, Visitor
from infra.simulator.world.pranks import PRANKS, Target, play, reuse_key
from infra.simulator.world.shop import Cashier, Shop

Campaigns = dict[tuple[int, int], str]  # (item, seats) -> campaign id

LOOK_SECONDS: Final = 20.0  # of the world's time, between two looks at an order or a full group
LOOKS_MAX: Final = 60
REGRET_SECONDS: Final = 200.0  # from being seated to withdrawing
LAST_SECONDS: Final = 6.0  # before the pay deadline, for those who pay in the last seconds
COME_BACK: Final = frozenset({"group_full", "group_not_found"})  # may be otherwise in a while
PAID: Final = frozenset({"GROUPING", "GROUPED", "READY"})
NOBODYS: Final = "00000000-0000-4000-8000-000000000001"
READ: Final = frozenset({200, 409})  # the order, or "not yet visible": never "not found"
OVER: Final = frozenset({"CLOSED", "REFUNDING", "REFUNDED", "LATE_PAID"})


class Placed(NamedTuple):
    """An order that was taken."""

    order_id: str
    group_id: str
    pay_deadline: datetime
    token: str


class Shoppers:
    """`run` makes the keys of this run its own."""

    def __init__(
        self, shop: Shop, campaigns: Campaigns, clock: WaitingClock, bucket: Bucket, run: str
    ) -> None:
        self.shop = shop
        self.seen = shop.seen
        self.campaigns = campaigns
        self.clock = clock
        self.bucket = bucket
        self.run = run
        self.groups: list[tuple[Party, str]] = []  # opened ones, with their id
        self.last_order_id = NOBODYS

    # --- whole steps ---------------------------------------------------------------------------

    async def party(self, party: Party) -> None:
        """Open the group; once it started, the others come."""
        key = f"{self.run}:{party.number}:{party.seats}:{party.leader.user.hex[:8]}"
        campaign = self.campaigns[party.item, party.seats]
        placed = await self.place(party.leader, "open_group", {"campaign_id": campaign}, key)
        if placed is None:
            return
        self.groups.append((party, placed.group_id))
        started = asyncio.Event()
        members = [
            self.member(party, other, placed.group_id, started, f"{key}:{number}")
            for number, other in enumerate(party.others)
        ]
        async with asyncio.TaskGroup() as together:
            for member in members:
                together.create_task(self.patiently(member))
            await self.patiently(self.follow_through(party.leader, placed, key, started))
            started.set()  # or it never will be: whoever waits finds out

    async def loner(self, loner: Loner) -> None:
        key = f"{self.run}:{loner.number}:alone"
        campaign = self.campaigns[loner.item, loner.seats]
        placed = await self.place(loner.visitor, "buy_alone", {"campaign_id": campaign}, key)
        if placed is not None:
            await self.follow_through(loner.visitor, placed, key, asyncio.Event())

    async def prank(self, prank: Prank) -> None:
        key = f"{self.run}:{prank.number}"
        target = Target(self.campaigns[prank.item, prank.seats], self.last_order_id)
        if prank.kind % (len(PRANKS) + 1) == len(PRANKS):
            await reuse_key(self.shop, prank.user, target, key)
        else:
            await play(self.shop, prank.kind, prank.user, target, key)

    async def member(
        self, party: Party, visitor: Visitor, group_id: str, started: asyncio.Event, key: str
    ) -> None:
        """Join as soon as there is room, or until patience ends."""
        await started.wait()
        await sleep(self.clock, visitor.arrives)
        for attempt in range(LOOKS_MAX):
            code = await self.join(visitor, group_id, f"{key}.{attempt}")
            if code not in COME_BACK:
                return
            await sleep(self.clock, LOOK_SECONDS * (1 + attempt))
        self.seen.outcomes["came in vain"] += 1

    async def join(self, visitor: Visitor, group_id: str, key: str) -> str:
        """The refusal's code; "" when the seat was taken and what follows has been done."""
        await self.bucket.take()
        body = {"group_id": group_id, "province": visitor.province, "quantity": visitor.quantity}
        answer = await self.shop.command(
            str(visitor.user), "join_group", body, key, taps=visitor.taps
        )
        if not answer.ok:
            return answer.code
        placed = as_placed(answer.json(), answer.headers.get("Tuan-Token", ""))
        await self.follow_through(visitor, placed, key, asyncio.Event())
        return ""

    async def patiently(self, doing: Any) -> None:
        """A shopper who gets no answer at all goes away; the others stay."""
        try:
            await doing
        except GaveUp as silence:
            self.seen.outcomes["gave up"] += 1
            self.seen.wrong.append(str(silence))

    # --- parts of steps ------------------------------------------------------------------------

    async def place(
        self, visitor: Visitor, name: str, body: dict[str, Any], key: str
    ) -> Placed | None:
        await self.bucket.take()
        body |= {"province": visitor.province, "quantity": visitor.quantity}
        answer = await self.shop.command(str(visitor.user), name, body, key, taps=visitor.taps)
        if not answer.ok:
            self.seen.outcomes[f"refused: {answer.code}"] += 1
            return None
        placed = as_placed(answer.json(), answer.headers.get("Tuan-Token", ""))
        self.last_order_id = placed.order_id
        return placed

    async def follow_through(
        self, visitor: Visitor, placed: Placed, key: str, seated: asyncio.Event
    ) -> None:
        """After ordering: pay, or whatever is on this shopper's mind. `seated` is set once paid and seen."""
        self.seen.outcomes[visitor.mind.value] += 1
        match visitor.mind:
            case Mind.LEAVES:
                return
            case Mind.CANCELS:
                await sleep(self.clock, visitor.thinks)
                await self.order_command(visitor, "cancel_order", placed, key)
                return
            case Mind.LAST_SECOND | Mind.LATE:
                cashier = await self.open_cashier(visitor, placed, key)
                after = LAST_SECONDS if visitor.mind is Mind.LATE else -LAST_SECONDS
                await sleep_until(self.clock, placed.pay_deadline + timedelta(seconds=after))
            case _:
                await sleep(self.clock, visitor.thinks)
                cashier = await self.open_cashier(visitor, placed, key)
        if cashier is None or visitor.mind is Mind.HESITATES:
            return
        if visitor.mind is Mind.CANCELS_PAYING:
            await self.order_command(visitor, "cancel_order", placed, key)
        if reason := await self.shop.pay(cashier):
            self.seen.outcomes[f"channel: {reason}"] += 1
            return
        if await self.see_paid(visitor, placed):
            seated.set()
            if visitor.mind is Mind.WITHDRAWS:
                await sleep(self.clock, REGRET_SECONDS)
                await self.order_command(visitor, "withdraw_order", placed, key)

    async def open_cashier(self, visitor: Visitor, placed: Placed, key: str) -> Cashier | None:
        found = await self.shop.cashier(
            visitor.user, placed.order_id, f"{key}:pay", taps=visitor.taps
        )
        if isinstance(found, Cashier):
            return found
        self.seen.outcomes[f"no cashier: {found.code}"] += 1
        return None

    async def order_command(self, visitor: Visitor, name: str, placed: Placed, key: str) -> None:
        body = {"order_id": placed.order_id}
        await self.shop.command(str(visitor.user), name, body, f"{key}:{name}", taps=visitor.taps)

    async def see_paid(self, visitor: Visitor, placed: Placed) -> bool:
        """Look at the order until the payment shows. False when it never does, or bought nothing."""
        path = f"/v1/orders/{placed.order_id}"
        for look in range(LOOKS_MAX):
            answer = await self.shop.read(
                str(visitor.user), path, name="see_order", token=placed.token
            )
            if answer.status not in READ:
                self.seen.wrong.append(f"{path} at {placed.token}: {answer.status} {answer.raw!r}")
                return False
            status = answer.json().get("status")
            if answer.ok and status in PAID:
                return True
            if answer.ok and status in OVER:
                self.seen.outcomes[f"paid in vain: {status}"] += 1
                return False
            await sleep(self.clock, LOOK_SECONDS * (1 + look / 4))
        self.seen.outcomes["payment not seen in time"] += 1
        return False


def as_placed(reply: dict[str, Any], token: str) -> Placed:
    deadline = datetime.fromisoformat(reply["pay_deadline"])
    return Placed(reply["order_id"], reply.get("group_id") or "", deadline, token)
