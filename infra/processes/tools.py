"""What a worker may use: commands over HTTP as a service of the platform, and the tenants' channels."""

from collections.abc import Callable
from typing import Final
from uuid import UUID

import msgspec

from commands.api.payments import Channels
from commands.api.wire import Macs
from commands.ports import Answer, Forwarder, PaymentChannel, Submission, Unreachable
from commands.processes.todo import Point
from commands.registry import USE_CASES
from commands.use_case import Command
from infra.forwarding import Owners

CHANNEL: Final = "wechatpay"  # the one there is
NAMES: Final = {use_case.command: name for name, use_case in USE_CASES.items()}


class ServiceTools:
    """`commands.processes.todo.Tools`."""

    def __init__(
        self,
        owners: Owners,
        forwarder: Forwarder,
        channels: Channels,
        macs: Macs,
        new_id: Callable[[], UUID],
    ) -> None:
        self._owners = owners
        self._forwarder = forwarder
        self._channels = channels
        self._macs = macs
        self._new_id = new_id

    async def ask(self, point: Point, command: Command) -> Answer:
        """Each attempt has a key of its own, so a recorded refusal is not repeated for ever."""
        address = await self._owners.address(point.tenant)
        if not address:
            raise Unreachable("nobody owns the cell")
        name, body = NAMES[type(command)], msgspec.json.encode(command)
        submission = Submission(
            command_id=self._new_id(),
            tenant=point.tenant,
            principal=f"process:{point.process}",
            name=name,
            idempotency_key=f"{name}:{point.subject}:{point.tries}",
            command=command,
            body=body,
            body_mac=self._macs.of(body),
            correlation_id=point.subject,
        )
        return await self._forwarder.submit(address, submission)

    def channel(self, tenant: str) -> PaymentChannel | None:
        return self._channels.find(tenant, CHANNEL)
