"""`make bench`: every figure README quotes, as ratios measured in one run. `--out FILE` writes JSON too.

Machines differ and are noisy, so rivals run right after each other, several times, and the median of the
ratios counts. `--only KEY` picks; `--quick` measures less, to see that everything works.
"""

import json
import statistics
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from tests.benchmarks import engine_only, reconcile, sustained
from tests.benchmarks.measure import Figure, cpu_seconds, install_row_locks, run, serving
from tests.benchmarks.platform import platform
from tests.benchmarks.shop import JOINS_PER_GROUP, Shop

PATH = "/v1/commands/join_group"
CONNECTIONS = 32
NEEDED = {
    "place_order_vs_floor": (">=", 0.15),
    "place_order_vs_row_locks": (">=", 1.3),
    "place_order_vs_row_locks_1ms": (">=", 4.0),
    "hot_vs_spread": (">=", 0.9),
    "long_stream": ("<=", 1.2),
    "many_holds": ("<=", 1.2),
    "sustained_vs_floor": (">=", 0.06),
    "reconcile_vs_bare_join": ("<=", 4.0),
}


class Bench:
    """The figures so far, and how much to measure."""

    def __init__(self, rounds: int, orders: int) -> None:
        self.rounds = rounds
        self.orders = orders
        self.figures: list[Figure] = []

    def note(self, key: str, value: float, unit: str = "", **details: Any) -> None:
        self.figures.append(Figure(key, value, unit, details))
        sys.stderr.write(f"  {key}: {value:.3f} {unit} {json.dumps(details)}\n")


def joins(bench: Bench, shop: Shop, groups: list[str]) -> "Callable[[], Iterator[Any]]":
    """Fresh (group, buyer) pairs, `bench.orders` at a time."""
    everything = shop.joins(groups, len(groups) * JOINS_PER_GROUP)

    def more() -> Iterator[Any]:
        return iter([next(everything) for _ in range(bench.orders)])

    return more


def place_order(bench: Bench) -> None:
    """Joins over HTTP against the floor and against row locks, side by side."""
    with platform(["dev-issuer", "engine-1"]) as running:
        shop = Shop(running)
        offer = shop.offer(bench.orders * (4 * bench.rounds + 2))
        install_row_locks(running, offer.groups, offer.campaign_id, offer.pool_id)
        ours, theirs = (joins(bench, shop, offer.groups) for _ in range(2))
        engine = f"http://127.0.0.1:{running.made['engine_port']}{PATH}"
        pid = running.pid("engine-1")
        with serving(running, "floor") as floor, serving(running, "row_locks") as rival:
            urls = [f"http://127.0.0.1:{port}{PATH}" for port in (floor, rival)]
            run(shop.plan(engine, ours(), connections=CONNECTIONS))  # everybody warms up
            run(shop.plan(urls[1], theirs(), connections=CONNECTIONS))
            speeds: list[tuple[float, float, float]] = []
            cpu = 0.0
            for _ in range(bench.rounds):
                before = cpu_seconds(pid)
                mine = run(shop.plan(engine, ours(), connections=CONNECTIONS))
                cpu += cpu_seconds(pid) - before
                bare = run(
                    shop.plan(
                        urls[0], shop.joins(offer.groups, 2 * bench.orders), connections=CONNECTIONS
                    )
                )
                rows = run(shop.plan(urls[1], theirs(), connections=CONNECTIONS))
                speeds.append((mine.per_second, bare.per_second, rows.per_second))
            own, bare_speed, row_speed = (
                statistics.median(column) for column in zip(*speeds, strict=True)
            )
            bench.note("place_order", own, "orders/s")
            bench.note("engine_cpu", 1e6 * cpu / (bench.rounds * bench.orders), "us/order")
            bench.note("floor", bare_speed, "requests/s")
            bench.note("row_locks", row_speed, "orders/s")
            bench.note("place_order_vs_floor", median_ratio(speeds, 0, 1), rounds=len(speeds))
            bench.note("place_order_vs_row_locks", median_ratio(speeds, 0, 2), rounds=len(speeds))
            running.alter(commit_delay="1000", commit_siblings="0")
            slow = [
                (
                    run(shop.plan(engine, ours(), connections=CONNECTIONS)).per_second,
                    run(shop.plan(urls[1], theirs(), connections=CONNECTIONS)).per_second,
                )
                for _ in range(bench.rounds)
            ]
            bench.note("place_order_1ms", statistics.median(mine for mine, _ in slow), "orders/s")
            bench.note("row_locks_1ms", statistics.median(rows for _, rows in slow), "orders/s")
            bench.note("place_order_vs_row_locks_1ms", median_ratio(slow, 0, 1), rounds=len(slow))


