"""`tuan world`: a few shoppers a second in the development tenant, as long as `tuan up` runs."""

import asyncio
import logging
import signal
from contextlib import AsyncExitStack

from infra.clock import clock_from
from infra.embedded.first_run import DEVELOPMENT_TENANT
from infra.settings import Settings, embedded
from infra.simulator.world.client import Client
from infra.simulator.world.living import live
from infra.simulator.world.seen import Seen
from infra.simulator.world.shop import Shop
from infra.simulator.world.wallet import Wallet

log = logging.getLogger(__name__)

AT_ONCE = 16  # requests in flight


async def main(settings: Settings) -> None:
    """Live until a signal. Without the embedded default, or at rate 0, nobody comes."""
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    if not settings.world_rate or not embedded(settings):
        log.info("nobody comes: TUAN_WORLD_RATE is 0, or this is not the embedded default")
        await ended.wait()
        return
    async with AsyncExitStack() as stack:
        seen = Seen()
        urls = (settings.public_url, settings.simulator_url, settings.issuer)
        clients = [Client(url, seen, at_once=AT_ONCE) for url in urls]
        api, channel, issuer = [await stack.enter_async_context(one) for one in clients]
        shop = Shop(api, channel, Wallet(issuer, DEVELOPMENT_TENANT), seen)
        life = asyncio.create_task(live(shop, clock_from(settings), settings.world_rate))
        waiting = asyncio.create_task(ended.wait())
        await asyncio.wait([life, waiting], return_when=asyncio.FIRST_COMPLETED)
        waiting.cancel()
        life.cancel()
        await asyncio.gather(waiting, life, return_exceptions=True)
        if not ended.is_set():
            life.result()  # it never ends by itself: show why
