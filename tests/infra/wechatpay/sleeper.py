"""A worker in a process of its own: it has been given a call, says so, and makes it when told; then tells how it went."""

import asyncio
import sys
from datetime import datetime
from pathlib import Path

from commands.ports import ChannelInDoubt, ChannelRefused
from domain.money import Money
from infra.clock import SharedClock
from tests.infra.wechatpay.support import REFUND, channel_at


async def main(keys: str, clock: str, url: str, transaction_id: str, deadline: str) -> None:
    async with channel_at(
        Path(keys), url, "http://127.0.0.1:9/", SharedClock(Path(clock))
    ) as channel:
        await channel.balance()  # the line is open, as it is in a worker that has been at work
        say("holding the call")
        sys.stdin.readline()
        try:
            told = await channel.refund(
                transaction_id=transaction_id,
                out_refund_no=REFUND,
                amount=Money(1990),
                total=Money(1990),
                reason="拼团未成功",
                before=datetime.fromisoformat(deadline),
            )
        except (ChannelInDoubt, ChannelRefused) as not_done:
            say(not_done.code)
        else:
            say(told.state)


def say(line: str) -> None:
    print(line, flush=True)  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
