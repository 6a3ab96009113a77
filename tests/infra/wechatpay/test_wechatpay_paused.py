"""S17: a worker process that is stopped over its call (SIGSTOP) past its deadline, and resumed, moves no money."""

import asyncio
import os
import signal
import sys
from datetime import datetime
from pathlib import Path

import pytest

from infra.clock import create_clock
from infra.settings import CHECKOUT
from infra.wechatpay.credentials import load_merchant
from tests.infra.wechatpay.support import MINUTE, NOON, Bare, open_shop, simulating
from tests.waiting import eventually_async

DEADLINE = NOON + 2 * MINUTE


@pytest.mark.parametrize(
    ("woken", "answer", "refunds"),
    [
        (NOON + MINUTE, "processing", 1),
        (DEADLINE, "too_late", 0),
        (NOON + 60 * MINUTE, "too_late", 0),
    ],
    ids=["before its deadline", "at its deadline", "an hour later"],
)
async def test_s17_a_worker_stopped_past_its_deadline_moves_no_money(
    keys: Path, tmp_path: Path, woken: datetime, answer: str, refunds: int
) -> None:
    clock = create_clock(tmp_path / "clock", start=NOON, rate=0)
    books = tmp_path / "books.sqlite3"
    async with simulating(keys, books, clock) as simulator, open_shop() as shop:
        paid = await Bare(load_merchant(keys), simulator, clock).pay(shop)
        worker = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "tests.infra.wechatpay.sleeper"),
            *(str(keys), str(clock.path), simulator.url, paid, DEADLINE.isoformat()),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
        )
        assert worker.stdin is not None
        assert worker.stdout is not None
        assert await worker.stdout.readline() == b"holding the call\n"
        worker.send_signal(signal.SIGSTOP)
        await eventually_async(lambda: stopped(worker.pid))
        worker.stdin.write(b"go\n")
        clock.jump(woken)
        worker.send_signal(signal.SIGCONT)
        assert (await worker.stdout.readline()).decode().strip() == answer
        assert await worker.wait() == 0
        assert len(await simulator.rows("refunds")) == refunds


async def stopped(pid: int) -> bool:
    """The kernel says so."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] == "T"
