"""Nobody without a session gets past here, on any path, over HTTP or a websocket."""

from collections.abc import MutableMapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse, RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from read_api.console.sessions import Session, Sessions

COOKIE: Final = "tuan_console"
LOGIN: Final = "/login"
OPEN: Final = frozenset({LOGIN, "/taste", "/healthz"})
ASSETS: Final = "/assets/"  # our own style sheet and keyboard script: the same for everybody
FIXED: Final = ("/_nicegui/", ASSETS)  # files named by their version or digest
SAFE_METHODS: Final = frozenset({"GET", "HEAD"})
GONE: Final = 4401  # close code of a websocket whose session has ended
# The browser half of NiceGUI starts from inline script and compiles its templates.
DIRECTIVES: Final = {
    "default-src": "'none'",
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval'",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "form-action": "'self'",
    "base-uri": "'none'",
    "frame-ancestors": "'none'",
}
SAFE: Final = {
    "content-security-policy": "; ".join(f"{name} {value}" for name, value in DIRECTIVES.items()),
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


class Gate:
    """The application behind a door. `hosts` are the names it answers to; none named: to any."""

    def __init__(self, app: ASGIApp, sessions: Sessions, hosts: frozenset[str]) -> None:
        self._app = app
        self._sessions = sessions
        self._hosts = hosts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        asked = HTTPConnection(scope)
        session = self._sessions.find(asked.cookies.get(COOKIE, ""))
        if not self._meant_for_us(asked) or (changes(scope) and not from_ourselves(asked)):
            return await turn_away(scope, receive, send, 403)
        if session is None and not is_open(scope["path"]):
            return await to_login(scope, receive, send)
        scope.setdefault("state", {})["session"] = session
        await self._app(scope, receive, guarded(send, scope["path"]))

    def _meant_for_us(self, asked: HTTPConnection) -> bool:
        """A page elsewhere may have its own name point at us: names that are not ours get nothing."""
        return not self._hosts or asked.headers.get("host", "") in self._hosts


def session_of(asked: HTTPConnection) -> Session | None:
    """Whose request this is, as the gate found."""
    found: Session | None = getattr(asked.state, "session", None)
    return found


def is_open(path: str) -> bool:
    return path in OPEN or path.startswith(ASSETS)


def changes(scope: Scope) -> bool:
    return scope["type"] == "websocket" or scope["method"] not in SAFE_METHODS


def from_ourselves(asked: HTTPConnection) -> bool:
    """Did one of our own pages send this? Browsers always say where a form or a websocket is from."""
    return urlsplit(asked.headers.get("origin", "")).netloc == asked.headers.get("host")


async def turn_away(scope: Scope, receive: Receive, send: Send, status: int) -> None:
    if scope["type"] == "websocket":
        return await send({"type": "websocket.close", "code": GONE})
    answer = PlainTextResponse("", status)
    await answer(scope, receive, guarded(send, scope["path"]))


async def to_login(scope: Scope, receive: Receive, send: Send) -> None:
    """A person who opens a page is shown where to sign in; anything else just gets nothing."""
    wants_page = "text/html" in HTTPConnection(scope).headers.get("accept", "")
    if scope["type"] == "websocket" or scope["method"] != "GET" or not wants_page:
        return await turn_away(scope, receive, send, 401)
    query = scope["query_string"].decode("latin-1")
    wanted = scope["path"] + (f"?{query}" if query else "")
    answer = RedirectResponse(f"{LOGIN}?next={quote(wanted, safe='')}", 303)
    await answer(scope, receive, guarded(send, scope["path"]))


def guarded(send: Send, path: str) -> Send:
    """Every answer carries our policy, and only fixed files may be kept."""

    async def sending(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            headers.update(SAFE)
            if not path.startswith(FIXED):
                headers["cache-control"] = "no-store"
        await send(message)

    return sending
