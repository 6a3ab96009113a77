"""Ready-made people of the embedded default, so that every desk can be tried without an identity provider."""

from typing import Final, NamedTuple

import aiohttp

from domain.identity import SCOPES
from read_api.console.api import Away

TENANT: Final = "demo"
LASTS_SECONDS: Final = 8 * 3600
SEES: Final = ("read:all", "read:board", "finance:read")
DECIDES: Final = (
    *("refund:propose", "refund:approve", "break:propose", "break:approve"),
    "audit:read",
)
TIMEOUT: Final = aiohttp.ClientTimeout(total=5)


class Person(NamedTuple):
    """Somebody to sign in as. `name` is the subject of the token, so two of them are two people."""

    name: str
    zh: str
    en: str
    task_zh: str
    task_en: str
    scopes: tuple[str, ...]


PEOPLE: Final = (
    Person(
        "ops",
        "运营",
        "Operations",
        "看大屏、查订单、发起退款",
        "Watch the day, look orders up, propose refunds",
        (*SEES, "catalog:write", "refund:propose"),
    ),
    Person(
        "finance-a",
        "财务 A",
        "Finance A",
        "退款处理台、关账台：提出与审批",
        "Refunds and day close: propose and approve",
        (*SEES, *DECIDES),
    ),
    Person(
        "finance-b",
        "财务 B",
        "Finance B",
        "退款处理台、关账台：第二人审批",
        "Refunds and day close: the second person",
        (*SEES, *DECIDES),
    ),
    Person(
        "engineer",
        "工程师",
        "Engineer",
        "浏览事件流、看系统状态",
        "Browse streams, look at the system",
        (*SEES, "admin"),
    ),
)


async def token_for(http: aiohttp.ClientSession, issuer: str, person: Person) -> str:
    """A token of the development issuer. Raises: Away."""
    asked = {
        "tenant": TENANT,
        "sub": person.name,
        "scopes": [scope for scope in person.scopes if scope in SCOPES],
        "ttl_seconds": LASTS_SECONDS,
    }
    try:
        async with http.post(f"{issuer}/token", json=asked, timeout=TIMEOUT) as answer:
            answer.raise_for_status()
            return str((await answer.json())["access_token"])
    except (aiohttp.ClientError, TimeoutError, OSError) as broken:
        raise Away(type(broken).__name__) from None
