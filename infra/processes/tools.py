"""What a worker may use: commands over HTTP as a service of the platform, and the tenants' channels."""

from collections.abc import Callable
from datetime import datetime
from typing import Final
from uuid import UUID

import msgspec

from commands.api.payments import Cashier
from commands.api.wire import Macs
from commands.ports import (
    Answer,
    Clock,
    Erased,
    Forwarder,
    PaymentChannel,
    PayoutChannel,
    Submission,
    Unreachable,
)
from commands.processes.todo import Point
from commands.registry import USE_CASES
from commands.split_ports import SplitChannel
from commands.use_case import Command
from infra.crash import go_on
from infra.forwarding import Owners
from infra.processes.breaker import Breaker, Guarded, Rate
from infra.vault import NotSealed

CHANNEL: Final = "wechatpay"  # the one there is
NAMES: Final = {use_case.command: name for name, use_case in USE_CASES.items()}


class ServiceTools:
    """`commands.processes.todo.Tools`."""

    def __init__(
        self,
        owners: Owners,
        forwarder: Forwarder,
        cashier: Cashier,
        macs: Macs,
        new_id: Callable[[], UUID],
        clock: Clock,
        calls_per_second: float,
        reached: Callable[[str], None] = go_on,
    ) -> None:
        self._owners = owners
        self._forwarder = forwarder
        self._channels = cashier.channels
        self._vault = cashier.vault
        self._macs = macs
        self._clock = clock
        self._calls_per_second = calls_per_second
        self._reached = reached
        self._guards: dict[str, Guarded] = {}
        self.new_id = new_id

    def now(self) -> datetime:
        return self._clock.now()

    async def ask(self, point: Point, command: Command, *, mark: str = "") -> Answer:
        """Each attempt has a key of its own, so a recorded refusal is not repeated for ever."""
        address = await self._owners.address(point.tenant)
        if not address:
            raise Unreachable("nobody owns the cell")
        name, body = NAMES[type(command)], msgspec.json.encode(command)
        submission = Submission(
            command_id=self.new_id(),
            tenant=point.tenant,
            principal=f"process:{point.process}",
            name=name,
            idempotency_key=f"{name}:{point.subject}:{mark or point.tries}",
            command=command,
            body=body,
            body_mac=self._macs.of(body),
            correlation_id=point.subject,
        )
        self._reached("asking")
        answer = await self._forwarder.submit(address, submission)
        self._reached("asked")
        return answer

    def channel(self, tenant: str) -> PaymentChannel | None:
        return self._guarded(tenant)

    def payouts(self, tenant: str) -> PayoutChannel | None:
        return self._guarded(tenant)

    def splits(self, tenant: str) -> SplitChannel | None:
        return self._guarded(tenant)

    async def unseal(self, tenant: str, sealed: str) -> str:
        try:
            return await self._vault.unseal(tenant, sealed)
        except NotSealed:  # whoever may read it, nobody can
            raise Erased from None

    def pause(self, tenant: str) -> datetime | None:
        guarded = self._guarded(tenant)
        return guarded.breaker.pause() if guarded else None

    @property
    def breakers(self) -> dict[str, str]:
        """How each channel that was called so far is doing, by tenant."""
        return {tenant: guarded.breaker.state for tenant, guarded in self._guards.items()}

    def _guarded(self, tenant: str) -> Guarded | None:
        if tenant not in self._guards:
            channel = self._channels.find(tenant, CHANNEL)
            if channel is None:
                return None
            breaker, rate = Breaker(self._clock, tenant), Rate(self._calls_per_second)
            self._guards[tenant] = Guarded(channel, breaker, rate, tenant, self._reached)
        return self._guards[tenant]
