"""Who is signed in. A session lives here; the browser holds one random word for it, and no token."""

import base64
import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final, Protocol

KEY_LASTS: Final = timedelta(hours=8)  # of an API key, whose own end is not known here
SESSIONS_MAX: Final = 10_000
PUBLIC_PART: Final = 22  # characters of an API key that may be shown: its prefix and id


class Clock(Protocol):
    """The one clock of a process."""

    def now(self) -> datetime:
        """The instant, UTC and timezone-aware."""


@dataclass(frozen=True)
class Session:
    """One person in one browser. `subject` and `tenant` are for showing: the API believes the token only."""

    id: str = field(repr=False)
    token: str = field(repr=False)
    subject: str
    tenant: str
    ends_at: datetime


class Sessions:
    """All of this process. A restart ends them."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._open: dict[str, Session] = {}

    def open(self, token: str) -> Session:
        """For a token that the API has just accepted."""
        now = self._clock.now()
        self._open = {id: each for id, each in self._open.items() if each.ends_at > now}
        while len(self._open) >= SESSIONS_MAX:
            self._open.pop(next(iter(self._open)))
        claims = claims_of(token)
        ends_at = min(now + KEY_LASTS, expiry(claims) or now + KEY_LASTS)
        subject = str(claims.get("sub") or named(token))
        session = Session(
            id=secrets.token_urlsafe(32),
            token=token,
            subject=subject,
            tenant=str(claims.get("tenant", "")),
            ends_at=ends_at,
        )
        self._open[session.id] = session
        return session

    def find(self, id: str) -> Session | None:
        """None when it was never opened, was closed, or its token has expired."""
        session = self._open.get(id)
        if session is not None and session.ends_at <= self._clock.now():
            self.close(session)
            return None
        return session

    def close(self, session: Session) -> None:
        self._open.pop(session.id, None)


def named(key: str) -> str:
    """What an API key may be called without giving it away."""
    public = key[:PUBLIC_PART]
    return (
        f"{public}…"
        if public.startswith("tuan_live_") and len(key) > 2 * PUBLIC_PART
        else "API key"
    )


def claims_of(token: str) -> dict[str, Any]:
    """What a JWT says of itself, unverified; nothing for an API key."""
    try:
        payload = token.split(".")[1]
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except (IndexError, ValueError):
        return {}
    return claims if isinstance(claims, dict) else {}


def expiry(claims: dict[str, Any]) -> datetime | None:
    try:
        return datetime.fromtimestamp(float(claims["exp"]), UTC)
    except (KeyError, TypeError, ValueError, OverflowError):
        return None
