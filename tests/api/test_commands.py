"""The hot route: who comes in, what is handed to the engine, and how its answers look over HTTP."""

from typing import Any
from uuid import UUID

import pytest

from tests.api.edge import (
    ACCEPTED,
    ANN,
    BOB,
    CANCEL,
    ORDER,
    Edge,
    code_of,
    no,
    token,
)

TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


@pytest.fixture
def edge() -> Edge:
    return Edge()


async def test_an_accepted_command_is_answered_with_its_reply_and_where_to_read_it(
    edge: Edge,
) -> None:
    response = await edge.post()
    assert (response.status_code, response.content) == (200, ACCEPTED)
    assert response.headers["tuan-token"] == "cell_0.1.7"
    assert response.headers["tuan-command-id"] == str(UUID(int=1))
    assert response.headers["cache-control"] == "no-store"
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "idempotency-replayed" not in response.headers


async def test_the_engine_gets_the_token_s_tenant_and_owner_and_the_canonical_body(
    edge: Edge,
) -> None:
    raw = b' { "order_id" : "0193535A-0000-7000-8000-000000000001" } '
    await edge.post(content=raw, traceparent=TRACE)
    (got,) = edge.engine.got
    assert (got.tenant, got.principal, got.name) == ("demo", ANN, "cancel_order")
    assert got.idempotency_key == "k1"
    assert got.body == b'{"order_id":"0193535a-0000-7000-8000-000000000001"}'
    assert got.correlation_id == UUID("4bf92f3577b34da6a3ce929d0e0e4736")


async def test_the_same_key_and_body_is_the_same_answer_however_it_is_spaced(edge: Edge) -> None:
    first = await edge.post()
    again = await edge.post(content=b'{ "order_id": "0193535a-0000-7000-8000-000000000001" }')
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers["tuan-command-id"] == first.headers["tuan-command-id"]


async def test_the_same_key_with_another_body_is_refused(edge: Edge) -> None:
    await edge.post()
    assert code_of(await edge.post(body={"order_id": ANN})) == (422, "idempotency_key_reused")


@pytest.mark.parametrize(
    ("key", "code"),
    [
        (None, "idempotency_key_missing"),
        ("", "idempotency_key_invalid"),
        ("x" * 129, "idempotency_key_invalid"),
        ("x" * 8000, "idempotency_key_invalid"),
        ("two words", "idempotency_key_invalid"),
        ("tab\there", "idempotency_key_invalid"),
    ],
)
async def test_a_key_that_is_missing_or_unsafe_stops_here(
    edge: Edge, key: str | None, code: str
) -> None:
    assert code_of(await edge.post(key=key)) == (400, code)
    assert not edge.engine.got


@pytest.mark.parametrize(
    ("authorization", "answer"),
    [
        ("", (401, "unauthenticated")),
        ("Basic YTpi", (401, "unauthenticated")),
        ("Bearer", (401, "unauthenticated")),
        ("Bearer nonsense", (401, "unauthenticated")),
        (f"Bearer demo~{ANN}~catalog:write", (403, "scope_missing")),
        ("Bearer demo~svc:runner~shop", (403, "not_a_buyer")),
        (f"Bearer demo~{ANN.upper()}~shop", (403, "not_a_buyer")),
    ],
)
async def test_without_a_fitting_token_nobody_comes_in(
    edge: Edge, authorization: str, answer: tuple[int, str]
) -> None:
    response = await edge.post(who={"authorization": authorization})
    assert code_of(response) == answer
    assert not edge.engine.got
    if answer[0] == 401:
        assert response.headers["www-authenticate"] == "Bearer"


async def test_when_tokens_cannot_be_checked_nobody_comes_in(edge: Edge) -> None:
    edge.tokens.down = True
    response = await edge.post()
    assert code_of(response) == (503, "identity_unavailable")
    assert response.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("outcome", "answer"),
    [
        ("group_full", (409, "group_full")),
        ("not_found", (404, "not_found")),
        ("order_not_found", (404, "order_not_found")),
        ("error", (500, "command_failed")),
    ],
)
async def test_a_recorded_refusal_is_a_problem_with_its_code_and_command(
    edge: Edge, outcome: str, answer: tuple[int, str]
) -> None:
    edge.engine.decide = no(outcome, available=3)
    response = await edge.post()
    assert code_of(response) == answer
    assert response.json()["command_id"] == response.headers["tuan-command-id"]
    assert response.headers["tuan-token"] == "cell_0.1.7"
    if outcome != "error":
        assert response.json()["facts"] == {"available": 3}


@pytest.mark.parametrize(
    ("language", "title"),
    [("", "不行"), ("en", "No."), ("zh-CN,zh;q=0.9,en;q=0.8", "不行"), ("fr,en;q=0.5", "No.")],
)
async def test_titles_speak_the_caller_s_language_chinese_by_default(
    edge: Edge, language: str, title: str
) -> None:
    edge.engine.decide = no("group_full")
    response = await edge.post(accept_language=language)
    assert response.json()["title"] == title
    assert (response.json()["zh"], response.json()["en"]) == ("不行", "No.")


async def test_a_full_engine_says_when_to_come_back(edge: Edge) -> None:
    edge.engine.busy(3)
    response = await edge.post()
    assert code_of(response) == (503, "overloaded")
    assert response.headers["retry-after"] == "3"


async def test_a_bug_of_ours_is_a_500_without_its_story(edge: Edge) -> None:
    edge.engine.trouble = RuntimeError("secret detail")
    response = await edge.post()
    assert code_of(response) == (500, "internal")
    assert "secret" not in response.text


