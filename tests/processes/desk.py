"""The to-do list and its worker in memory, over a whole cell: what the runner does, one point at a time."""

import random
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec

from commands.ports import Answer, PaymentChannel, PayoutChannel
from commands.processes.todo import Done, Due, Moot, Open, Point, Process
from commands.split_ports import SplitChannel
from commands.use_case import Command
from domain.errors import Rejected
from infra.processes.breaker import Guarded
from tests.in_memory import Cell

PATIENCE = timedelta(seconds=30)


class Killed(Exception):
    """The worker died here: kill -9."""


class Desk:
    """`kills` is the share of its steps at which the worker dies, before or after asking."""

    def __init__(
        self, cell: Cell, process: Process, channel: Any, dice: random.Random, kills: float = 0.0
    ) -> None:
        self.cell = cell
        self.process = process
        self.dice = dice
        self.kills = kills
        self.due: dict[UUID, datetime] = {}
        self.keys: dict[str, Answer] = {}
        self.died = 0
        self.guarded: Guarded | None = None
        self._channel = channel
        self._read = 0
        self._ids = 0

    # --- the list ------------------------------------------------------------------------------

    def follow(self) -> None:
        """Take what has happened since the last look."""
        for recorded in self.cell.log[self._read :]:
            if isinstance(recorded.event, self.process.interest):
                for change in self.process.changes(recorded.event):
                    self._apply(change)
        self._read = len(self.cell.log)

    def _apply(self, change: Open | Due | Done) -> None:
        match change:
            case Open(subject=subject, after=after):
                self.due.setdefault(subject, self.cell.at + after)
            case Due(subject=subject, at=at):
                self.due[subject] = at
            case Done(subject=subject):
                self.due.pop(subject, None)

    def lose_the_list(self) -> None:
        """It is made again from the facts at the next look."""
        self.due.clear()
        self._read = 0

    async def run(self, until: timedelta) -> None:
        """Work until nothing is due within that time; the clock jumps from point to point."""
        end = self.cell.at + until
        while True:
            self.follow()
            if not self.due or min(self.due.values()) > end:
                return
            subject = min(self.due, key=lambda one: (self.due[one], one))
            self.cell.at = max(self.cell.at, self.due[subject])
            await self.work(subject)

    async def work(self, subject: UUID) -> None:
        self.due[subject] = self.cell.at + PATIENCE
        try:
            wait = await self.process.work(
                Point(self.process.name, "demo", subject, subject, 0), self
            )
        except Killed:
            self.died += 1
            return
        if isinstance(wait, Moot):
            self.due.pop(subject)
        elif wait is not None and wait.until is not None:
            self.due[subject] = wait.until

    # --- commands.processes.todo.Tools ----------------------------------------------------------

    async def ask(self, point: Point, command: Command, *, mark: str = "") -> Answer:
        self._may_die()
        key = f"{type(command).__name__}:{point.subject}:{mark}"
        if key not in self.keys:
            self.keys[key] = self._decide(command)
        self._may_die()
        return self.keys[key]

    def _decide(self, command: Command) -> Answer:
        try:
            reply = self.cell.ask(command)
        except Rejected as no:
            return Answer(UUID(int=1), no.code, b"{}", "", False)
        return Answer(UUID(int=1), "accepted", msgspec.json.encode(reply), "", False)

    def _may_die(self) -> None:
        if self.dice.random() < self.kills:
            raise Killed

    def channel(self, tenant: str) -> PaymentChannel | None:
        channel: PaymentChannel = self.guarded or self._channel
        return channel

    def payouts(self, tenant: str) -> PayoutChannel | None:
        channel: PayoutChannel = self.guarded or self._channel
        return channel

    def splits(self, tenant: str) -> SplitChannel | None:
        channel: SplitChannel = self.guarded or self._channel
        return channel

    async def unseal(self, tenant: str, sealed: str) -> str:
        return sealed.removeprefix("sealed:")

    def pause(self, tenant: str) -> datetime | None:
        return self.guarded.breaker.pause() if self.guarded else None

    def now(self) -> datetime:
        return self.cell.at

    def new_id(self) -> UUID:
        self._ids += 1
        return UUID(int=self._ids)
