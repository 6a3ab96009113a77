"""The public URL before real engines: commands, takeover, and no route without a scope."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx
import psycopg
import pytest

from infra.clock import SystemClock
from infra.embedded import ports
from infra.embedded.child import Child
from infra.identity.service_tokens import ServiceTokens
from infra.settings import Settings
from infra.wechatpay.accounts import set_up
from tests.api.edge import ANN, BOB
from tests.servers import Database, Processes
from tests.waiting import eventually

GOODS = {"merchant": "tea", "title": "春茶", "list_price_fen": 1990, "fulfilment": "physical"}
REGISTER = "/v1/commands/register_sku"
TAKEOVER_SECONDS = 10


class Platform:
    """A gateway and its engines, each a process."""

    def __init__(self, settings: Settings, processes: Processes) -> None:
        self.settings = settings.model_copy(update={"gateway_port": ports.choose()})
        self.processes = processes
        self.tokens = ServiceTokens(settings.key("mac_key"), SystemClock())
        self.url = self.settings.public_url
        self.gateway = processes.tuan(
            "gateway", settings=self.settings, healthz=f"{self.url}/healthz"
        )

    def engine(self) -> tuple[Child, str]:
        settings = self.settings.model_copy(update={"engine_port": ports.choose()})
        url = settings.engine_url
        child = self.processes.tuan("engine", settings=settings, healthz=f"{url}/healthz")
        return child, url

    def owner(self) -> tuple[Child, str]:
        child, url = self.engine()
        eventually(lambda: httpx.get(f"{url}/healthz").json()["owner"])
        return child, url

    def post(
        self, key: str, path: str = REGISTER, body: Any = GOODS, **headers: str
    ) -> httpx.Response:
        token = self.tokens.token("demo", ANN, "catalog:write")
        sent = {"authorization": f"Bearer {token}", "idempotency-key": key, **headers}
        return httpx.post(f"{self.url}{path}", json=body, headers=sent, timeout=30)


@pytest.fixture
def platform(settings: Settings, database: Database, processes: Processes) -> Platform:
    with psycopg.connect(database.dsn, autocommit=True) as session:
        session.execute(
            "insert into platform.tenants (tenant, cell, name) values ('demo', 'cell_0', 'Demo')"
            " on conflict do nothing"
        )
    set_up(settings.channels, settings.keys / "wechatpay", ["demo"], datetime.now(UTC))
    return Platform(settings, processes)


def answered(ask: Callable[[], httpx.Response]) -> Callable[[], httpx.Response | None]:
    """The answer once there is one that is none of "repeat it"."""

    def look() -> httpx.Response | None:
        response = ask()
        return None if response.status_code == 503 else response

    return look


def test_a_command_goes_through_and_its_repeat_too_though_the_owner_died_between(
    platform: Platform,
) -> None:
    nobody = platform.post("k0")
    assert (nobody.status_code, nobody.json()["code"]) == (503, "no_owner")
    assert nobody.headers["retry-after"] == "1"

    first, _ = platform.owner()
    done = platform.post("k1")
    assert done.status_code == 200
    assert done.headers["tuan-token"].startswith("cell_0.")

    _, standby = platform.engine()
    direct = httpx.post(
        f"{standby}{REGISTER}",
        json=GOODS,
        headers={
            "authorization": f"Bearer {platform.tokens.token('demo', ANN, 'catalog:write')}",
            "idempotency-key": "k1",
        },
    )
    assert direct.headers["idempotency-replayed"] == "true"

    first.kill()
    again = eventually(answered(lambda: platform.post("k1")), TAKEOVER_SECONDS)
    assert again is not None
    assert again.headers["idempotency-replayed"] == "true"
    assert again.json() == done.json()
    assert platform.post("k2").status_code == 200


def test_a_promise_is_kept_by_whichever_engine_comes(platform: Platform) -> None:
    promised = platform.post("later", prefer="respond-async")
    assert promised.status_code == 202
    again = platform.post("later", prefer="respond-async")
    assert again.headers["location"] == promised.headers["location"]
    other = platform.post("later", body={**GOODS, "title": "秋茶"}, prefer="respond-async")
    assert (other.status_code, other.json()["code"]) == (422, "idempotency_key_reused")

    where = f"{platform.url}{promised.headers['location']}"

    def status(subject: str = ANN) -> httpx.Response:
        token = platform.tokens.token("demo", subject, "catalog:write")
        return httpx.get(where, headers={"authorization": f"Bearer {token}"})

    assert status().status_code == 202
    assert status(BOB).status_code == 404
    platform.engine()
    decided = eventually(
        lambda: status() if status().status_code == 200 else None, TAKEOVER_SECONDS
    )
    assert decided is not None
    assert decided.json()["outcome"] == "accepted"
    assert decided.json()["reply"]["sku_id"]
    assert platform.post("later").headers["idempotency-replayed"] == "true"


def test_the_gateway_tells_how_it_is_and_ends_well(platform: Platform) -> None:
    platform.post("k0")
    assert httpx.get(f"{platform.url}/healthz").json()["ready"]
    metrics = httpx.get(f"{platform.url}/metrics").text
    assert f'tuan_http_request_seconds_count{{route="{REGISTER}",status="503"}}' in metrics
    assert httpx.get(f"{platform.url}/nowhere").json()["code"] == "not_found"
    for document in ("/openapi.json", "/v1/read/openapi.json"):
        assert httpx.get(f"{platform.url}{document}").json()["paths"]
    platform.gateway.stop()
    assert not platform.gateway.alive
