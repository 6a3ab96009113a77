"""Tokens nobody should believe, and the few that everybody may."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
import pytest
from joserfc import jws
from joserfc.jwk import ECKey, OctKey, RSAKey

from domain.identity import IdentityUnavailable, Unauthenticated
from infra.identity.dev_keys import DevIssuer, TokenRequest, signed
from infra.identity.issuer_keys import PAUSE_SECONDS, IssuerKeys
from infra.identity.jwt import JwtReader
from infra.identity.service_tokens import LIFE, ServiceTokens

ISSUER = "https://issuer.test"
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
KEY = ECKey.generate_key("P-256")
KID = KEY.thumbprint()


class Clock:
    """Shows what it is told to."""

    at = NOON

    def now(self) -> datetime:
        return self.at


class Ticker:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


clock = Clock()


def issuer(key: ECKey = KEY) -> DevIssuer:
    return DevIssuer(key, issuer=ISSUER, audience="tuan", clock=Clock())


def keys() -> IssuerKeys:
    async def fetch() -> bytes:
        return msgspec.json.encode(issuer().jwks())

    return IssuerKeys(fetch, Ticker())


def reader() -> JwtReader:
    return JwtReader(ISSUER, "tuan", keys(), Clock(), leeway_seconds=5)


def claims(**changed: Any) -> dict[str, Any]:
    good = {
        "iss": ISSUER,
        "aud": "tuan",
        "exp": int(NOON.timestamp()) + 60,
        "iat": int(NOON.timestamp()),
        "tenant": "demo",
        "sub": "ann",
        "scope": "shop read:own",
        "jti": "t1",
    }
    return {name: value for name, value in {**good, **changed}.items() if value is not None}


async def test_a_token_of_our_issuer_names_its_principal() -> None:
    token = issuer().sign(TokenRequest("demo", "ann", ["shop", "read:own"], 60))
    principal = await reader().read(token)
    assert (principal.tenant, principal.subject) == ("demo", "ann")
    assert principal.scopes == {"shop", "read:own"}
    assert principal.expires_at == NOON + timedelta(seconds=60)
    assert not principal.platform
    assert "sub:demo:ann" in principal.marks
    assert any(mark.startswith("jti:") for mark in principal.marks)


async def test_an_audience_may_be_one_of_several() -> None:
    await reader().read(signed(claims(aud=["other", "tuan"]), KEY, KID))


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://evil.test"},
        {"aud": "other"},
        {"aud": ["other"]},
        {"aud": []},
        {"exp": None},
        {"exp": "soon"},
        {"exp": 1e300},
        {"exp": -1},
        {"nbf": int(NOON.timestamp()) + 6},
        {"iat": int(NOON.timestamp()) + 6},
        {"tenant": None},
        {"tenant": ""},
        {"tenant": "DEMO"},
        {"tenant": "demo\n"},
        {"tenant": "a" * 41},
        {"tenant": 7},
        {"tenant": ["demo"]},
        {"sub": None},
        {"sub": ""},
        {"sub": "x" * 8000},
        {"sub": "a\0b"},
        {"sub": "a b"},
        {"sub": "😀"},
        {"sub": {"a": 1}},
        {"scope": None},
        {"scope": ["shop"]},
        {"jti": None},
        {"jti": "x" * 129},
    ],
    ids=lambda changed: repr(changed)[:40],
)
async def test_claims_that_are_wrong_missing_or_hostile_open_nothing(
    changed: dict[str, Any],
) -> None:
    with pytest.raises(Unauthenticated):
        await reader().read(signed(claims(**changed), KEY, KID))


async def test_lone_surrogates_in_a_claim_open_nothing() -> None:
    payload = msgspec.json.encode(claims()).replace(b'"ann"', b'"\\ud800"')
    header = {"alg": "ES256", "typ": "at+jwt", "kid": KID}
    with pytest.raises(Unauthenticated):
        await reader().read(jws.serialize_compact(header, payload, KEY, algorithms=["ES256"]))


async def test_only_es256_with_the_issuer_s_own_key_is_believed() -> None:
    payload = msgspec.json.encode(claims())
    public = msgspec.json.encode(KEY.as_dict(private=False))
    foreign, rsa, shared = (
        ECKey.generate_key("P-256"),
        RSAKey.generate_key(2048),
        OctKey.import_key(public),
    )
    for header, key in (
        ({"alg": "ES256", "typ": "at+jwt", "kid": KID}, foreign),
        ({"alg": "RS256", "typ": "at+jwt", "kid": KID}, rsa),
        ({"alg": "HS256", "typ": "at+jwt", "kid": KID}, shared),
        ({"alg": "ES256", "typ": "JWT", "kid": KID}, KEY),
        ({"alg": "ES256", "kid": KID}, KEY),
        ({"alg": "ES256", "typ": "at+jwt"}, KEY),
        ({"alg": "ES256", "typ": "at+jwt", "kid": "other"}, KEY),
    ):
        token = jws.serialize_compact(header, payload, key, algorithms=["ES256", "RS256", "HS256"])
        with pytest.raises(Unauthenticated):
            await reader().read(token)


def unsigned() -> str:
    from infra.base64url import encoded

    header = encoded(msgspec.json.encode({"alg": "none", "typ": "at+jwt", "kid": KID}))
    return f"{header}.{encoded(msgspec.json.encode(claims()))}."


@pytest.mark.parametrize(
    "token",
    [
        unsigned(),
        "",
        ".",
        "..",
        "a.b.c",
        "eyJ",
        "[" * 4000,
        "W1tb" * 1000 + ".a.b",
        "é.é.é",
        "\0",
        "eyJhbGciOiJFUzI1NiJ9..",
    ],
    ids=range(11),
)
async def test_garbage_opens_nothing(token: str) -> None:
    with pytest.raises(Unauthenticated):
        await reader().read(token)


# --- the issuer's keys ------------------------------------------------------------------------


class Issuer:
    """Counts how often its keys are asked for; `down` while it does not answer."""

    def __init__(self) -> None:
        self.asked = 0
        self.down = False
        self.document: dict[str, Any] = issuer().jwks()

    async def fetch(self) -> bytes:
        self.asked += 1
        if self.down:
            raise OSError("no route")
        return msgspec.json.encode(self.document)


async def test_strange_key_ids_do_not_make_us_hammer_the_issuer() -> None:
    there, ticker = Issuer(), Ticker()
    keys = IssuerKeys(there.fetch, ticker)
    assert await keys.find(KID)
    for number in range(100):
        assert await keys.find(f"strange-{number}") is None
    assert there.asked == 1
    ticker.now += PAUSE_SECONDS
    assert await keys.find("strange") is None
    assert there.asked == 2


async def test_a_new_key_is_found_and_a_withdrawn_one_goes() -> None:
    there, ticker, successor = Issuer(), Ticker(), ECKey.generate_key("P-256")
    keys = IssuerKeys(there.fetch, ticker)
    assert await keys.find(KID)
    there.document = issuer(successor).jwks()
    ticker.now += PAUSE_SECONDS
    assert await keys.find(successor.thumbprint())
    assert await keys.find(KID) is None


async def test_while_the_issuer_is_down_known_keys_hold_and_nothing_new_is_believed() -> None:
    there, ticker = Issuer(), Ticker()
    keys = IssuerKeys(there.fetch, ticker)
    there.down = True
    with pytest.raises(IdentityUnavailable):
        await keys.find(KID)
    there.down = False
    ticker.now += PAUSE_SECONDS
    assert await keys.find(KID)
    there.down = True
    ticker.now += 3600
    assert await keys.find(KID)


async def test_keys_for_other_purposes_are_passed_over() -> None:
    there = Issuer()
    odd = [
        {"kty": "oct", "k": "c2VjcmV0", "kid": KID},
        {"kty": "EC", "crv": "P-256", "kid": KID},
        {},
    ]
    there.document = {"keys": odd}
    assert await IssuerKeys(there.fetch, Ticker()).find(KID) is None


# --- our own processes -------------------------------------------------------------------------


@pytest.fixture
def services() -> ServiceTokens:
    clock.at = NOON
    return ServiceTokens(b"m" * 32, clock)


async def test_a_service_token_names_the_platform(services: ServiceTokens) -> None:
    token = services.token("demo", "svc:runner", "process:act")
    principal = services.read(token)
    assert principal.platform
    assert (principal.tenant, principal.subject) == ("demo", "svc:runner")
    assert principal.scopes == {"process:act"}
    assert "sub:demo:svc:runner" in principal.marks


async def test_service_tokens_are_minted_anew_before_they_end(services: ServiceTokens) -> None:
    first = services.token("demo", "svc:runner", "process:act")
    assert services.token("demo", "svc:runner", "process:act") == first
    clock.at = NOON + LIFE / 2
    assert services.token("demo", "svc:runner", "process:act") != first


@pytest.mark.parametrize(
    "spoil",
    [
        lambda token: token[:-1] + ("A" if token[-1] != "A" else "B") + "",
        lambda token: token.replace(".", "A."),
        lambda token: token.partition(".")[0],
        lambda token: token + ".x",
        lambda _: ServiceTokens(b"x" * 32, clock).token("demo", "svc:runner", "process:act"),
    ],
    ids=["mac", "claims", "no mac", "more", "other key"],
)
async def test_a_service_token_that_was_changed_opens_nothing(
    services: ServiceTokens, spoil: Callable[[str], str]
) -> None:
    token = spoil(services.token("demo", "svc:runner", "process:act"))
    with pytest.raises(Unauthenticated):
        services.read(token)
