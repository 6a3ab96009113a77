"""Customers of toy processes: they ask with unique keys, insist with the same key, and remember every answer."""

import asyncio
import random
from collections import Counter
from uuid import UUID

import msgspec

from tests.engine.toy import Bump, Open
from tests.engine.wire import LINE_MAX, Ask, Said, encode, read_said

PATIENCE_SECONDS = 60  # a customer who waits longer for a definite answer has found a fault
POLL_SECONDS = 0.05
LIMIT = 40  # of the counters that refuse


class Customers:
    """A crowd. `settled` is what was acknowledged; all of it must stand in the books."""

    def __init__(self, addresses: list[str], seed: int, *, silence_seconds: float = 45) -> None:
        self.addresses = addresses  # whoever starts or ends a process keeps this list up to date
        self.silence_seconds = silence_seconds
        self.settled: dict[Ask, Said] = {}
        self.promised: dict[UUID, Ask] = {}
        self.met: Counter[str] = (
            Counter()
        )  # what happened how often: a test without faults shows nothing
        self.abandoned: list[tuple[Ask, asyncio.StreamReader, asyncio.StreamWriter]] = []
        self.random = random.Random(seed)
        self.hot, *self.spread = (self._id() for _ in range(30))
        self.short = [self._id() for _ in range(5)]
        self._asked: list[Ask] = []
        self._closing = asyncio.Event()
        self._crowd: list[asyncio.Task[None]] = []
        self._number = 0

    def _id(self) -> UUID:
        return UUID(int=self.random.getrandbits(128), version=4)

    # --- the crowd -----------------------------------------------------------------------------

    def come(self, count: int = 16) -> None:
        self._closing.clear()
        self._crowd += [asyncio.create_task(self._shop(Line(self))) for _ in range(count)]

    def are_content(self) -> None:
        """Raises what any of them met."""
        for shopper in self._crowd:
            if shopper.done():
                shopper.result()

    async def leave(self) -> None:
        """Everybody gets a definite answer first."""
        self._closing.set()
        await asyncio.gather(*self._crowd)
        self._crowd.clear()

    async def _shop(self, line: "Line") -> None:
        while not self._closing.is_set():
            dice = self.random.random()
            if dice < 0.1 and self.settled:
                await self.ask_again(line, self.random.choice(self._asked))
            elif dice < 0.2:
                await self._ask_twice(line)
            elif dice < 0.25:
                await self._ask_for_later(line)
            else:
                await self.ask(line, self.wish())
        line.hang_up()

    async def ask(self, line: "Line", ask: Ask) -> Said:
        """A definite answer, which is never to change."""
        said = await line.insist(ask)
        assert said.kind == "answer", f"{ask} was told {said}"
        assert said.outcome in ("accepted", "limit_reached"), f"{ask} was told {said}"
        before = self.settled.get(ask, said)
        if ask not in self.settled:
            self.settled[ask] = said
            self._asked.append(ask)
        assert told(before) == told(said), f"{ask} was told {before}, then {said}"
        self.met["answer"] += 1
        return said

    async def ask_again(self, line: "Line", ask: Ask) -> None:
        assert (await self.ask(line, ask)).replayed, f"{ask} was answered before"
        self.met["again"] += 1

    async def _ask_twice(self, line: "Line") -> None:
        wish, other = self.wish(), Line(self)
        one, two = await asyncio.gather(self.ask(line, wish), self.ask(other, wish))
        assert one.replayed or two.replayed
        other.hang_up()

    async def _ask_for_later(self, line: "Line") -> None:
        wish = msgspec.structs.replace(self.wish(), later=True)
        said = await line.insist(wish)
        assert said.kind == "promised"
        assert said.command_id is not None
        self.promised[said.command_id] = wish
        self.met["promised"] += 1

    async def collect_promises(self) -> None:
        """Every promise is kept: each stored command was decided, and its answer can be had."""
        line = Line(self)
        deadline = asyncio.get_running_loop().time() + PATIENCE_SECONDS
        for command_id, ask in self.promised.items():
            status = Ask("status", str(command_id))
            while (said := await line.insist(status)).kind == "promised":
                assert asyncio.get_running_loop().time() < deadline, f"{ask} is still only promised"
                await asyncio.sleep(POLL_SECONDS)
            assert said.kind == "answer", f"{ask} was promised, then told {said}"
            self.settled[msgspec.structs.replace(ask, later=False)] = said
        line.hang_up()

    async def check_what_was_told(self, at_most: int = 400) -> None:
        """What was acknowledged once is what the platform still says."""
        told = self.random.sample(list(self.settled), min(at_most, len(self.settled)))

        async def check(asked: list[Ask]) -> None:
            line = Line(self)
            for ask in asked:
                await self.ask_again(line, ask)
            line.hang_up()

        await asyncio.gather(*(check(told[n::8]) for n in range(8)))

    # --- what they want ------------------------------------------------------------------------

    def wish(self) -> Ask:
        """Mostly bumps of one hot counter; some of others, of several at once, and of ones with a limit."""
        dice, pick = self.random.random(), self.random.choice
        self._number += 1
        key = f"wish-{self._number}"
        if dice < 0.1:
            late = self.random.choice((0, 0, 1))
            return Ask("open", key, encode(Open(late)).decode())
        by = self.random.randint(1, 5)
        if dice < 0.2:
            bump = Bump(pick(self.short), by, LIMIT)
        elif dice < 0.4:
            first, *also = self.random.sample(self.spread, self.random.randint(1, 4))
            bump = Bump(first, by, also=tuple(also))
        else:
            bump = Bump(self.hot, by)
        return Ask("bump", key, encode(bump).decode())

    # --- late answers --------------------------------------------------------------------------

    async def hear_late_answers(self, within_seconds: float) -> list[tuple[Ask, Said]]:
        """What was said to those who had stopped waiting. Silence at the end of the line is no answer."""
        heard: list[tuple[Ask, Said]] = []
        for ask, reader, writer in self.abandoned:
            try:
                async with asyncio.timeout(within_seconds):
                    text = await reader.readline()
            except (ConnectionError, TimeoutError):
                text = b""
            if text:
                heard.append((ask, read_said(text)))
            writer.close()
        self.abandoned.clear()
        return heard


