"""Signing in and out: a plain page without a script, so that a stranger gets nothing of the console."""

from typing import Final
from urllib.parse import parse_qs

from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from read_api.console.api import Api, Away, Ended, Missing, Refused
from read_api.console.gate import COOKIE, LOGIN, session_of
from read_api.console.house import House
from read_api.console.login_page import login_page
from read_api.console.people import PEOPLE, token_for
from read_api.console.taste import keep_taste, taste_of

FORM_BYTES_MAX: Final = 16_384
PROBE: Final = (
    "/v1/orders"  # answers 401 to a token that is no good, and 403 to a good one without scope
)


def routes(house: House) -> list[Route]:
    """`/login`, `/logout` and `/taste`."""

    async def show(request: Request) -> Response:
        if session_of(request) is not None:
            return RedirectResponse("/", 303)
        return page(house, request, "", request.query_params.get("next", "/"))

    async def sign_in(request: Request) -> Response:
        form = await read_form(request)
        wanted = safe_target(form.get("next", "/"))
        try:
            token = await token_asked(house, form)
            await check(house, token)
        except Ended:
            return page(house, request, "token_refused", wanted, 401)
        except Away:
            return page(house, request, "api_away", wanted, 503)
        earlier = session_of(request)
        if earlier is not None:
            house.sessions.close(earlier)
        answer = RedirectResponse(wanted, 303)
        session = house.sessions.open(token)
        answer.set_cookie(
            COOKIE, session.id, httponly=True, samesite="strict", secure=house.secure, path="/"
        )
        return answer

    async def sign_out(request: Request) -> Response:
        session = session_of(request)
        if session is not None:
            house.sessions.close(session)
        answer = RedirectResponse(LOGIN, 303)
        answer.delete_cookie(COOKIE, path="/", httponly=True, samesite="strict")
        return answer

    async def change_taste(request: Request) -> Response:
        form = await read_form(request)
        answer = RedirectResponse(safe_target(form.get("next", "/")), 303)
        keep_taste(answer, form, secure=house.secure)
        return answer

    return [
        Route(LOGIN, show, methods=["GET"]),
        Route(LOGIN, sign_in, methods=["POST"]),
        Route("/logout", sign_out, methods=["POST"]),
        Route("/taste", change_taste, methods=["POST"]),
    ]


async def read_form(request: Request) -> dict[str, str]:
    """Fields of a small form; of a large one, nothing."""
    raw = b""
    async for chunk in request.stream():
        raw += chunk
        if len(raw) > FORM_BYTES_MAX:
            return {}
    fields = parse_qs(raw.decode("utf-8", "replace"))
    return {name: values[0] for name, values in fields.items()}


async def token_asked(house: House, form: dict[str, str]) -> str:
    """The pasted token, or one for the chosen person. Raises: Ended, Away."""
    if house.issuer and "person" in form:
        person = next((each for each in PEOPLE if each.name == form["person"]), None)
        if person is None:
            raise Ended
        return await token_for(house.http, house.issuer, person)
    token = form.get("token", "").strip()
    if not token or not token.isascii() or not token.isprintable():
        raise Ended
    return token


async def check(house: House, token: str) -> None:
    """Raises: Ended when the API does not accept the token, Away when it cannot say."""
    try:
        await Api(house.http, house.gateway, token).get(PROBE, limit=1)
    except (Refused, Missing):
        return  # known, but not for this


def safe_target(path: str) -> str:
    """A path of ours, never another site."""
    return path if path.startswith("/") and not path.startswith(("//", "/\\")) else "/"


def page(
    house: House, request: Request, trouble: str, wanted: str, status: int = 200
) -> HTMLResponse:
    people = PEOPLE if house.issuer else ()
    html: Markup = login_page(taste_of(request), people, trouble, safe_target(wanted))
    return HTMLResponse(html, status)
