"""S4, S16: kill -9 between every two steps of a refund: a step that was not done, and nothing else."""

import random
from typing import Any

from commands.approve_resolution import ApproveResolution
from commands.processes.refund_buyers import REFUND_BUYERS
from commands.propose_resolution import ProposeResolution
from domain.display import OrderStatus
from domain.events.order import RefundOwed
from domain.events.refund import RefundReturned
from tests.builders import cat, dan
from tests.in_memory import Cell
from tests.processes.desk import Desk, Killed
from tests.processes.enemy import EnemyChannel
from tests.processes.test_refund_buyers import WEEK, failed_group
from tests.processes.test_refund_saga import all_paid, calm


class Doomed(Desk):
    """Its worker dies at the steps with these numbers. A step is a moment before or after an effect."""

    def __init__(self, *parts: Any, at: frozenset[int]) -> None:
        super().__init__(*parts)
        self.at_steps = at
        self.steps = 0

    def _may_die(self) -> None:
        self.steps += 1
        if self.steps in self.at_steps:
            raise Killed

    def channel(self, tenant: str) -> Any:
        return Mortal(self._channel, self)


class Mortal:
    """The channel, with a moment to die before and after each call."""

    def __init__(self, channel: EnemyChannel, desk: Doomed) -> None:
        self._channel = channel
        self._desk = desk

    def __getattr__(self, name: str) -> Any:
        async def call(*parts: Any, **named: Any) -> Any:
            self._desk._may_die()
            answer = await getattr(self._channel, name)(*parts, **named)
            self._desk._may_die()
            return answer

        return call


async def lived_through(deaths: frozenset[int]) -> Doomed:
    cell, shop = failed_group(1)
    channel = calm(cell)
    desk = Doomed(cell, REFUND_BUYERS, channel, random.Random(4), at=deaths)
    await desk.run(WEEK)
    all_paid(cell, shop, channel)
    assert len(channel.numbers) == 1
    return desk


async def test_s4_a_death_between_any_two_steps_is_a_step_not_done() -> None:
    steps = (await lived_through(frozenset())).steps
    assert steps >= 10
    for death in range(1, steps + 1):
        assert (await lived_through(frozenset({death}))).died == 1
    for first in range(1, steps + 1):
        for second in range(first + 1, steps + 4):
            await lived_through(frozenset({first, second}))


async def test_s16_a_death_in_the_middle_of_getting_money_back_changes_nothing() -> None:
    """Abnormal, returned to us, paid by another way: forward, step by step, whoever dies."""
    deaths = 0
    for death in range(1, 25):
        cell, shop = failed_group(1)
        channel = EnemyChannel(cell, random.Random(4), chaos=0.0, ends=("abnormal",))
        desk = Doomed(cell, REFUND_BUYERS, channel, random.Random(4), at=frozenset({death}))
        await desk.run(WEEK)
        (debt,) = cell.happened(RefundOwed)
        two_agree(cell, debt.refund_id, "return")
        await desk.run(WEEK)
        assert len(cell.happened(RefundReturned)) == 1
        assert channel.numbers[shop.refund(debt.refund_id).number].state == "succeeded"
        two_agree(cell, debt.refund_id, "paid_elsewhere", "银行回单 77")
        assert shop.status(debt.order_id) is OrderStatus.REFUNDED
        deaths += desk.died
    assert deaths > 15


def two_agree(cell: Cell, refund_id: Any, action: Any, reference: str = "") -> None:
    wish = cell.ask(ProposeResolution(refund_id, action, "", reference), by=cat)
    cell.ask(ApproveResolution(refund_id, wish.proposal_id, wish.shown), by=dan)
