"""Writes whole refunds as they were lived once, for `test_refund_streams.py`: `python -m tests.processes.recorded_streams`.

A stream that stands there stays as it is: code of any later day has to fold it to the state beside it.
"""

import asyncio
import random
from pathlib import Path
from typing import Any

import msgspec

from commands.processes.refund_buyers import REFUND_BUYERS
from domain.refund import REFUND
from tests.processes.desk import Desk
from tests.processes.enemy import EnemyChannel
from tests.processes.test_refund_buyers import WEEK, failed_group
from tests.processes.test_refund_deaths import two_agree

STREAMS = Path(__file__).resolve().parents[1] / "golden" / "refunds"


async def lived(seed: int, ends: tuple[str, ...]) -> list[Any]:
    """A refund at an enemy's hands, and two people who settle what is left."""
    dice = random.Random(seed)
    cell, shop = failed_group(1)
    channel = EnemyChannel(cell, dice, chaos=0.6, ends=ends)
    desk = Desk(cell, REFUND_BUYERS, channel, dice, kills=0.2)
    await desk.run(WEEK)
    (refund_id,) = [id for id, (decider, _, _) in cell.streams.items() if decider is REFUND]
    refund: Any = shop.refund(refund_id)  # type: ignore[arg-type]
    if refund.trouble == "abnormal":
        two_agree(cell, refund_id, "return")
        await desk.run(WEEK)
    if refund.trouble in ("returned", "closed_again"):
        two_agree(cell, refund_id, "paid_elsewhere", "银行回单 77")
    return cell.facts(refund_id)


def write() -> None:
    STREAMS.mkdir(exist_ok=True)
    for name, ends in (("arrived", "succeeded"), ("closed", "closed"), ("dead", "abnormal")):
        for seed in (1, 2, 3):
            path = STREAMS / f"{name}-{seed}.jsonl"
            if path.exists():
                continue
            facts = asyncio.run(lived(seed, (ends,)))
            lines = [msgspec.json.encode(it) for it in (*facts, REFUND.fold(facts))]
            path.write_bytes(b"\n".join(lines) + b"\n")


if __name__ == "__main__":
    write()
