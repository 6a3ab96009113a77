"""Keys are looked up by the commit itself, and before deciding only where a repeat was met lately."""

import asyncio
from collections.abc import Sequence
from uuid import UUID, uuid4

import pytest

from commands.engine import writer
from commands.engine.ports import Answered, KeysKnown, StoredStream
from infra.cell.store import PostgresCellStore
from tests.engine.running import Running, running
from tests.engine.toy import Bump
from tests.servers import Database


class Watched:
    """Counts look-ups of keys and refused commits."""

    def __init__(self, store: PostgresCellStore, monkeypatch: pytest.MonkeyPatch) -> None:
        self.look_ups = 0
        self.met = 0
        self._prefetch, self._commit = store.prefetch, store.commit
        monkeypatch.setattr(store, "prefetch", self.prefetch)
        monkeypatch.setattr(store, "commit", self.commit)

    async def prefetch(
        self, keys: Sequence[UUID], streams: Sequence[UUID]
    ) -> tuple[dict[UUID, Answered], list[StoredStream]]:
        self.look_ups += bool(keys)
        return await self._prefetch(keys, streams)

    async def commit(self, *what: object) -> None:
        try:
            await self._commit(*what)  # type: ignore[arg-type]
        except KeysKnown:
            self.met += 1
            raise


async def warm(cell: Running) -> UUID:
    """A counter that is in memory, at 1."""
    counter = uuid4()
    await cell.ask(Bump(counter), f"first {counter}")
    return counter


async def test_new_commands_on_known_streams_need_no_look_up(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(database.dsn) as cell:
        counter = await warm(cell)
        watched = Watched(cell.store, monkeypatch)
        for total in range(2, 12):
            assert (await cell.ask(Bump(counter))).reply == b'{"total":%d}' % total
        assert (watched.look_ups, watched.met) == (0, 0)


async def test_a_repeat_among_new_commands_gets_its_answer_and_they_theirs(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with running(database.dsn) as cell:
        counter, other = await warm(cell), await warm(cell)
        watched = Watched(cell.store, monkeypatch)
        asked = [cell.ask(Bump(other), f"new {counter} {n}") for n in range(5)]
        asked.insert(3, cell.ask(Bump(counter), f"first {counter}"))
        answers = await asyncio.gather(*asked)
        assert [answer.replayed for answer in answers] == [n == 3 for n in range(6)]
        assert answers[3].reply == b'{"total":1}'
        assert answers[5].reply == b'{"total":6}'
        assert watched.met == 1
        assert cell.one("select count(*) from events where stream_id = %s", counter) == 1
        assert cell.one("select count(*) from events where stream_id = %s", other) == 6
        assert (await cell.ask(Bump(counter))).reply == b'{"total":2}'


async def test_after_a_repeat_keys_are_looked_up_first_for_a_while(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer, "WARY_BATCHES", 3)
    async with running(database.dsn) as cell:
        counter = await warm(cell)
        watched = Watched(cell.store, monkeypatch)
        for _ in range(5):
            assert (await cell.ask(Bump(counter), f"first {counter}")).replayed
        assert watched.met == 1
        for _ in range(6):
            await cell.ask(Bump(counter))
        assert watched.look_ups == 5 + 3