class Line:
    """One customer's connection to whichever process answers."""

    def __init__(self, crowd: Customers) -> None:
        self._crowd = crowd
        self._address = ""
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def insist(self, ask: Ask) -> Said:
        """Ask until there is a definite answer: what else came in between is no answer."""
        loop, met = asyncio.get_running_loop(), self._crowd.met
        deadline, doubt = loop.time() + PATIENCE_SECONDS, False
        while True:
            assert loop.time() < deadline, f"{ask}: no answer in {PATIENCE_SECONDS} s"
            said = await self._once(ask)
            if said is None:
                doubt = True
                met["silence"] += 1
                await asyncio.sleep(POLL_SECONDS)
            elif said.kind == "later":
                met["later"] += 1
                await asyncio.sleep(POLL_SECONDS)
            elif said.kind == "elsewhere":
                self._go(said.address)
                await asyncio.sleep(POLL_SECONDS)
            else:
                if doubt:
                    met["in doubt, was done" if said.replayed else "in doubt, was not done"] += 1
                return said

    async def _once(self, ask: Ask) -> Said | None:
        """What one process says; None when it did not."""
        try:
            if self._streams is None:
                if not self._crowd.addresses:
                    return None
                host, port = self._pick().split(":")
                self._streams = await asyncio.open_connection(host, int(port), limit=LINE_MAX)
            reader, writer = self._streams
            writer.write(encode(ask) + b"\n")
            async with asyncio.timeout(self._crowd.silence_seconds):
                line = await reader.readline()
        except TimeoutError:
            assert self._streams is not None
            self._crowd.abandoned.append((ask, *self._streams))
            self._streams, self._address = None, ""
            return None
        except ConnectionError:
            line = b""
        if not line:
            self._go("")
            return None
        return read_said(line)

    def _pick(self) -> str:
        if self._address not in self._crowd.addresses:
            self._address = self._crowd.random.choice(self._crowd.addresses)
        return self._address

    def _go(self, address: str) -> None:
        """Talk to that process next; "": to any."""
        self.hang_up()
        self._address = address

    def hang_up(self) -> None:
        if self._streams is not None:
            self._streams[1].close()
            self._streams = None


def told(said: Said) -> tuple[UUID | None, str, str]:
    """What an answer says about the command, however often it is given."""
    return said.command_id, said.outcome, said.reply
