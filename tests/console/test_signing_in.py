"""A stranger sees nothing; who signs in sees the console; who is gone sees nothing again."""

import re
import urllib.error
import urllib.request

import aiohttp
import pytest
from playwright.sync_api import BrowserContext, expect

from tests.console.conftest import WAIT_MS, Heard, SignIn
from tests.console.platform import SHOPPER, Platform

PATHS = (
    "/",
    "/order",
    "/refunds",
    "/streams",
    "/system",
    "/nonsense",
    "/_nicegui_ws/socket.io/?EIO=4",
)
LOGIN = re.compile(
    r"/login(\?|$)"
)  # looked at, not waited for: a page that is left while it loads is no error


def answered(
    url: str, *, method: str = "GET", body: bytes | None = None, **headers: str
) -> tuple[int, dict[str, str], str]:
    """Status, headers and body, without following anywhere."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(url, body, named, method=method)
    opener = urllib.request.build_opener(NoRedirects)
    try:
        with opener.open(request, timeout=10) as answer:
            return answer.status, dict(answer.headers), answer.read().decode()
    except urllib.error.HTTPError as no:
        return no.code, dict(no.headers), no.read().decode()


class NoRedirects(urllib.request.HTTPRedirectHandler):
    """What was answered is what is looked at."""

    def redirect_request(self, *_: object) -> None:
        return None


@pytest.mark.parametrize("path", PATHS)
def test_a_stranger_is_shown_where_to_sign_in_and_nothing_else(
    platform: Platform, path: str
) -> None:
    status, headers, body = answered(platform.console + path, accept="text/html")
    assert (status, body) == (303, "")
    assert headers["location"].startswith("/login?next=")
    assert headers["cache-control"] == "no-store"
    assert answered(platform.console + path)[0] == 401  # no person, so not even that
    assert answered(platform.console + path, method="POST", body=b"x")[0] == 403


async def test_a_stranger_gets_no_websocket(platform: Platform) -> None:
    url = f"{platform.console}/_nicegui_ws/socket.io/?EIO=4&transport=websocket&client_id=x"
    async with aiohttp.ClientSession() as session:
        with pytest.raises(aiohttp.WSServerHandshakeError) as no:
            await session.ws_connect(url, origin=platform.console)
    assert no.value.status == 403


def test_a_form_of_another_site_signs_nobody_in_and_other_names_of_us_get_nothing(
    platform: Platform,
) -> None:
    form = b"person=ops"
    login = f"{platform.console}/login"
    assert answered(login, method="POST", body=form, origin="http://elsewhere.test")[0] == 403
    assert answered(login, method="POST", body=form)[0] == 403
    assert answered(login, host="rebound.test")[0] == 403
    assert answered(login, method="POST", body=form, origin=platform.console)[0] == 303


def test_the_session_is_a_cookie_that_no_script_can_read(
    platform: Platform, sign_in: SignIn
) -> None:
    page = sign_in("ops")
    [cookie] = [it for it in page.context.cookies() if it["name"] == "tuan_console"]
    assert (cookie["httpOnly"], cookie["sameSite"]) == (True, "Strict")
    assert page.evaluate("document.cookie") == ""
    _, headers, _ = answered(f"{platform.console}/login")
    assert "default-src 'none'" in headers["content-security-policy"]
    assert "frame-ancestors 'none'" in headers["content-security-policy"]


def test_a_wrong_token_is_refused_in_words_and_a_good_one_opens_the_page_that_was_wanted(
    platform: Platform, context: BrowserContext, heard: Heard
) -> None:
    page = context.new_page()
    page.goto(f"{platform.console}/?from=link")
    page.fill("#token", "tk_nonsense")
    page.click("text=登录 >> nth=-1")
    expect(page.locator("[role=alert]")).to_have_text("凭证无效、已过期或已吊销")
    assert page.url == f"{platform.console}/login"

    page.goto(f"{platform.console}/?from=link")
    page.fill("#token", platform.token("ann", (*SHOPPER, "read:all")))
    page.keyboard.press("Enter")
    page.wait_for_url("**/?from=link")
    expect(page.locator(".who")).to_have_text("ann")
    assert [it for it in heard.errors if "401" not in it] == []


def test_signing_out_empties_every_tab(platform: Platform, sign_in: SignIn) -> None:
    page = sign_in("ops")
    other = page.context.new_page()
    other.goto(platform.console)
    other.wait_for_selector(".state.live")
    page.click("[data-sign-out]")
    expect(page).to_have_url(LOGIN, timeout=WAIT_MS)
    expect(other).to_have_url(LOGIN, timeout=WAIT_MS)
    page.go_back()
    expect(page).to_have_url(LOGIN, timeout=WAIT_MS)


def test_the_end_of_the_token_is_the_end_of_the_session(
    platform: Platform, context: BrowserContext
) -> None:
    page = context.new_page()
    page.goto(f"{platform.console}/login")
    page.fill("#token", platform.token("brief", ("read:all",), ttl_seconds=8))
    page.keyboard.press("Enter")
    page.wait_for_selector("main.page")
    expect(page).to_have_url(LOGIN, timeout=WAIT_MS)
