"""The OpenAPI document: what FastAPI says of the routes, and what holds for every one of them."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.openapi.utils import get_openapi
from fastapi.routing import APIRoute

from domain.identity import SCOPES
from read_api.access import needs_of
from read_api.problems import PROBLEMS

DESCRIPTION: Final = (
    "Queries of the group-buying platform. Each answer is one instant of one tenant, and says which in"
    " Tuan-Token. 每个应答都是某一租户在某一时刻的快照，Tuan-Token 说明其新鲜度。"
)
PROBLEM: Final[dict[str, Any]] = {
    "type": "object",
    "description": "RFC 9457. `title` follows Accept-Language; `code` never changes its meaning.",
    "required": ["type", "title", "status", "code", "zh", "en"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string", "enum": sorted({problem.code for problem in PROBLEMS})},
        "zh": {"type": "string"},
        "en": {"type": "string"},
    },
}
TOKEN_HEADER: Final = {
    "Tuan-Token": {"schema": {"type": "string"}, "description": "The instant: cell.epoch.position."}
}


class ReadApi(FastAPI):
    """An application of these routers that describes what all their routes share."""

    def __init__(self, routers: Sequence[APIRouter], title: str, path: str) -> None:
        super().__init__(title=title, docs_url=None, redoc_url=None, openapi_url=path)
        self.needs: dict[str, frozenset[str]] = {}
        for router in routers:
            self.include_router(router)
            for route in router.routes:
                if isinstance(route, APIRoute):
                    self.needs[route.path] = needs_of(route)

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema is None:
            self.openapi_schema = describe(self)
        return self.openapi_schema


def describe(app: ReadApi) -> dict[str, Any]:
    """Scopes, problems and the freshness of every answer, added to FastAPI's own document."""
    document = get_openapi(title=app.title, version="1", description=DESCRIPTION, routes=app.routes)
    schemas = document["components"]["schemas"]
    for unused in ("HTTPValidationError", "ValidationError"):
        schemas.pop(unused, None)
    schemas["Problem"] = PROBLEM
    scopes = " ".join(f"`{name}`: {meaning}" for name, meaning in SCOPES.items())
    token = {"type": "http", "scheme": "bearer", "description": f"A JWT or an API key. {scopes}"}
    document["components"]["securitySchemes"] = {"token": token}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            complete(operation, app.needs[path])
    return document


def complete(operation: dict[str, Any], needs: Iterable[str]) -> None:
    """Any one of `needs` opens the operation; whatever goes wrong is a problem."""
    operation["security"] = [{"token": [scope]} for scope in sorted(needs)]
    operation["responses"]["200"]["headers"] = TOKEN_HEADER
    schema = {"$ref": "#/components/schemas/Problem"}
    for status in sorted({problem.status for problem in PROBLEMS} - {405}):
        codes = ", ".join(f"`{problem.code}`" for problem in PROBLEMS if problem.status == status)
        operation["responses"][str(status)] = {
            "description": codes,
            "content": {"application/problem+json": {"schema": schema}},
        }
