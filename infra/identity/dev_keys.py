"""The development issuer's key and the tokens it signs. Made on this machine, never leaving it."""

import os
import re
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import msgspec
from joserfc import jws
from joserfc.jwk import ECKey

from commands.ports import Clock
from domain.identity import SCOPES
from infra.identity.credential import Tenant, Word

FILE = "dev_issuer.jwk"


Scope = Annotated[str, msgspec.Meta(pattern=rf"\A({'|'.join(map(re.escape, SCOPES))})\Z")]


class TokenRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Who the token should name. `ttl_seconds` counts on the shared clock."""

    tenant: Tenant
    sub: Word
    scopes: list[Scope]
    ttl_seconds: Annotated[int, msgspec.Meta(ge=1, le=10**9)] = 3600


def load_or_make(directory: Path) -> ECKey:
    """The key of this installation; two processes that make it at once agree on one."""
    path = directory / FILE
    if not path.exists():
        directory.mkdir(parents=True, exist_ok=True)
        key = ECKey.generate_key("P-256", {"use": "sig", "alg": "ES256"})
        fresh = directory / f"{FILE}.{os.getpid()}"
        with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(msgspec.json.encode(key.as_dict(private=True)))
        try:
            os.link(fresh, path)  # the first one wins
        except FileExistsError:
            pass
        finally:
            fresh.unlink()
    return ECKey.import_key(msgspec.json.decode(path.read_bytes()))


class DevIssuer:
    """Signs whatever it is asked: only for the embedded default."""

    def __init__(self, key: ECKey, *, issuer: str, audience: str, clock: Clock) -> None:
        self._key = key
        self._kid = key.thumbprint()
        self._issuer = issuer
        self._audience = audience
        self._clock = clock

    def jwks(self) -> dict[str, Any]:
        public = self._key.as_dict(private=False)
        return {"keys": [{**public, "kid": self._kid, "use": "sig", "alg": "ES256"}]}

    def sign(self, asked: TokenRequest) -> str:
        now = self._clock.now()
        claims = {
            "iss": self._issuer,
            "aud": self._audience,
            "iat": int(now.timestamp()),
            "nbf": int(now.timestamp()),
            "exp": int((now + timedelta(seconds=asked.ttl_seconds)).timestamp()),
            "jti": secrets.token_urlsafe(12),
            "tenant": asked.tenant,
            "sub": asked.sub,
            "scope": " ".join(asked.scopes),
        }
        return signed(claims, self._key, self._kid)


def signed(claims: dict[str, Any], key: ECKey, kid: str) -> str:
    header = {"alg": "ES256", "typ": "at+jwt", "kid": kid}
    return jws.serialize_compact(header, msgspec.json.encode(claims), key, algorithms=["ES256"])
