"""What was sealed opens for us only, and for nobody once the person is forgotten."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
from psycopg_pool import AsyncConnectionPool

from commands.ports import Erased, Overloaded
from infra.dsn import acting_as
from infra.embedded.postgres import Postgres
from infra.vault import CACHE_SECONDS, NotSealed, SubjectVault
from tests.servers import Database

MASTER = b"k" * 32
OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"


class Ticker:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
async def pool(database: Database) -> AsyncIterator[AsyncConnectionPool[Any]]:
    dsn = database.dsn_as("tuan_vault")
    async with AsyncConnectionPool(dsn, min_size=0, max_size=2, open=False) as pool:
        yield pool


@pytest.fixture
def vault(pool: AsyncConnectionPool[Any]) -> SubjectVault:
    return SubjectVault(pool, MASTER)


async def test_sealed_text_opens_again_and_shows_nothing(vault: SubjectVault) -> None:
    sealed = await vault.seal("demo", "ann", OPENID)
    assert OPENID not in sealed
    assert await vault.unseal("demo", sealed) == OPENID
    assert await vault.seal("demo", "ann", OPENID) != sealed


async def test_another_process_opens_it_too(pool: AsyncConnectionPool[Any]) -> None:
    sealed = await SubjectVault(pool, MASTER).seal("demo", "bea", OPENID)
    assert await SubjectVault(pool, MASTER).unseal("demo", sealed) == OPENID


async def test_a_forgotten_person_s_texts_are_gone_and_a_new_key_does_not_bring_them_back(
    vault: SubjectVault,
) -> None:
    sealed = await vault.seal("demo", "cem", OPENID)
    assert await vault.erase("demo", "cem")
    with pytest.raises(Erased):
        await vault.unseal("demo", sealed)
    again = await vault.seal("demo", "cem", OPENID)
    with pytest.raises(Erased):
        await vault.unseal("demo", sealed)
    assert await vault.unseal("demo", again) == OPENID
    assert not await vault.erase("demo", "nobody")


async def test_erasing_elsewhere_takes_effect_within_seconds(
    pool: AsyncConnectionPool[Any],
) -> None:
    ticker = Ticker()
    here = SubjectVault(pool, MASTER, ticker)
    sealed = await here.seal("demo", "dan", OPENID)
    await SubjectVault(pool, MASTER).erase("demo", "dan")
    ticker.now = CACHE_SECONDS
    with pytest.raises(Erased):
        await here.unseal("demo", sealed)


async def test_a_seal_does_not_open_for_another_tenant_or_subject(vault: SubjectVault) -> None:
    sealed = await vault.seal("demo", "eve", OPENID)
    await vault.seal("rival", "eve", "x")
    await vault.seal("demo", "eva", "x")
    with pytest.raises((NotSealed, Erased)):
        await vault.unseal("rival", sealed)
    version, fingerprint, _, secret = sealed.split(".")
    with pytest.raises((NotSealed, Erased)):
        await vault.unseal("demo", f"{version}.{fingerprint}.ZXZh.{secret}")


@pytest.mark.parametrize("text", ["", OPENID, "v1.a.b", "v1.....", "v2.a.b.c", "v1.a.é.c"])
async def test_what_was_never_sealed_is_told_apart(vault: SubjectVault, text: str) -> None:
    with pytest.raises(NotSealed):
        await vault.unseal("demo", text)


async def test_a_changed_seal_does_not_open(vault: SubjectVault) -> None:
    sealed = await vault.seal("demo", "fay", OPENID)
    changed = sealed[:-3] + ("AAA" if sealed[-3:] != "AAA" else "BBB")
    with pytest.raises(NotSealed):
        await vault.unseal("demo", changed)


async def test_the_database_never_holds_a_usable_key(pool: AsyncConnectionPool[Any]) -> None:
    sealed = await SubjectVault(pool, MASTER).seal("demo", "gus", OPENID)
    async with pool.connection() as connection:
        row = await (
            await connection.execute("SELECT wrapped FROM vault.subject_keys WHERE subject = 'gus'")
        ).fetchone()
    assert row is not None
    assert len(row[0]) == 40  # 32 bytes of key, wrapped
    from cryptography.hazmat.primitives.keywrap import InvalidUnwrap

    with pytest.raises(InvalidUnwrap):
        await SubjectVault(pool, b"x" * 32).unseal("demo", sealed)


async def test_while_the_database_is_away_the_caller_is_asked_to_come_again(
    private_postgres: Postgres,
) -> None:
    dsn = acting_as(private_postgres.dsn(), "tuan_vault")
    async with AsyncConnectionPool(dsn, min_size=0, max_size=1, timeout=1, open=False) as pool:
        vault = SubjectVault(pool, MASTER)
        sealed = await vault.seal("demo", "ann", OPENID)
        private_postgres.child.kill()
        for subject in ("ben", "cat"):  # over a connection that was cut, then without any
            with pytest.raises(Overloaded):
                await vault.seal("demo", subject, OPENID)
        private_postgres.start()
        assert await vault.unseal("demo", sealed) == OPENID
