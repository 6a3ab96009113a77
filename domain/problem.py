"""How every edge says no over HTTP: RFC 9457 as data, in Chinese and English, under a stable code."""

import re
from typing import Any, Final, NamedTuple

import msgspec

QUALITY: Final = re.compile(r"q\s*=\s*([01])(?:\.([0-9]{0,3}))?")  # RFC 9110 §12.4.2
MEDIA_TYPE: Final = b"application/problem+json"


class Problem(NamedTuple):
    """One kind of no. `code` never changes its meaning once published."""

    status: int
    code: str
    zh: str
    en: str


UNAUTHENTICATED = Problem(
    401, "unauthenticated", "凭证缺失、无效或已过期", "The token is missing, invalid or expired."
)
FORBIDDEN = Problem(
    403, "scope_missing", "没有权限", "The token does not carry the scope this route needs."
)
NOT_FOUND = Problem(404, "not_found", "对象不存在", "Nothing with this id or path exists for you.")
METHOD = Problem(
    405, "method_not_allowed", "不支持的请求方法", "This path does not answer this method."
)
TOO_MANY = Problem(429, "too_many_requests", "请求过于频繁", "Too many requests; try again later.")
IDENTITY_DOWN = Problem(
    503,
    "identity_unavailable",
    "身份服务暂不可用",
    "Tokens cannot be checked right now; try again.",
)
INTERNAL = Problem(500, "internal", "内部错误", "Something of ours went wrong; it has been logged.")

GENERAL: Final = (UNAUTHENTICATED, FORBIDDEN, NOT_FOUND, METHOD, TOO_MANY, IDENTITY_DOWN, INTERNAL)
"""The problems that any route of any edge may answer with."""


def render(problem: Problem, accept_language: str = "", **members: Any) -> bytes:
    """The JSON body. `members` are extension fields, such as the path of a wrong field."""
    title = problem.en if prefers_english(accept_language) else problem.zh
    return msgspec.json.encode(
        {
            "type": f"urn:tuan:problem:{problem.code}",
            "title": title,
            "status": problem.status,
            "code": problem.code,
            "zh": problem.zh,
            "en": problem.en,
            **members,
        }
    )


def prefers_english(accept_language: str) -> bool:
    """Chinese unless the header ranks English strictly higher."""
    best = {"en": 0, "zh": 0}
    for item in accept_language[:200].lower().split(","):
        tag, _, parameters = item.strip().partition(";")
        language = tag.partition("-")[0]
        if language in best:
            best[language] = max(best[language], weight(parameters.strip()))
    return best["en"] > best["zh"]


def weight(parameters: str) -> int:
    """The `q` of one language in thousandths; 1000 when there is none, 0 when it is nonsense."""
    if not parameters:
        return 1000
    found = QUALITY.fullmatch(parameters)
    return int(found[1]) * 1000 + int((found[2] or "").ljust(3, "0")) if found else 0
