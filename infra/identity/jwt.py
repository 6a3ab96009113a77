"""People's tokens: JWTs of the one issuer we trust (RFC 9068), ES256 only."""

from typing import Any, Final

import msgspec
from joserfc import jws
from joserfc.errors import JoseError

from commands.ports import Clock
from domain.identity import Principal, Unauthenticated
from infra.base64url import decoded
from infra.identity.credential import (
    Instant,
    Tenant,
    Word,
    credential,
    instant,
    token_mark,
)
from infra.identity.issuer_keys import IssuerKeys

ALGORITHMS: Final = ("ES256",)
TYPES: Final = frozenset({"at+jwt", "application/at+jwt"})  # an id token is no access token


class Header(msgspec.Struct, frozen=True):
    """Read before anything is proven, so only used to choose among keys we already trust."""

    alg: str
    typ: str
    kid: Word


class Claims(msgspec.Struct, frozen=True):
    """What the issuer says. Anything of another type or shape makes the token worthless."""

    iss: str
    aud: str | list[str]
    exp: Instant
    tenant: Tenant
    sub: Word
    scope: str  # names divided by blanks
    jti: Word
    nbf: Instant = 0
    iat: Instant = 0


class JwtReader:
    """`leeway_seconds`: how far apart the issuer's clock and ours may be."""

    def __init__(
        self, issuer: str, audience: str, keys: IssuerKeys, clock: Clock, leeway_seconds: float
    ) -> None:
        self.issuer = issuer
        self.audience = audience
        self.keys = keys
        self.clock = clock
        self.leeway_seconds = leeway_seconds
        self._headers = msgspec.json.Decoder(Header)
        self._claims = msgspec.json.Decoder(Claims)

    async def read(self, token: str) -> Principal:
        """Raises: Unauthenticated, IdentityUnavailable (the issuer's keys cannot be had)."""
        try:
            header = self._headers.decode(decoded(token.partition(".")[0]))
        except (ValueError, RecursionError):
            raise Unauthenticated from None
        if header.alg not in ALGORITHMS or header.typ.lower() not in TYPES:
            raise Unauthenticated
        key = await self.keys.find(header.kid)
        if key is None:
            raise Unauthenticated
        return self._believe(self._proven(token, key))

    def _proven(self, token: str, key: Any) -> Claims:
        try:
            payload = jws.deserialize_compact(token, key, algorithms=ALGORITHMS).payload
            return self._claims.decode(payload)
        except (JoseError, ValueError, RecursionError):
            raise Unauthenticated from None

    def _believe(self, claims: Claims) -> Principal:
        audiences = [claims.aud] if isinstance(claims.aud, str) else claims.aud
        if claims.iss != self.issuer or self.audience not in audiences:
            raise Unauthenticated
        if self.clock.now().timestamp() + self.leeway_seconds < max(claims.nbf, claims.iat):
            raise Unauthenticated
        # The end is compared without leeway, at each use, by whoever keeps the credential.
        return credential(
            claims.tenant,
            claims.sub,
            claims.scope.split(),
            instant(claims.exp),
            mark=token_mark(claims.jti),
        )
