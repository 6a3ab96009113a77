"""A 202 is a promise: it survives every death, has one effect a key, and ends in an answer."""

import asyncio
from uuid import UUID, uuid4

import msgspec
import psycopg
import pytest

from commands.ports import Answer, KeyReused, Overloaded, Pending
from infra.cell.inbox import PostgresInbox
from infra.simulator.chaos.proxy import proxied
from tests.engine.books import audit, rows
from tests.engine.customers import Customers, Line
from tests.engine.house import SEED, House
from tests.engine.running import an_inbox, running, submission
from tests.engine.toy import Bump
from tests.engine.wire import Ask, encode
from tests.servers import Database, Processes
from tests.waiting import eventually_async


async def answered(inbox: PostgresInbox, command_id: UUID) -> Answer:
    async def done() -> Answer | None:
        status = await inbox.status("demo", "ann", command_id)
        assert status is not None
        return None if isinstance(status, Pending) else status

    found = await eventually_async(done)
    assert found is not None
    return found


async def test_a_stored_command_is_decided_by_the_owner(fresh_database: Database) -> None:
    counter = uuid4()
    async with an_inbox(fresh_database.dsn) as inbox:
        command_id = await inbox.put(submission("bump", Bump(counter, by=3), "later"))
        assert await inbox.status("demo", "ann", command_id) == Pending(command_id)
        async with running(fresh_database.dsn) as cell:
            told = await answered(inbox, command_id)
            assert (told.command_id, told.outcome, told.reply) == (
                *(command_id, "accepted"),
                b'{"total":3}',
            )
            direct = await cell.ask(Bump(counter, by=3), "later")
            assert (direct.command_id, direct.replayed) == (command_id, True)
            assert await inbox.put(submission("bump", Bump(counter, by=3), "later")) == command_id
            assert cell.one("select count(*) from inbox where done_as is null") == 0
        refused = await inbox.put(submission("bump", Bump(counter, limit=3), "too much"))
        async with running(fresh_database.dsn):
            assert (await answered(inbox, refused)).outcome == "limit_reached"


async def test_one_key_is_one_promise(fresh_database: Database) -> None:
    counter = uuid4()
    async with an_inbox(fresh_database.dsn) as inbox:
        asked = [submission("bump", Bump(counter), "again") for _ in range(30)]
        promised = await asyncio.gather(*(inbox.put(one) for one in asked))
        assert len(set(promised)) == 1
        with pytest.raises(KeyReused):
            await inbox.put(submission("bump", Bump(counter, by=2), "again"))
        async with running(fresh_database.dsn) as cell:
            assert (await answered(inbox, promised[0])).reply == b'{"total":1}'
            with pytest.raises(KeyReused):
                await inbox.put(submission("bump", Bump(counter, by=2), "again"))
            assert cell.one("select count(*) from events where stream_id = %s", counter) == 1


async def test_a_key_answered_directly_before_leads_to_that_answer(
    fresh_database: Database,
) -> None:
    counter = uuid4()
    async with an_inbox(fresh_database.dsn) as inbox, running(fresh_database.dsn) as cell:
        direct = await cell.ask(Bump(counter), "first directly")
        promised = await inbox.put(submission("bump", Bump(counter), "first directly"))
        assert promised == direct.command_id
        assert (await answered(inbox, promised))[:3] == direct[:3]
        with pytest.raises(KeyReused):
            await inbox.put(submission("bump", Bump(counter, by=2), "first directly"))


async def test_a_key_used_otherwise_before_its_turn_came_is_told_so(
    fresh_database: Database,
) -> None:
    counter = uuid4()
    async with an_inbox(fresh_database.dsn) as inbox:
        same = await inbox.put(submission("bump", Bump(counter), "same"))
        other = await inbox.put(submission("bump", Bump(counter), "other"))
        rows(fresh_database.dsn, "create table set_aside as select * from cell_0.inbox")
        rows(fresh_database.dsn, "delete from cell_0.inbox")
        async with running(fresh_database.dsn) as cell:
            first = await cell.ask(Bump(counter), "same")
            await cell.ask(Bump(counter, by=2), "other")
            rows(fresh_database.dsn, "insert into cell_0.inbox select * from set_aside")
            told = await answered(inbox, same)
            assert (told.command_id, told.reply) == (first.command_id, first.reply)
            told = await answered(inbox, other)
            assert told.outcome == "idempotency_key_reused"
            assert msgspec.json.decode(told.reply)["code"] == "idempotency_key_reused"
            assert cell.one("select count(*) from events where stream_id = %s", counter) == 2


async def test_strangers_learn_nothing(fresh_database: Database) -> None:
    async with an_inbox(fresh_database.dsn) as inbox, running(fresh_database.dsn) as cell:
        promised = await inbox.put(submission("bump", Bump(uuid4()), "mine"))
        await answered(inbox, promised)
        direct = await cell.ask(Bump(uuid4()))
        for command_id in (promised, direct.command_id, uuid4()):
            assert await inbox.status("other", "ann", command_id) is None
            assert await inbox.status("demo", "bob", command_id) is None


async def test_a_full_inbox_promises_nothing_more_until_there_is_room(
    fresh_database: Database,
) -> None:
    async with an_inbox(fresh_database.dsn, waiting_max=5) as inbox:
        for n in range(5):
            await inbox.put(submission("bump", Bump(uuid4()), f"key {n}"))
        with pytest.raises(Overloaded):
            await inbox.put(submission("bump", Bump(uuid4()), "one too many"))
        async with running(fresh_database.dsn):

            async def room() -> bool:
                try:
                    await inbox.put(submission("bump", Bump(uuid4()), "one too many"))
                except Overloaded:
                    return False
                return True

            await eventually_async(room)


async def test_without_postgres_nothing_is_promised(fresh_database: Database) -> None:
    async with proxied(fresh_database.dsn) as (proxy, dsn), an_inbox(dsn) as inbox:
        await inbox.put(submission("bump", Bump(uuid4()), "before"))
        proxy.refuses = True
        proxy.cut()
        with pytest.raises(Overloaded):
            await inbox.put(submission("bump", Bump(uuid4()), "meanwhile"))
        proxy.let_go()

        async def back() -> UUID | None:
            try:
                return await inbox.put(submission("bump", Bump(uuid4()), "after"))
            except Overloaded:
                return None

        promised = await eventually_async(back)
        assert promised is not None
        assert await inbox.status("demo", "ann", promised) == Pending(promised)


async def test_a_promise_survives_the_death_of_every_process(
    fresh_database: Database, processes: Processes
) -> None:
    dsn, counter = fresh_database.dsn, uuid4()
    house = House(processes, dsn)
    crowd = Customers(house.addresses, SEED)
    engine = await asyncio.to_thread(house.start)
    with psycopg.connect(dsn) as session:  # it cannot be decided before the process dies
        session.execute("lock table cell_0.commands in share mode")
        line = Line(crowd)
        body = encode(Bump(counter)).decode()
        promises = [
            (await line.insist(Ask("bump", f"promise {n}", body, later=True))).command_id
            for n in range(20)
        ]
        await asyncio.to_thread(engine.child.kill)
    await asyncio.to_thread(house.bury, engine)
    await asyncio.to_thread(house.start)
    line = Line(crowd)
    for command_id in promises:
        status = Ask("status", str(command_id))
        while (said := await line.insist(status)).kind == "promised":
            pass
        assert (said.kind, said.command_id, said.outcome) == ("answer", command_id, "accepted")
    books = audit(dsn, {})
    assert len(books.events) == len(promises)
