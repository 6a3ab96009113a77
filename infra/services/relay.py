"""`tuan relay`: what was recorded goes to JetStream, in order, without a gap."""

import os
from typing import Any

from infra.crash import POINTS, reached_from
from infra.delivery.relay import Relay
from infra.services.health import serve_beside
from infra.settings import Settings


async def main(settings: Settings) -> None:
    """Serve until a signal. Several may run: one publishes, the others wait for it to fall silent."""
    relay = Relay(
        settings.cell,
        settings.dsn("tuan_projector"),
        settings.nats_servers(),
        reached=reached_from(os.environ, POINTS["relay"]),
    )

    def state() -> dict[str, Any]:
        return {"ready": relay.ready, "cell": settings.cell, "position": relay.published.position}

    await serve_beside(relay.run(), settings.host, settings.relay_port, state)
