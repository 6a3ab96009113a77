"""Who comes in, for how long, and how soon not any more: on a real database."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import psycopg
import pytest
from psycopg.conninfo import make_conninfo
from psycopg_pool import AsyncConnectionPool
from pydantic import SecretStr

from domain.identity import IdentityUnavailable, Unauthenticated
from infra.dsn import acting_as
from infra.embedded.postgres import Postgres
from infra.identity import register as registers
from infra.identity.api_keys import ApiKeys, BadKeyRequest, IssuedKey, checksum, parse
from infra.identity.issuer_keys import IssuerKeys
from infra.identity.jwt import JwtReader
from infra.identity.register import Register, readmit, revoke
from infra.identity.service_tokens import ServiceTokens
from infra.identity.verifier import TOKEN_MAX, Verifier
from infra.settings import Settings
from tests.waiting import eventually_async

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
MAC_KEY = b"m" * 32
ALLOWED_SECONDS = 1.0  # from the commit of a revocation to its effect


class Clock:
    at = NOON

    def now(self) -> datetime:
        return self.at


class House:
    """A verifier on a database of its own, and the operator's connection to it."""

    def __init__(self, operator: psycopg.AsyncConnection[Any], verifier: Verifier, clock: Clock):
        self.operator = operator
        self.verifier = verifier
        self.clock = clock
        self.services = ServiceTokens(MAC_KEY, clock)
        self.keys = ApiKeys(MAC_KEY)

    async def issue(self, *scopes: str, hours: int = 1) -> IssuedKey:
        return await self.keys.issue(
            self.operator,
            tenant="demo",
            principal="erp",
            scopes=scopes or ("catalog:write",),
            expires_at=NOON + timedelta(hours=hours),
        )

    async def comes_in(self, token: str) -> bool:
        try:
            await self.verifier.verify(token)
        except Unauthenticated:
            return False
        return True

    async def stays_out(self, token: str) -> bool:
        return not await self.comes_in(token)


@asynccontextmanager
async def open_house(dsn: str) -> AsyncIterator[House]:
    clock = Clock()

    async def no_issuer() -> bytes:
        raise OSError("nobody there")

    operator = await psycopg.AsyncConnection.connect(dsn, autocommit=True)
    api = acting_as(dsn, "tuan_api")
    await operator.execute(
        "INSERT INTO platform.tenants (tenant, cell, name) VALUES ('demo', 'cell_0', 'Demo')"
    )
    async with (
        operator,
        AsyncConnectionPool(api, min_size=0, max_size=2, open=False) as pool,
        Register(api, time.monotonic) as register,
    ):
        yield House(
            operator,
            Verifier(
                jwts=JwtReader("i", "tuan", IssuerKeys(no_issuer, time.monotonic), clock, 5),
                services=ServiceTokens(MAC_KEY, clock),
                keys=ApiKeys(MAC_KEY),
                pool=pool,
                register=register,
                clock=clock,
            ),
            clock,
        )


@pytest.fixture
async def house(fresh_database: Any) -> AsyncIterator[House]:
    async with open_house(fresh_database.dsn) as one:
        yield one


async def test_an_issued_key_opens_what_it_was_issued_for(house: House) -> None:
    key = await house.issue("catalog:write", "read:all")
    assert key.text.startswith("tuan_live_")
    principal = await house.verifier.verify(key.text)
    assert (principal.tenant, principal.subject) == ("demo", "erp")
    assert principal.scopes == {"catalog:write", "read:all"}
    assert not principal.platform


async def test_the_table_holds_no_secret(house: House) -> None:
    key = await house.issue()
    row = await (await house.operator.execute("SELECT k::text FROM platform.api_keys k")).fetchone()
    assert row is not None
    assert key.text[-49:-6] not in row[0]


async def test_a_mistyped_key_is_known_without_asking_the_database(house: House) -> None:
    key = (await house.issue()).text
    assert parse(key) is not None
    for wrong in (key[:-1], key + "0", key.swapcase(), key.replace("live", "test"), ""):
        assert parse(wrong) is None


async def test_a_well_formed_key_with_another_secret_opens_nothing(house: House) -> None:
    key = await house.issue()
    secret = "a" * 43
    forged = f"tuan_live_{key.id}_{secret}{checksum(key.id, secret)}"
    assert parse(forged) is not None
    assert not await house.comes_in(forged)
    assert not await house.comes_in(f"tuan_live_{'a' * 12}_{secret}{checksum('a' * 12, secret)}")


async def test_a_key_for_nobody_or_nothing_is_not_issued(house: House) -> None:
    good: dict[str, Any] = {
        "tenant": "demo",
        "principal": "erp",
        "scopes": ["shop"],
        "expires_at": NOON,
    }
    wrongs: tuple[dict[str, Any], ...] = (
        {"tenant": "nobody"},
        {"tenant": "DEMO"},
        {"principal": "a b"},
        {"principal": "x" * 129},
        {"scopes": []},
        {"scopes": ["root"]},
    )
    for wrong in wrongs:
        with pytest.raises(BadKeyRequest):
            await house.keys.issue(house.operator, **{**good, **wrong})


async def test_a_key_ends_at_its_hour_even_when_it_was_known_before(house: House) -> None:
    key = (await house.issue(hours=1)).text
    assert await house.comes_in(key)
    house.clock.at = NOON + timedelta(hours=1)
    assert not await house.comes_in(key)
    house.clock.at = NOON


async def test_a_revoked_key_opens_nothing_within_a_second(house: House) -> None:
    key, other = await house.issue(), await house.issue()
    assert await house.comes_in(key.text)
    assert await house.keys.revoke(house.operator, key.id)
    await eventually_async(lambda: house.stays_out(key.text), ALLOWED_SECONDS)
    assert await house.comes_in(other.text)
    assert not await house.keys.revoke(house.operator, key.id)
    assert not await house.keys.revoke(house.operator, "nosuchkey")


