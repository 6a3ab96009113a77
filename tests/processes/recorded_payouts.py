"""Writes whole payouts as they were lived once, for `test_payout_streams.py`: `python -m tests.processes.recorded_payouts`.

A stream that stands there stays as it is: code of any later day has to fold it to the state beside it.
"""

import asyncio
import random
from pathlib import Path
from typing import Any

import msgspec

from commands.approve_payout_resolution import ApprovePayoutResolution
from commands.hear_bank import BankWord, HearBank
from commands.processes.pay_out import PAY_OUT
from commands.propose_payout_resolution import ProposePayoutResolution
from commands.send_payouts_by_bank import SendPayoutsByBank
from domain.payout import PAYOUT
from tests.builders import DAY
from tests.in_memory import Cell
from tests.payouts import initiate
from tests.processes.desk import Desk
from tests.processes.enemy_payouts import EnemyPayouts

STREAMS = Path(__file__).resolve().parents[1] / "golden" / "payouts"
WAYS: dict[str, tuple[str, ...]] = {
    "paid": ("confirmed",),
    "lapsed": ("confirmed", "failed"),
    "by-bank": ("failed",),
}


async def lived(seed: int, ends: tuple[str, ...]) -> list[Any]:
    """A payout at an enemy's hands; what never arrives is sent by the bank, which returns it once."""
    dice = random.Random(seed)
    cell = Cell(tenant="demo")
    channel = EnemyPayouts(cell, dice, chaos=0.6, ends=ends)
    id = initiate(cell, seed)
    desk = Desk(cell, PAY_OUT, channel, dice, kills=0.2)
    await desk.run(30 * DAY)
    for result in ("returned", "confirmed") if cell.state(PAYOUT, id).trouble else ():
        wish = ProposePayoutResolution(id, "reissue_by_bank", "", "sealed:6222")
        proposed = cell.ask(wish, by="cat")
        cell.ask(ApprovePayoutResolution(id, proposed.proposal_id, proposed.shown), by="dan")
        await desk.run(DAY)
        (line,) = cell.ask(SendPayoutsByBank((id,))).lines
        word: Any = BankWord(line.number, result, line.amount_fen, cell.at, "B1", 100, "CLOSED")
        cell.ask(HearBank((word,)))
    return cell.facts(id)


def write() -> None:
    """Add the streams that do not stand there yet."""
    STREAMS.mkdir(parents=True, exist_ok=True)
    for name, ends in WAYS.items():
        for seed in (1, 2, 3):
            path = STREAMS / f"{name}-{seed}.jsonl"
            if not path.exists():
                facts = asyncio.run(lived(seed, ends))
                lines = [*facts, PAYOUT.fold(facts)]
                path.write_bytes(b"".join(msgspec.json.encode(one) + b"\n" for one in lines))


if __name__ == "__main__":
    write()
