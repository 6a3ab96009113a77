"""Every way the read API says no, each with its stable code, and how it becomes bytes."""

import logging
from typing import Any, Final

import psycopg
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from psycopg_pool import PoolTimeout
from starlette.exceptions import HTTPException

from domain.problem import GENERAL, INTERNAL, MEDIA_TYPE, METHOD, NOT_FOUND, Problem, render
from read_api.evidence_problems import OF_EVIDENCE

log = logging.getLogger(__name__)

INVALID: Final = Problem(
    422, "invalid_query", "查询参数有误", "A parameter is unknown, missing or out of range."
)
TOKEN_INVALID: Final = Problem(
    400,
    "token_invalid",
    "Tuan-Token 无效",
    "Tuan-Token must be cell.epoch.position of your own cell.",
)
CURSOR_INVALID: Final = Problem(
    400, "cursor_invalid", "翻页游标无效", "The cursor is not one that this list gave out."
)
NOT_YET_VISIBLE: Final = Problem(
    409,
    "not_yet_visible",
    "数据尚未更新到所要求的位置，请稍后重试",
    "The read model has not reached the position you asked for; try again.",
)
ORIGIN_REFUSED: Final = Problem(
    403, "origin_refused", "不允许从该网页来源访问", "Pages of this origin may not open live feeds."
)
REPORTS_BUSY: Final = Problem(
    503,
    "reports_busy",
    "正在生成的报表过多，请稍后重试",
    "Too many reports are being made; try again.",
)
UNAVAILABLE: Final = Problem(
    503,
    "read_model_unavailable",
    "查询服务暂不可用",
    "The read models cannot be read right now; try again.",
)

PROBLEMS: Final = (
    *GENERAL, INVALID, TOKEN_INVALID, CURSOR_INVALID, NOT_YET_VISIBLE, ORIGIN_REFUSED,
    REPORTS_BUSY, *OF_EVIDENCE, UNAVAILABLE,
)  # fmt: skip
"""All of them, for the catalogue and the OpenAPI document."""

AWAY: Final = (
    psycopg.OperationalError,
    psycopg.InterfaceError,
    psycopg.errors.UndefinedTable,  # no projector has run here yet
    PoolTimeout,
)


class Refused(Exception):
    """The request ends here. `members` are extension fields of the problem."""

    def __init__(self, problem: Problem, **members: Any) -> None:
        super().__init__(problem.code)
        self.problem = problem
        self.members = members


def answer(request: Request, problem: Problem, **members: Any) -> Response:
    """RFC 9457, with the freshness of what was looked at, if it came that far."""
    headers = {"cache-control": "no-store", "x-content-type-options": "nosniff"}
    if token := getattr(request.state, "token", ""):
        headers["tuan-token"] = token
    if problem.status == 401:
        headers["www-authenticate"] = "Bearer"
    if problem.status == 503:
        headers["retry-after"] = "1"
    body = render(problem, request.headers.get("accept-language", ""), **members)
    return Response(body, problem.status, headers, media_type=MEDIA_TYPE.decode())


def install(app: FastAPI) -> None:
    """Let every error of `app` become a problem."""

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, Refused)
        return answer(request, error.problem, **error.members)

    async def invalid(request: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)
        errors = [{"at": list(it["loc"][1:]), "what": it["msg"]} for it in error.errors()]
        return answer(request, INVALID, errors=errors)

    async def unrouted(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        known = {404: NOT_FOUND, 405: METHOD}
        response = answer(request, known.get(error.status_code, INTERNAL))
        response.headers.update(error.headers or {})  # 405 tells what is allowed
        return response

    async def away(request: Request, error: Exception) -> Response:
        log.warning("read models out of reach: %s", error)
        return answer(request, UNAVAILABLE)

    async def bug(request: Request, error: Exception) -> Response:
        log.error("unexpected error at %s", request.url.path, exc_info=error)
        return answer(request, INTERNAL)

    app.add_exception_handler(Refused, refused)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, unrouted)
    for kind in AWAY:
        app.add_exception_handler(kind, away)
    app.add_exception_handler(Exception, bug)