async def test_a_locked_out_subject_opens_nothing_within_a_second_whatever_it_shows(
    house: House,
) -> None:
    key = (await house.issue()).text
    service = house.services.token("demo", "erp", "shop")
    assert await house.comes_in(key)
    assert await house.comes_in(service)
    await revoke(house.operator, "sub:demo:erp")
    await eventually_async(lambda: house.stays_out(key), ALLOWED_SECONDS)
    assert not await house.comes_in(service)
    assert not await house.comes_in((await house.issue()).text)
    assert await house.comes_in(house.services.token("demo", "erp2", "shop"))


async def test_a_lifted_revocation_ends(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registers, "WHOLE_SECONDS", 0.0)
    service = house.services.token("demo", "erp", "shop")
    await revoke(house.operator, "sub:demo:erp")
    await eventually_async(lambda: house.stays_out(service), ALLOWED_SECONDS)
    assert await readmit(house.operator, "sub:demo:erp")
    await eventually_async(lambda: house.comes_in(service), ALLOWED_SECONDS)
    assert not await readmit(house.operator, "sub:demo:erp")


async def test_a_tenant_that_does_not_exist_has_no_callers_until_it_does(house: House) -> None:
    token = house.services.token("late", "svc", "shop")
    assert not await house.comes_in(token)
    await house.operator.execute(
        "INSERT INTO platform.tenants (tenant, cell, name) VALUES ('late', 'cell_0', 'Late')"
    )
    assert await house.comes_in(token)


@pytest.mark.parametrize(
    "token", ["x" * (TOKEN_MAX + 1), "é", "", "a.b.c", "tuan_live_x", "\ud800"]
)
async def test_oversized_and_odd_tokens_open_nothing(house: House, token: str) -> None:
    assert not await house.comes_in(token)


async def test_when_the_database_is_gone_nobody_comes_in_and_later_everybody_does(
    private_postgres: Postgres,
) -> None:
    async with open_house(private_postgres.dsn()) as house:
        service = house.services.token("demo", "svc", "shop")
        assert await house.comes_in(service)
        await asyncio.to_thread(private_postgres.stop)

        async def refused() -> bool:
            try:
                return not await house.comes_in(service)
            except IdentityUnavailable:
                return True

        await eventually_async(refused, registers.STALE_SECONDS + 1)
        await asyncio.to_thread(private_postgres.start)

        async def admitted() -> bool:
            return not await refused()

        await eventually_async(admitted, 10)
        await house.operator.close()


# --- the development issuer ------------------------------------------------------------------------


def embedded_settings(settings: Settings) -> Settings:
    """As `tuan up` leaves them behind."""
    assert settings.postgres_dsn is not None
    made = f'{{"postgres_dsn": "{settings.postgres_dsn.get_secret_value()}"}}'
    (settings.data_dir / "settings.json").write_text(made)
    return settings


async def test_the_development_issuer_s_tokens_are_believed(
    settings: Settings, house: House
) -> None:
    from infra.identity.dev_keys import DevIssuer, load_or_make
    from infra.services.dev_issuer import create_app

    issuer = DevIssuer(load_or_make(settings.keys), issuer="i", audience="tuan", clock=house.clock)
    transport = httpx.ASGITransport(create_app(issuer))
    async with httpx.AsyncClient(transport=transport, base_url="http://issuer") as client:
        one = {"tenant": "demo", "sub": "ann", "scopes": ["shop"], "ttl_seconds": 60}
        token = (await client.post("/token", json=one)).json()
        many = (await client.post("/tokens", json=[one, one])).json()
        assert token["expires_in"] == 60
        assert len({token["access_token"], *(each["access_token"] for each in many)}) == 3

        async def fetch() -> bytes:
            return (await client.get("/jwks.json")).content

        reader = JwtReader("i", "tuan", IssuerKeys(fetch, time.monotonic), house.clock, 5)
        assert (await reader.read(token["access_token"])).subject == "ann"
        for wrong in ({}, {**one, "scopes": ["root"]}, {**one, "tenant": "A"}, {**one, "x": 1}):
            answer = await client.post("/token", json=wrong)
            assert (answer.status_code, answer.json()["code"]) == (422, "invalid_body")


def test_the_development_issuer_s_key_is_made_once_and_for_its_owner_only(
    settings: Settings,
) -> None:
    from infra.identity.dev_keys import FILE, load_or_make

    assert load_or_make(settings.keys).thumbprint() == load_or_make(settings.keys).thumbprint()
    assert (settings.keys / FILE).stat().st_mode & 0o077 == 0


def test_the_development_issuer_starts_beside_the_embedded_database_only(
    settings: Settings,
) -> None:
    from infra.services.dev_issuer import main
    from infra.settings import SettingsError, embedded

    with pytest.raises(SettingsError, match="development issuer") as refused:
        main(settings)
    assert "\n" not in str(refused.value)
    made = embedded_settings(settings)
    assert embedded(made)
    assert made.postgres_dsn is not None
    dsn = made.postgres_dsn.get_secret_value()
    led_through_a_proxy = SecretStr(make_conninfo(dsn, port=1))
    assert embedded(made.model_copy(update={"postgres_dsn": led_through_a_proxy}))
    somebody_elses = SecretStr(make_conninfo(dsn, password="another"))
    assert not embedded(made.model_copy(update={"postgres_dsn": somebody_elses}))
    assert not embedded(made.model_copy(update={"postgres_dsn": SecretStr("host=prod")}))
    assert not embedded(made.model_copy(update={"token_issuer": "https://login.example"}))