def median_ratio(speeds: Sequence[tuple[float, ...]], ours: int, other: int) -> float:
    return statistics.median(round_[ours] / round_[other] for round_ in speeds)


def shapes_of_load(bench: Bench) -> None:
    """One hot SKU against many, latency below capacity, and other numbers of connections."""
    with platform(["dev-issuer", "engine-1"]) as running:
        shop = Shop(running)
        hot = shop.offer(bench.orders * (bench.rounds + 6))
        campaigns = 1_000 if bench.rounds > 1 else 50
        spread = [shop.offer(1, seats=20).groups[0] for _ in range(campaigns)]
        more = joins(bench, shop, hot.groups)
        url = f"http://127.0.0.1:{running.made['engine_port']}{PATH}"
        run(shop.plan(url, more(), connections=CONNECTIONS))
        a_round, pairs = 18 // bench.rounds, []  # seats of each group, by another buyer each
        for round_ in range(bench.rounds):
            wide = [
                (spread[i % campaigns], (i // campaigns + round_ * a_round) * 97 % 1_900)
                for i in range(min(bench.orders, campaigns * a_round))
            ]
            of_hot = run(shop.plan(url, more(), connections=CONNECTIONS)).per_second
            pairs.append(
                (of_hot, run(shop.plan(url, iter(wide), connections=CONNECTIONS)).per_second)
            )
        bench.note("hot_vs_spread", median_ratio(pairs, 0, 1), campaigns=campaigns)
        capacity = statistics.median(hot for hot, _ in pairs)
        for connections in (32, 128, 512):
            result = run(shop.plan(url, more(), connections=connections))
            bench.note(
                f"p50_{connections}", result.p50, "ms", p99=result.p99, per_second=result.per_second
            )
        paced = run(shop.plan(url, more(), connections=256, rate=0.7 * capacity))
        bench.note("p50_open_loop_70", paced.p50, "ms", p99=paced.p99, rate=0.7 * capacity)


GROUPS: dict[str, Callable[[Bench], None]] = {
    "place_order": place_order,
    "shapes": shapes_of_load,
    "engine": lambda bench: engine_only.measure(bench.note, quick=bench.rounds == 1),
    "reconcile": lambda bench: reconcile.measure(bench.note, quick=bench.rounds == 1),
    "sustained": lambda bench: sustained.measure(bench.note, quick=bench.rounds == 1),
}


def main(
    out: Annotated[Path | None, typer.Option(help="Write the figures as JSON too.")] = None,
    only: Annotated[str, typer.Option(help=f"One of: {', '.join(GROUPS)}.")] = "",
    *,
    quick: Annotated[
        bool, typer.Option(help="Little of everything; figures mean nothing.")
    ] = False,
) -> None:
    """Measure, print a table, and say which needed ratio was missed."""
    bench = Bench(rounds=1, orders=1_000) if quick else Bench(rounds=5, orders=6_000)
    for name, measure in GROUPS.items():
        if only in ("", name):
            sys.stderr.write(f"{name}\n")
            measure(bench)
    table = Table("figure", "value", "unit", "needed", "details")
    for figure in bench.figures:
        sign, bound = NEEDED.get(figure.key, ("", 0.0))
        met = not sign or (figure.value >= bound if sign == ">=" else figure.value <= bound)
        needed = f"{sign} {bound}" if sign else ""
        style = "" if met else "bold red"
        details = ", ".join(
            f"{k} {v:.1f}" if isinstance(v, float) else f"{k} {v}"
            for k, v in figure.details.items()
        )
        table.add_row(figure.key, f"{figure.value:,.3f}", figure.unit, needed, details, style=style)
    Console().print(table)
    if out is not None:
        out.write_text(json.dumps([figure._asdict() for figure in bench.figures], indent=2) + "\n")


if __name__ == "__main__":
    typer.run(main)
