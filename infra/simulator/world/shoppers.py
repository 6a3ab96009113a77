"""Shoppers at work: each follows the plan through the API, and gives up like a person would."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple

from infra.simulator.world.client import Answer, GaveUp
from infra.simulator.world.pace import Bucket, Counter, Stay, Tempo
from infra.simulator.world.plan import Loner, Mind, Party, Prank, Visitor
from infra.simulator.world.pranks import PRANKS, Target, play, reuse_key
from infra.simulator.world.shop import Cashier, Shop

Campaigns = dict[tuple[int, int], str]  # (item, seats) -> campaign id

LOOK_SECONDS: Final = 20.0  # of the world's time, between two looks at an order or a full group
LOOKS_MAX: Final = 25  # each a little later than the one before: two hours in all
LAST_SECONDS: Final = 6.0  # before the pay deadline, for those who pay in the last seconds
COME_BACK: Final = frozenset({"group_full", "group_not_found"})  # may be otherwise in a while
PAID: Final = frozenset({"GROUPING", "GROUPED", "READY"})
OVER: Final = frozenset({"CLOSED", "REFUNDING", "REFUNDED", "LATE_PAID"})
READ: Final = frozenset({200, 409})  # the order, or "not yet visible": never "not found"
NOBODYS: Final = "00000000-0000-4000-8000-000000000001"


class Placed(NamedTuple):
    """An order that was taken."""

    order_id: str
    group_id: str
    pay_deadline: datetime
    token: str


class Errand(NamedTuple):
    """One order on its way: whose, under which keys, and whom to tell once it is paid and seen."""

    visitor: Visitor
    placed: Placed
    key: str
    stay: Stay
    seated: Callable[[], None]


class Shoppers:
    """`run` makes the keys of this run its own."""

    def __init__(
        self,
        shop: Shop,
        campaigns: Campaigns,
        tempo: Tempo,
        bucket: Bucket,
        counter: Counter,
        run: str,
    ) -> None:
        self.shop = shop
        self.seen = shop.seen
        self.campaigns = campaigns
        self.tempo = tempo
        self.bucket = bucket
        self.counter = counter
        self.run = run
        self.groups: list[tuple[Party, str]] = []  # opened ones, with their id
        self.last_order_id = NOBODYS

    # --- whole steps ---------------------------------------------------------------------------

    async def party(self, party: Party) -> None:
        """Open the group; once it started, the others come."""
        key = f"{self.run}:{party.number}:{party.seats}:{party.leader.user.hex[:8]}"
        campaign = self.campaigns[party.item, party.seats]
        started = asyncio.Event()
        async with asyncio.TaskGroup() as together, self.counter.stay() as stay:
            placed = await self.place(party.leader, "open_group", {"campaign_id": campaign}, key)
            if placed is None:
                return
            self.groups.append((party, placed.group_id))
            members = [
                self.member(other, placed.group_id, started, f"{key}:{number}")
                for number, other in enumerate(party.others)
            ]
            coming = [together.create_task(self.patiently(member)) for member in members]
            await self.patiently(
                self.follow_through(Errand(party.leader, placed, key, stay, started.set))
            )
            if not started.is_set():  # nor will it ever be
                for one in coming:
                    one.cancel()

    async def loner(self, loner: Loner) -> None:
        key = f"{self.run}:{loner.number}:alone"
        campaign = self.campaigns[loner.item, loner.seats]
        async with self.counter.stay() as stay:
            placed = await self.place(loner.visitor, "buy_alone", {"campaign_id": campaign}, key)
            if placed is not None:
                await self.follow_through(Errand(loner.visitor, placed, key, stay, nobody_waits))

    async def prank(self, prank: Prank) -> None:
        key = f"{self.run}:{prank.number}"
        target = Target(self.campaigns[prank.item, prank.seats], self.last_order_id)
        if prank.kind % (len(PRANKS) + 1) == len(PRANKS):
            await reuse_key(self.shop, prank.user, target, key)
        else:
            await play(self.shop, prank.kind, prank.user, target, key)

    async def member(
        self, visitor: Visitor, group_id: str, started: asyncio.Event, key: str
    ) -> None:
        """Join as soon as there is room, or until patience ends."""
        await started.wait()
        await self.tempo.sleep(visitor.arrives)
        for attempt in range(LOOKS_MAX):
            code = await self.join(visitor, group_id, f"{key}.{attempt}")
            if code not in COME_BACK:
                return
            await self.tempo.sleep(LOOK_SECONDS * (1 + attempt))
        self.seen.outcomes["came in vain"] += 1

    async def join(self, visitor: Visitor, group_id: str, key: str) -> str:
        """The refusal's code; "" when the seat was taken and what follows has been done."""
        async with self.counter.stay() as stay:
            answer = await self.order(visitor, "join_group", {"group_id": group_id}, key)
            if answer.ok:
                errand = Errand(visitor, as_placed(answer), key, stay, nobody_waits)
                await self.follow_through(errand)
            return answer.code

    async def patiently(self, doing: Awaitable[None]) -> None:
        """A shopper who gets no answer at all goes away; the others stay."""
        try:
            await doing
        except GaveUp as silence:
            self.seen.outcomes["gave up"] += 1
            self.seen.wrong.append(str(silence))

    # --- parts of steps ------------------------------------------------------------------------

    async def order(self, visitor: Visitor, name: str, body: dict[str, Any], key: str) -> Answer:
        await self.bucket.take()
        body |= {"province": visitor.province, "quantity": visitor.quantity}
        return await self.shop.command(str(visitor.user), name, body, key, taps=visitor.taps)

    async def place(
        self, visitor: Visitor, name: str, body: dict[str, Any], key: str
    ) -> Placed | None:
        answer = await self.order(visitor, name, body, key)
        if not answer.ok:
            self.seen.outcomes[f"refused: {answer.code}"] += 1
            return None
        placed = as_placed(answer)
        self.last_order_id = placed.order_id
        return placed

    async def follow_through(self, errand: Errand) -> None:
        """After ordering: pay, or whatever is on this shopper's mind."""
        mind = errand.visitor.mind
        self.seen.outcomes[mind.value] += 1
        if mind is Mind.LEAVES:
            return
        if mind is Mind.CANCELS:
            await self.tempo.sleep(errand.visitor.thinks)
            await self.order_command(errand, "cancel_order")
            return
        if mind in (Mind.LATE, Mind.LAST_SECOND):
            cashier = await self.open_cashier(errand)
            errand.stay.leave()
            after = LAST_SECONDS if mind is Mind.LATE else -LAST_SECONDS
            await self.tempo.sleep_until(errand.placed.pay_deadline + timedelta(seconds=after))
        else:
            await self.tempo.sleep(errand.visitor.thinks)
            cashier = await self.open_cashier(errand)
        if cashier is None or mind is Mind.HESITATES:
            return
        if mind is Mind.CANCELS_PAYING:
            await self.order_command(errand, "cancel_order")
        reason = await self.shop.pay(cashier)
        errand.stay.leave()
        if reason:
            self.seen.outcomes[f"channel: {reason}"] += 1
        elif await self.see_paid(errand):
            errand.seated()
            if mind is Mind.WITHDRAWS:
                await self.tempo.sleep(errand.visitor.regrets)
                await self.order_command(errand, "withdraw_order")

    async def open_cashier(self, errand: Errand) -> Cashier | None:
        visitor, order_id = errand.visitor, errand.placed.order_id
        found = await self.shop.cashier(
            visitor.user, order_id, f"{errand.key}:pay", taps=visitor.taps
        )
        if isinstance(found, Cashier):
            return found
        self.seen.outcomes[f"no cashier: {found.code}"] += 1
        return None

    async def order_command(self, errand: Errand, name: str) -> None:
        body = {"order_id": errand.placed.order_id}
        who, taps = str(errand.visitor.user), errand.visitor.taps
        await self.shop.command(who, name, body, f"{errand.key}:{name}", taps=taps)

    async def see_paid(self, errand: Errand) -> bool:
        """Look at the order until the payment shows. False when it never does, or bought nothing."""
        path, token = f"/v1/orders/{errand.placed.order_id}", errand.placed.token
        who = str(errand.visitor.user)
        for look in range(LOOKS_MAX):
            answer = await self.shop.read(who, path, name="see_order", token=token)
            if answer.status not in READ:
                self.seen.wrong.append(f"{path} at {token}: {answer.status} {answer.raw!r}")
                return False
            status = answer.json().get("status") if answer.ok else ""
            if status in PAID:
                return True
            if status in OVER:
                self.seen.outcomes[f"paid in vain: {status}"] += 1
                return False
            await self.tempo.sleep(LOOK_SECONDS * (1 + look))
        self.seen.outcomes["payment not seen in time"] += 1
        return False


def as_placed(answer: Answer) -> Placed:
    reply = answer.json()
    deadline = datetime.fromisoformat(reply["pay_deadline"])
    token = answer.headers.get("Tuan-Token", "")
    return Placed(reply["order_id"], reply.get("group_id") or "", deadline, token)


def nobody_waits() -> None:
    """For errands that nobody else's depends on."""
