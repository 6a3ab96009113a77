"""Everything that `make run` runs, under a minute of orders: does any part fall behind?"""

import os
import signal
import statistics
import threading
import time

from infra.embedded.services import SERVICES
from tests.benchmarks.measure import Note, run, serving
from tests.benchmarks.platform import Platform, platform
from tests.benchmarks.shop import Shop
from tests.waiting import eventually

PATH = "/v1/commands/join_group"
CONNECTIONS = 32


class LagWatch(threading.Thread):
    """From commit to read model: again and again, how long until the projector has the engine's head."""

    def __init__(self, running: Platform) -> None:
        super().__init__(daemon=True)
        self.running = running
        self.ended = threading.Event()
        self.seconds: list[float] = []
        self.behind: list[int] = []  # events, one sample a round

    def run(self) -> None:
        while not self.ended.wait(0.1):
            head, began = position(self.running), time.perf_counter()
            self.behind.append(max(0, head - projected(self.running)))
            while projected(self.running) < head and not self.ended.wait(0.005):
                pass
            self.seconds.append(time.perf_counter() - began)


def position(running: Platform) -> int:
    """Head of the log, from whichever engine owns the cell."""
    return max(running.healthz(name).get("position") or 0 for name in running.engines())


def projected(running: Platform) -> int:
    """The read model furthest behind."""
    positions: dict[str, int] = running.healthz("projector_port")["positions"]
    return min(positions.values())


def measure(note: Note, *, quick: bool) -> None:
    seconds = 5 if quick else 60
    services = [service.name for service in SERVICES if service.name != "world"]
    with platform(services) as running:
        shop = Shop(running)
        offer = shop.offer(seconds * 5_000)
        owner = running.owner_url()
        pairs = shop.joins(offer.groups, seconds * 5_000)
        watch = LagWatch(running)
        watch.start()
        load = run(shop.plan(f"{owner}{PATH}", pairs, connections=CONNECTIONS, seconds=seconds))
        watch.ended.set()
        watch.join()
        head = position(running)
        eventually(lambda: projected(running) >= head, 60)
        with serving(running, "floor") as port:
            bare = shop.plan(
                f"http://127.0.0.1:{port}{PATH}",
                shop.joins(offer.groups, 20_000),
                connections=CONNECTIONS,
            )
            floor = statistics.median(run(bare).per_second for _ in range(3))
        half = len(watch.behind) // 2
        early, late = (statistics.mean(part) for part in (watch.behind[:half], watch.behind[half:]))
        lags = sorted(watch.seconds)
        note("sustained", load.per_second, "orders/s", seconds=seconds, p50=load.p50, p99=load.p99)
        note("sustained_vs_floor", load.per_second / floor, floor=floor)
        note("lag_events", late, "events behind", first_half=early, second_half=late)
        note(
            "lag_p50", 1000 * statistics.median(lags), "ms", p99=1000 * lags[int(0.99 * len(lags))]
        )
        note("catch_up", catch_up(running, shop, owner, 10 if quick else 20), "events/s")


def catch_up(running: Platform, shop: Shop, owner: str, seconds: int) -> float:
    """Events a second of a projector that stood still while orders came in."""
    offer = shop.offer(seconds * 5_000)
    pid = running.pid("projector")
    os.kill(pid, signal.SIGSTOP)
    try:
        pairs = shop.joins(offer.groups, seconds * 5_000)
        run(shop.plan(f"{owner}{PATH}", pairs, connections=CONNECTIONS, seconds=seconds))
    finally:
        os.kill(pid, signal.SIGCONT)
    before, head, began = projected(running), position(running), time.perf_counter()
    eventually(lambda: projected(running) >= head, 120)
    return (head - before) / (time.perf_counter() - began)
