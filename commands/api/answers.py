"""From the engine's durable answer to an HTTP response."""

from functools import cache
from typing import Any, Final
from uuid import UUID

import msgspec

from commands.api.http import JSON, SAFE, Request, Response, problem_response
from commands.api.problems import FAILED, Refused
from commands.ports import Answer
from domain.errors import NotFound
from domain.problem import Problem

LATER: Final = (b"preference-applied", b"respond-async")
REPLAYED: Final = (b"idempotency-replayed", b"true")


def answered(answer: Answer, request: Request) -> Response:
    """200 with the reply, or the recorded refusal as a problem."""
    if answer.outcome == "accepted":
        return Response(200, [JSON, *SAFE, *traces(answer)], answer.reply)
    response = problem_response(refusal(answer), request.text(b"accept-language"))
    return response._replace(headers=[*response.headers, *traces(answer)])


def refusal(answer: Answer) -> Refused:
    """404 for things that are not there, 409 for every other reason, 500 for what we could not decide."""
    if answer.outcome == "error":
        return Refused(FAILED, command_id=answer.command_id)
    said: dict[str, Any] = msgspec.json.decode(answer.reply)
    status = 404 if answer.outcome in missing_codes() else 409
    problem = Problem(status, answer.outcome, said["zh"], said["en"])
    return Refused(problem, facts=said.get("facts", {}), command_id=answer.command_id)


@cache  # asked only after every use case, and so every refusal, was imported
def missing_codes() -> frozenset[str]:
    """Codes of the refusals that say: there is no such thing."""
    found: set[str] = set()
    waiting: list[type[NotFound]] = [NotFound]
    while waiting:
        kind = waiting.pop()
        found.add(kind.code)
        waiting += kind.__subclasses__()
    return frozenset(found)


def traces(answer: Answer) -> list[tuple[bytes, bytes]]:
    """Where in the log the answer stands, and whether it is an old one."""
    headers = [
        (b"tuan-command-id", str(answer.command_id).encode()),
        (b"tuan-token", answer.token.encode()),
    ]
    return [*headers, REPLAYED] if answer.replayed else headers


def promised(command_id: UUID) -> Response:
    """202: stored durably; the outcome will stand at the location."""
    location = (b"location", f"/v1/commands/{command_id}".encode())
    body = msgspec.json.encode({"command_id": command_id, "status": "pending"})
    return Response(202, [JSON, *SAFE, location, LATER, (b"retry-after", b"1")], body)


def told(answer: Answer) -> Response:
    """The body at that location once it is decided, whatever the outcome."""
    status = {
        "command_id": answer.command_id,
        "status": "done",
        "outcome": answer.outcome,
        "reply": msgspec.Raw(answer.reply),
    }
    return Response(200, [JSON, *SAFE, *traces(answer)], msgspec.json.encode(status))
