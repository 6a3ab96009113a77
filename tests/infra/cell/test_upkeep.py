"""Room is made ahead, old keys go, and what the engine's role may not do it does not need."""

from datetime import UTC, datetime

import psycopg

from infra.cell.upkeep import keep_up
from tests.engine.running import HandClock
from tests.servers import Database

WEEKS = "select count(*) from pg_class where relname ~ '^idempotency_w[0-9]+$' and relkind = 'r'"
PARTS = "select count(*) from pg_class where relname ~ '^commands_[0-9]+$' and relkind = 'r'"


async def test_partitions_are_made_ahead_of_the_clock_and_of_the_log(
    fresh_database: Database,
) -> None:
    clock = HandClock(datetime(2040, 1, 1, tzinfo=UTC))  # a clock may show anything
    with psycopg.connect(fresh_database.dsn, autocommit=True) as session:
        await keep_up(fresh_database.dsn, "cell_0", 120_000_000, clock)
        assert session.execute(PARTS).fetchone() == (4,)  # up to number 170,000,000
        weeks = session.execute(WEEKS).fetchone()
        assert weeks == (4,)  # those of 2026 are past keeping by then
        await keep_up(fresh_database.dsn, "cell_0", 120_000_000, clock)
        assert session.execute(WEEKS).fetchone() == weeks


async def test_keys_are_forgotten_only_after_forty_days(fresh_database: Database) -> None:
    clock = HandClock(datetime.now(UTC))
    put = "insert into cell_0.idempotency values (gen_random_uuid(), %s, '', 1)"
    with psycopg.connect(fresh_database.dsn, autocommit=True) as session:
        session.execute(put, (clock.now(),))
        for days, left in ((39, 1), (11, 0)):
            clock.forward(days=days)
            await keep_up(fresh_database.dsn, "cell_0", 1, clock)
            assert session.execute("select count(*) from cell_0.idempotency").fetchone() == (left,)
