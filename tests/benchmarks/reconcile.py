"""A million lines of a bill against a million rows of clearing, on two cores: seconds, and peak memory.

Beside it, in the same run, the least that any join must do: a dictionary of the rows, and a look-up a line, of
the same files and with as many processes, comparing nothing.
"""

import resource
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from datetime import date, datetime, timedelta, timezone
from multiprocessing import get_context
from pathlib import Path
from typing import Any, Final

from domain.bill_lines import BillKey, TradeLine
from domain.matching import conclude
from domain.matching_rows import Equal, Finding, Row
from infra.recon import parts as spilled
from infra.recon.parts import Parts

CORES: Final = 2
DAY: Final = date(2026, 11, 23)
NOON: Final = datetime(2026, 11, 23, 12, tzinfo=timezone(timedelta(hours=8)))
BREAK_EVERY: Final = 5_000  # a line in so many differs by a fen


def lines(count: int) -> Iterator[TradeLine]:
    bill = BillKey("wechatpay", "1900000001", "trade", DAY)
    for n in range(count):
        fen = 1_00 + n % 900_00 + (n % BREAK_EVERY == 0)
        yield TradeLine(
            bill, n + 1, "pay", "SUCCESS", f"{n * 7919:032x}", f"42000{n:023d}", "", "", fen, fen,
            (1_00 + n % 900_00) * 6 // 1000, "", "", "CNY", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o",
            NOON + timedelta(seconds=n % 36_000),
        )  # fmt: skip


def rows(count: int) -> Iterator[Row]:
    for n in reversed(range(count)):
        fen = 1_00 + n % 900_00
        yield Row(
            "pay", f"{n * 7919:032x}", f"42000{n:023d}", fen, fen * 6 // 1000, DAY,
            NOON + timedelta(seconds=n % 36_000),
        )  # fmt: skip


def bare(parts: Parts, part: int) -> int:
    """The rival: rows by number, a look-up a line, and nothing is compared."""
    known = {row.channel_number: row for row in spilled.read(parts.file("rows", part), Row)}
    found = spilled.read(parts.file("lines", part), TradeLine)
    return sum(known.get(line.transaction_id) is not None for line in found)


def bare_all(parts: Parts) -> int:
    with ProcessPoolExecutor(CORES, mp_context=get_context("spawn")) as pool:
        return sum(pool.map(bare, [parts] * parts.total, range(parts.total)))


def whole(parts: Parts) -> tuple[int, int]:
    """All of stage A: equal pairs read back, and breaks named."""
    leftovers = spilled.settle_all(parts, CORES)
    equal = sum(1 for _ in spilled.settled(parts))
    outcomes = list(conclude(leftovers, bill_date=DAY, known=lambda numbers: {}))
    equal += sum(isinstance(it, Equal) for it in outcomes)
    return equal, sum(isinstance(it, Finding) for it in outcomes)


def spill(parts: Parts, count: int) -> None:
    spilled.spill_lines(parts, lines(count))
    spilled.spill_rows(parts, rows(count))


def timed(work: Callable[[], Any]) -> tuple[float, Any]:
    began = time.perf_counter()
    done = work()
    return time.perf_counter() - began, done


def peak_mb() -> float:
    """Of this process, and of its largest child, times the cores: never less than there was."""
    own = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    child = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return (own + CORES * child) / 1024


def measure(note: Callable[..., None], *, quick: bool) -> None:
    """Note seconds, memory, and the ratio to the rival."""
    count = 20_000 if quick else 1_000_000
    with tempfile.TemporaryDirectory() as folder:
        parts = Parts(Path(folder), spilled.parts_for(count), DAY)
        spilling, _ = timed(lambda: spill(parts, count))
        mine, (equal, broken) = timed(lambda: whole(parts))
        memory = peak_mb()
        theirs, found = timed(lambda: bare_all(parts))
    assert found == count
    assert equal + broken == count
    assert broken == -(-count // BREAK_EVERY)
    note("reconcile", mine, "s", lines=count, parts=parts.total, cores=CORES)
    note("reconcile_spill", spilling, "s", lines=count)
    note("reconcile_memory", memory, "MB")
    note("reconcile_vs_bare_join", mine / theirs, bare_seconds=theirs)
