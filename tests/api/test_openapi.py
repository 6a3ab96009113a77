"""The document is true: every route is in it, and nothing a client may send gets an answer that is not."""

from typing import Any

import msgspec
import pytest
import schemathesis
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import positive_data_acceptance

from commands.api.examples import example_of
from commands.api.openapi import document
from commands.ports import Answer, Submission
from commands.registry import USE_CASES
from domain.identity import PUBLIC, SCOPES
from tests.api.edge import accepted, token
from tests.api.shop import Shop, decided


def as_documented(submission: Submission) -> Answer:
    """The engine's part: a reply of the documented shape."""
    if submission.name == "start_payment":
        return decided(submission)
    reply = msgspec.json.encode(example_of(USE_CASES[submission.name].reply))
    return accepted(submission, reply)


shop = Shop()
shop.edge.engine.decide = as_documented
app = shop.edge.app(*shop.routes())
schema = schemathesis.openapi.from_asgi("/openapi.json", app)


@schema.auth()
class Everything:
    """A token with every scope."""

    def get(self, case: Any, context: Any) -> str:
        return token(*SCOPES)["authorization"]

    def set(self, case: Any, data: str, context: Any) -> None:
        case.headers = {**(case.headers or {}), "Authorization": data}


def references(node: Any) -> Any:
    if isinstance(node, dict):
        for name, value in node.items():
            if name == "$ref":
                yield value
            yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def test_every_reference_of_the_document_leads_somewhere() -> None:
    described = app.openapi()
    for reference in references(described):
        at: Any = described
        for step in reference.removeprefix("#/").split("/"):
            at = at[step]


def test_every_use_case_is_in_the_document_and_timers_are_not() -> None:
    paths = app.openapi()["paths"]
    for name, use_case in USE_CASES.items():
        assert (f"/v1/commands/{name}" in paths) == bool(use_case.scope)


def test_the_document_is_served_as_it_is_made() -> None:
    assert msgspec.json.decode(msgspec.json.encode(document(app.table))) == schema.raw_schema


def test_no_route_lacks_a_scope() -> None:
    public = {(one.method, one.path) for one in app.table if one.endpoint.needs == PUBLIC}
    assert public == {
        ("POST", "/v1/commands/{name}"),  # says only that there is no such command
        ("POST", "/v1/notifications/{channel}/{tenant}"),  # proven by the channel's signature
        ("GET", "/openapi.json"),
    }
    for one in app.table:
        assert one.endpoint.needs, f"{one.path} asks for nothing"
        assert one.endpoint.needs <= SCOPES.keys() | PUBLIC
    routed = {route.path for route in app.routes if hasattr(route, "path")}
    assert routed == {one.path for one in app.table}, "a route is not in the permission table"


@pytest.mark.parametrize(
    "one", [one for one in app.table if one.endpoint.needs != PUBLIC], ids=lambda one: one.path
)
async def test_every_route_refuses_a_token_with_every_other_scope(one: Any) -> None:
    others = SCOPES.keys() - one.endpoint.needs
    path = one.path.replace("{command_id:uuid}", "0193535a-0000-7000-8000-000000000001")
    another = Shop()
    async with another.edge.client(*another.routes()) as client:
        headers = token(*others) | {"idempotency-key": "k"}
        response = await client.request(one.method, path, headers=headers, content=b"{}")
        assert (response.status_code, response.json()["code"]) == (403, "scope_missing")
        assert (await client.request(one.method, path, content=b"{}")).status_code == 401


@schema.parametrize()
@settings(
    max_examples=10,
    deadline=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
def test_whatever_a_client_sends_the_answer_is_as_documented(case: Any) -> None:
    shop.edge.engine.answers.clear()  # a key is used again for another body all the time here
    # JSON Schema calls 1.0 an integer; where money is counted, nothing with a point is one.
    case.call_and_validate(excluded_checks=[positive_data_acceptance])
