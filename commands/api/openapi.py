"""The OpenAPI document, made from the routes themselves: good enough to generate a client from."""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

import msgspec

from commands.api.examples import example_of
from commands.api.http import Endpoint
from commands.api.problems import EDGE
from domain.identity import SCOPES
from domain.problem import Problem

TAG: Final = "type"  # the field msgspec tells alternatives apart by
REF: Final = "#/components/schemas/{name}"
DESCRIPTION: Final = (
    "Commands of the group-buying platform. Every answer is durable; repeat a request with the same "
    "Idempotency-Key and you get the same answer. 每个命令的应答都已落盘，可用同一幂等键安全重试。"
)


class ApiRoute(NamedTuple):
    """One route and how it is documented. `types` are the structs its operation refers to.

    Without an operation it is not in the document.
    """

    method: str
    path: str
    endpoint: Endpoint
    operation: dict[str, Any] | None = None
    types: tuple[type[Any], ...] = ()


class Promise(msgspec.Struct, frozen=True):
    """The command is stored durably and will be decided; ask again at the location."""

    command_id: str
    status: str


class Outcome(msgspec.Struct, frozen=True):
    """What became of a command: 'accepted', the code of a refusal, or 'error'."""

    command_id: str
    status: str
    outcome: str
    reply: dict[str, Any]


class ProblemDocument(msgspec.Struct, frozen=True):
    """RFC 9457. `title` follows Accept-Language; `code` is for programs and never changes its meaning."""

    type: str
    title: str
    status: int
    code: str
    zh: str
    en: str
    facts: dict[str, int | str] | msgspec.UnsetType = msgspec.UNSET
    command_id: str | msgspec.UnsetType = msgspec.UNSET
    path: str | msgspec.UnsetType = msgspec.UNSET
    detail: str | msgspec.UnsetType = msgspec.UNSET


def document(routes: Sequence[ApiRoute]) -> dict[str, Any]:
    """The whole document."""
    types = dict.fromkeys(
        [Promise, Outcome, ProblemDocument, *(t for one in routes for t in one.types)]
    )
    _, schemas = msgspec.json.schema_components(list(types), ref_template=REF)
    forgive_lone_tags(schemas)
    paths: dict[str, dict[str, Any]] = {}
    for route in routes:
        if route.operation is not None:
            path = route.path.replace(":uuid}", "}")
            paths.setdefault(path, {})[route.method.lower()] = route.operation
    scopes = " ".join(f"`{name}`: {meaning}" for name, meaning in SCOPES.items())
    token = {"type": "http", "scheme": "bearer", "description": f"A JWT or an API key. {scopes}"}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tuan write API", "version": "1", "description": DESCRIPTION},
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"token": token}},
    }


def forgive_lone_tags(schemas: dict[str, dict[str, Any]]) -> None:
    """A struct that is no alternative to another may leave its tag out: say what the decoder does."""
    alternatives = msgspec.json.encode([discriminators(schema) for schema in schemas.values()])
    for name, schema in schemas.items():
        tagged = len(schema.get("properties", {}).get(TAG, {}).get("enum", ())) == 1
        if tagged and f'"{REF.format(name=name)}"'.encode() not in alternatives:
            schema["required"] = [one for one in schema["required"] if one != TAG]


def discriminators(node: Any) -> list[Any]:
    """Every mapping from tags to alternatives in a schema."""
    if isinstance(node, list):
        return [found for one in node for found in discriminators(one)]
    if not isinstance(node, dict):
        return []
    own = [node["discriminator"]] if "discriminator" in node else []
    return own + [found for one in node.values() for found in discriminators(one)]


def secured(*scopes: str) -> list[dict[str, list[str]]]:
    """Any one of these scopes opens the route."""
    return [{"token": [scope]} for scope in scopes]


def takes(type_: type[Any]) -> dict[str, Any]:
    schema = {"$ref": REF.format(name=type_.__name__)}
    return {
        "required": True,
        "content": {"application/json": {"schema": schema, "example": example_of(type_)}},
    }


def gives(words: str, type_: type[Any], headers: dict[str, Any]) -> dict[str, Any]:
    schema = {"$ref": REF.format(name=type_.__name__)}
    return {
        "description": words,
        "headers": headers,
        "content": {"application/json": {"schema": schema}},
    }


def problems(*statuses: int) -> dict[str, Any]:
    """One response for each status, with every code it can carry as an example."""
    return {
        str(status): problem_answer([one for one in EDGE if one.status == status])
        for status in statuses
    }


def problem_answer(kinds: Sequence[Problem]) -> dict[str, Any]:
    words = " ".join(kind.en for kind in kinds) or "Refused; `code` says why, in both languages."
    examples = {
        kind.code: {
            "value": {
                "type": f"urn:tuan:problem:{kind.code}",
                "title": kind.zh,
                "status": kind.status,
                "code": kind.code,
                "zh": kind.zh,
                "en": kind.en,
            }
        }
        for kind in kinds
    }
    schema = {"$ref": REF.format(name="ProblemDocument")}
    return {
        "description": words,
        "content": {"application/problem+json": {"schema": schema, "examples": examples}},
    }


def header(name: str, words: str, pattern: str = "", *, required: bool = False) -> dict[str, Any]:
    schema = {"type": "string", "pattern": pattern} if pattern else {"type": "string"}
    return {
        "name": name,
        "in": "header",
        "description": words,
        "required": required,
        "schema": schema,
    }


IDEMPOTENCY_KEY: Final = header(
    "Idempotency-Key",
    "Chosen by the client, once for each intent.",
    "^[!-~]{1,128}$",
    required=True,
)
PREFER: Final = header("Prefer", "`respond-async`: answer 202 at once and decide later.")
TRACEPARENT: Final = header("traceparent", "W3C trace that this request belongs to.")
ACCEPT_LANGUAGE: Final = header(
    "Accept-Language", "Language of problem titles: zh-CN (default) or en."
)
TOKEN_HEADER: Final = {
    "description": "cell.epoch.position: pass it to the read API as `Tuan-Token` to read your own write.",
    "schema": {"type": "string"},
}
ANSWER_HEADERS: Final[dict[str, Any]] = {
    "Tuan-Token": TOKEN_HEADER,
    "Tuan-Command-Id": {
        "description": "The recorded command.",
        "schema": {"type": "string", "format": "uuid"},
    },
    "Idempotency-Replayed": {
        "description": "`true` when this is the answer of an earlier request with the same key.",
        "schema": {"type": "string"},
    },
}
LOCATION: Final[dict[str, Any]] = {
    "Location": {"description": "Where the outcome will stand.", "schema": {"type": "string"}}
}
