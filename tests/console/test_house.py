"""Under which names the console answers, whose session is whose, and when one ends."""

import base64
import json
from datetime import UTC, datetime, timedelta

import pytest

from read_api.console.house import hosts_of
from read_api.console.login import safe_target
from read_api.console.sessions import KEY_LASTS, Sessions

KEY = f"tuan_live_0123456789ab_{'x' * 49}"
NOON = datetime(2026, 11, 25, 4, tzinfo=UTC)


class HeldClock:
    """Shows what it was told to."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at


def jwt(**claims: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"e30.{body}.c2ln"


@pytest.mark.parametrize(
    ("origin", "hosts"),
    [
        ("http://127.0.0.1:8702", {"127.0.0.1:8702", "localhost:8702"}),
        ("https://ops.example.com", {"ops.example.com"}),
        ("https://ops.example.com:8443", {"ops.example.com:8443"}),
        ("http://0.0.0.0:8702", set()),
    ],
)
def test_it_answers_to_its_own_names_only(origin: str, hosts: set[str]) -> None:
    assert hosts_of(origin) == hosts


def test_a_session_ends_with_its_token_and_one_of_an_api_key_after_a_shift() -> None:
    clock = HeldClock()
    sessions = Sessions(clock)
    brief = sessions.open(jwt(sub="ann", exp=(NOON + timedelta(minutes=5)).timestamp()))
    key = sessions.open(KEY)
    assert (brief.subject, key.subject) == ("ann", "tuan_live_0123456789ab…")
    assert sessions.find(brief.id) is brief
    clock.at += timedelta(minutes=5)
    assert sessions.find(brief.id) is None
    assert sessions.find(key.id) is key
    clock.at = NOON + KEY_LASTS
    assert sessions.find(key.id) is None
    assert sessions.find("") is None


def test_a_token_that_lies_about_its_end_is_not_believed_longer_than_a_shift() -> None:
    sessions = Sessions(HeldClock())
    for exp in (10**15, "never", None, [1]):
        assert sessions.open(jwt(sub="ann", exp=exp)).ends_at <= NOON + KEY_LASTS


def test_a_session_is_not_shown_with_its_token() -> None:
    for token in ("s3cret-key-of-a-machine", KEY, jwt(sub="somebody")):
        session = Sessions(HeldClock()).open(token)
        assert token[-12:] not in repr(session)
        assert session.id not in repr(session)


@pytest.mark.parametrize("target", ["//evil.test", "/\\evil.test", "https://evil.test", "", "x"])
def test_signing_in_leads_nowhere_else(target: str) -> None:
    assert safe_target(target) == "/"
    assert safe_target("/order?id=7") == "/order?id=7"
