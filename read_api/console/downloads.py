"""Files of the API handed on to whoever is signed in: the browser asks us, and has no token of its own."""

import json
from collections.abc import AsyncIterator
from typing import Any, Final
from urllib.parse import quote

import aiohttp
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from read_api.console.assets import STYLE_URL
from read_api.console.gate import LOGIN, session_of
from read_api.console.house import House
from read_api.console.taste import Taste, taste_of

WAITS: Final = aiohttp.ClientTimeout(
    total=None, connect=3, sock_read=120
)  # a long report begins late
KEPT: Final = ("content-type", "content-disposition", "tuan-degraded")
CHUNK: Final = 65_536
PAGE: Final = Markup(
    """<!doctype html><html lang="{lang}"><head><meta charset="utf-8"><title>{title}</title>
<link rel="icon" href="data:,"><link rel="stylesheet" href="{style}"></head>
<body class="login body--{scheme}"><main class="login-card"><h1 class="h2">{title}</h1>
<p class="notice bad" role="alert">{why}</p><p><a href="/closing">{back}</a></p></main></body></html>"""
)


def routes(house: House) -> list[Route]:
    """Reports and evidence packs, under the addresses of the API."""

    async def report(request: Request) -> Response:
        name = quote(request.path_params["name"], safe="")
        return await handed_on(house, request, f"/v1/reports/{name}")

    async def evidence(request: Request) -> Response:
        kind, id = (quote(request.path_params[name], safe="") for name in ("kind", "id"))
        return await handed_on(house, request, f"/v1/evidence/{kind}/{id}")

    return [
        Route("/download/reports/{name}", report),
        Route("/download/evidence/{kind}/{id}", evidence),
    ]


async def handed_on(house: House, request: Request, path: str) -> Response:
    """The file while it comes, or a page that says why there is none."""
    session, taste = session_of(request), taste_of(request)
    assert session is not None, "the gate lets nobody in without a session"
    query = f"?{request.url.query}" if request.url.query else ""
    try:
        answer = await house.http.get(
            house.gateway + path + query,
            headers={"Authorization": f"Bearer {session.token}"},
            timeout=WAITS,
        )
    except (aiohttp.ClientError, TimeoutError, OSError):
        return refusal(taste, taste.t("stale"), 503)
    if answer.status == 200:
        kept = {name: answer.headers[name] for name in KEPT if name in answer.headers}
        return StreamingResponse(pieces(answer), headers=kept)
    raw = await answer.read()
    if answer.status == 401:
        house.sessions.close(session)
        return RedirectResponse(LOGIN, 303)
    return refusal(taste, said(taste, answer.status, raw), answer.status)


async def pieces(answer: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """What breaks off at the API breaks off at the browser too, so that no half file looks whole."""
    try:
        async for piece in answer.content.iter_chunked(CHUNK):
            yield piece
    finally:
        answer.close()


def said(taste: Taste, status: int, raw: bytes) -> str:
    """The API's own reason, when it gives one."""
    if status == 403:
        return taste.t("forbidden")
    if status == 404:
        return taste.t("missing")
    try:
        problem: Any = json.loads(raw)
    except ValueError:
        problem = None
    told = problem.get(taste.language) if isinstance(problem, dict) else None
    return str(told or taste.t("stale"))


def refusal(taste: Taste, why: str, status: int) -> HTMLResponse:
    html = PAGE.format(
        lang=taste.html_language,
        scheme="dark" if taste.dark else "light",
        style=STYLE_URL,
        title=taste.t("not_given"),
        back=taste.t("go_back"),
        why=why,
    )
    return HTMLResponse(html, status)