async def test_a_timer_s_own_command_cannot_be_asked_for(edge: Edge) -> None:
    assert code_of(await edge.post("/v1/commands/expire_order")) == (404, "unknown_command")


@pytest.mark.parametrize(("method", "path"), [("GET", "/nowhere"), ("POST", "/"), ("GET", "/v1")])
async def test_paths_that_are_not_there(edge: Edge, method: str, path: str) -> None:
    async with edge.client() as client:
        assert code_of(await client.request(method, path)) == (404, "not_found")


async def test_methods_that_are_not_there_say_which_are(edge: Edge) -> None:
    async with edge.client() as client:
        response = await client.delete(CANCEL)
    assert code_of(response) == (405, "method_not_allowed")
    assert response.headers["allow"]


# --- passing on -------------------------------------------------------------------------------


async def test_a_standby_passes_the_request_to_the_owner_as_it_came(edge: Edge) -> None:
    edge.engine.moved("http://owner:1")
    response = await edge.post(traceparent=TRACE, x_other="private")
    assert (response.status_code, response.content) == (200, ACCEPTED)
    ((address, path, headers, body),) = edge.elsewhere.relayed
    assert (address, path) == ("http://owner:1", CANCEL)
    assert body == f'{{"order_id":"{ORDER}"}}'.encode()
    assert headers[b"authorization"] == token("shop")["authorization"].encode()
    assert headers[b"idempotency-key"] == b"k1"
    assert headers[b"traceparent"] == TRACE.encode()
    assert b"x-other" not in headers


async def test_a_request_is_passed_on_once_only(edge: Edge) -> None:
    edge.engine.moved("http://owner:1")
    response = await edge.post(tuan_forwarded="1")
    assert code_of(response) == (503, "no_owner")
    assert not edge.elsewhere.relayed


@pytest.mark.parametrize("address", ["", "http://gone:1"])
async def test_without_a_reachable_owner_the_client_is_asked_to_repeat(
    edge: Edge, address: str
) -> None:
    edge.engine.moved(address)
    edge.elsewhere.gone = True
    response = await edge.post()
    assert code_of(response) == (503, "no_owner")
    assert response.headers["retry-after"] == "1"


# --- answers promised for later -----------------------------------------------------------------


async def ask_later(edge: Edge) -> str:
    response = await edge.post(prefer="respond-async, wait=5")
    assert response.status_code == 202
    assert response.headers["preference-applied"] == "respond-async"
    location: str = response.headers["location"]
    return location


async def status(edge: Edge, location: str, who: dict[str, str]) -> Any:
    async with edge.client() as client:
        return await client.get(location, headers=who)


async def test_a_stored_command_is_pending_until_it_is_decided(edge: Edge) -> None:
    location = await ask_later(edge)
    assert not edge.engine.got
    assert (await status(edge, location, token("shop"))).status_code == 202

    (stored,) = edge.inbox.got
    edge.inbox.done[stored.command_id] = no("group_full")(stored)
    response = await status(edge, location, token("shop"))
    assert response.status_code == 200
    assert response.json()["outcome"] == "group_full"
    assert response.json()["reply"]["zh"] == "不行"
    assert response.headers["tuan-token"] == "cell_0.1.7"


@pytest.mark.parametrize(
    "stranger", [token("shop", subject=BOB), token("shop", tenant="rival")], ids=["buyer", "tenant"]
)
async def test_strangers_learn_nothing_of_a_stored_command(
    edge: Edge, stranger: dict[str, str]
) -> None:
    location = await ask_later(edge)
    assert code_of(await status(edge, location, stranger)) == (404, "not_found")


@pytest.mark.parametrize("id", ["x", "1" * 9000, "0193535a-0000-7000-8000-00000000000g"])
async def test_there_is_nothing_to_get_at_what_is_no_id(edge: Edge, id: str) -> None:
    response = await status(edge, f"/v1/commands/{id}", token("shop"))
    assert code_of(response) == (405, "method_not_allowed")


async def test_a_command_that_nobody_asked_for(edge: Edge) -> None:
    response = await status(edge, f"/v1/commands/{ORDER}", token("shop"))
    assert code_of(response) == (404, "not_found")


async def test_a_full_inbox_promises_nothing(edge: Edge, monkeypatch: pytest.MonkeyPatch) -> None:
    from commands.ports import Overloaded, Submission

    async def full(submission: Submission) -> UUID:
        raise Overloaded(5)

    monkeypatch.setattr(edge.inbox, "put", full)
    assert code_of(await edge.post(prefer="respond-async")) == (503, "overloaded")


# --- words of our own processes -------------------------------------------------------------------


async def test_only_our_own_processes_may_vouch_for_a_digest(edge: Edge) -> None:
    mac = "ab" * 32
    await edge.post(tuan_body_mac=mac)
    await edge.post(tuan_body_mac=mac, who=token("shop", "platform"), key="k2")
    client, ours = edge.engine.got
    assert client.body_mac.hex() != mac
    assert ours.body_mac.hex() == mac


async def test_only_services_may_name_the_command_behind_theirs(edge: Edge) -> None:
    cause = str(UUID(int=99))
    await edge.post(tuan_causation_id=cause)
    await edge.post(tuan_causation_id=cause, who=token("shop", "process:act"), key="k2")
    client, service = edge.engine.got
    assert (client.causation_id, service.causation_id) == (None, UUID(int=99))
