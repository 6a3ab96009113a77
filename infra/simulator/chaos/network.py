"""Every way between two processes of the platform leads through a proxy here, and can be made a bad one."""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, Self

from psycopg.conninfo import make_conninfo

from infra.embedded import home, ports
from infra.settings import PREFIX
from infra.simulator.chaos.plan import LINKS, Fault
from infra.simulator.chaos.proxy import TcpProxy

HOST: Final = "127.0.0.1"
LATENCY_SECONDS: Final = 0.03
JITTER_SECONDS: Final = 0.4
FELT_SECONDS: Final = 30.0  # a fault that nobody has felt goes on for so much longer
LOOK_SECONDS: Final = 0.1
PORTS: Final = {
    "postgres": "postgres_port",
    "nats": "nats_port",
    "channel": "channel_simulator_port",
    "gateway": "gateway_port",
}
FELT: Final = {"slow": "slowed", "cut": "cut", "silent": "held", "one-way": "held"}


class Network:
    """Use as an async context manager, around the platform: its proxies have to be there first."""

    def __init__(self, directory: Path) -> None:
        self._made = made = home.remembered(directory)
        for name in (*PORTS.values(), "nats_monitor_port"):
            home.keep_or_choose_port(made, name)
        for name in ("postgres_password", "nats_token"):
            home.keep_or_make_secret(made, name)
        home.remember(directory, made)  # the platform comes up where the proxies look for it
        ports.give_up_claims()
        self.proxies = {link: TcpProxy(HOST, made[PORTS[link.partition("→")[2]]]) for link in LINKS}
        self._busy: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        for proxy in self.proxies.values():
            await self._stack.enter_async_context(proxy)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def environments(self) -> Mapping[str, Mapping[str, str]]:
        """What leads each service through its proxies."""
        found: defaultdict[str, dict[str, str]] = defaultdict(dict)
        for link, proxy in self.proxies.items():
            service, _, upstream = link.partition("→")
            match upstream:
                case "postgres":
                    dsn = make_conninfo(
                        user="tuan",
                        password=self._made["postgres_password"],
                        host=HOST,
                        port=proxy.port,
                        dbname="tuan",
                    )
                    found[service][f"{PREFIX}POSTGRES_DSN"] = dsn
                case "nats":
                    url = f"nats://{self._made['nats_token']}@{HOST}:{proxy.port}"
                    found[service][f"{PREFIX}NATS_URL"] = url
                case "channel":
                    url = f"http://{HOST}:{proxy.port}"
                    found[service][f"{PREFIX}CHANNEL_SIMULATOR_URL"] = url
        notified = f"http://{HOST}:{self.proxies['channel→gateway'].port}"
        for service in ("engine-1", "engine-2", "gateway", "runner"):
            found[service][f"{PREFIX}GATEWAY_URL"] = notified  # where the channel is told to answer
        return found

    async def suffer(self, fault: Fault) -> bool:
        """Do it for its seconds, and longer until somebody has felt it. False when nobody did."""
        proxy = self.proxies[fault.target]
        async with self._busy[fault.target]:
            before = proxy.felt[FELT[fault.what]]
            begin(proxy, fault)
            try:
                await asyncio.sleep(fault.seconds)
                deadline = asyncio.get_running_loop().time() + FELT_SECONDS
                while proxy.felt[FELT[fault.what]] == before:
                    if asyncio.get_running_loop().time() > deadline:
                        return False
                    await asyncio.sleep(LOOK_SECONDS)
                return True
            finally:
                if fault.detail.endswith("cut"):
                    proxy.cut()  # what was held is lost; else it arrives now
                proxy.let_go()

    def heal(self) -> None:
        for proxy in self.proxies.values():
            proxy.let_go()

    def felt(self) -> dict[str, dict[str, int]]:
        """What connections met, by link."""
        return {link: dict(proxy.felt) for link, proxy in self.proxies.items() if proxy.felt}


def begin(proxy: TcpProxy, fault: Fault) -> None:
    match fault.what:
        case "slow":
            proxy.latency_seconds, proxy.jitter_seconds = LATENCY_SECONDS, JITTER_SECONDS
        case "cut":
            proxy.refuses = True
            proxy.cut()
        case "silent":
            proxy.hold()
        case "one-way":
            held = fault.detail.partition(" ")[0]
            proxy.hold(requests=held == "requests", answers=held == "answers")
        case _:
            raise ValueError(f"{fault.what} is not done to connections")
