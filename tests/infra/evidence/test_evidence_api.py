"""An auditor downloads evidence over the API; strangers, other tenants and too much of it are refused."""

import asyncio
from pathlib import Path

import httpx
import pytest
from psycopg_pool import AsyncConnectionPool

from infra.evidence import gather
from infra.evidence.checkpoint import Signer
from infra.evidence.packer import EvidencePacker
from read_api.app import create_app
from read_api.snapshot import configure
from tests.infra.evidence.packs import KEY, SIGNER, World, made, standing_alone
from tests.read_api.conftest import NO_TICKETS, NoReplays, NoStreams, Trusting
from tests.servers import Database

AUDITOR = "acme/auditor/audit:read"


@pytest.fixture(scope="module")
def world(database: Database) -> World:
    return asyncio.run(made(database))


class Asked:
    """The API with a packer that signs with this key, or cannot."""

    def __init__(self, database: Database, world: World) -> None:
        self._database = database
        self._world = world

    async def get(
        self, path: str, token: str = AUDITOR, signer: Signer | None = SIGNER
    ) -> httpx.Response:
        dsn = self._database.dsn_as("tuan_reader")
        packer = EvidencePacker(self._world.dsn, signer, self._world.clock)
        async with AsyncConnectionPool(dsn, min_size=1, max_size=2, configure=configure) as pool:
            app = create_app(
                pool,
                Trusting(),
                self._world.clock,
                NoStreams(),
                NO_TICKETS,
                NoReplays(),
                packer=packer,
            )
            transport = httpx.ASGITransport(app)
            async with httpx.AsyncClient(transport=transport, base_url="http://tuan") as client:
                headers = {"authorization": f"Bearer {token}"}
                return await client.get(path, headers=headers)


@pytest.fixture
def api(database: Database, world: World) -> Asked:
    return Asked(database, world)


@pytest.mark.parametrize("kind", ["order", "refund", "day"])
async def test_what_is_downloaded_proves_itself(
    api: Asked, world: World, tmp_path: Path, kind: str
) -> None:
    id = {"order": world.orders[0], "refund": world.refunds[0], "day": "2026-06-01"}[kind]
    answer = await api.get(f"/v1/evidence/{kind}/{id}")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/zip"
    assert answer.headers["cache-control"] == "no-store"
    assert f'filename="evidence_{kind}_{id}.zip"' in answer.headers["content-disposition"]
    (tmp_path / "pack.zip").write_bytes(answer.content)
    told = standing_alone().verified(str(tmp_path / "pack.zip"), KEY)
    assert told[0] == f"evidence of {kind} {id} of tenant acme"


async def test_what_is_not_theirs_is_not_there(api: Asked, world: World) -> None:
    for path in (
        f"order/{world.foreign}", f"order/{world.refunds[0]}", f"payout/{world.orders[0]}",
        "order/2026-06-01", "day/1999-01-01", f"refund/{'0' * 32}",
    ):  # fmt: skip
        answer = await api.get(f"/v1/evidence/{path}")
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), path
    strangers = await api.get(f"/v1/evidence/order/{world.orders[0]}", "other/auditor/audit:read")
    assert strangers.status_code == 404


@pytest.mark.parametrize("path", ["group/1", "order/what", "order/1?x=1", f"order/{'1' * 40}"])
async def test_what_makes_no_sense_is_refused(api: Asked, path: str) -> None:
    answer = await api.get(f"/v1/evidence/{path}")
    assert (answer.status_code, answer.json()["code"]) == (422, "invalid_query")


async def test_who_may_read_everything_else_gets_no_evidence(api: Asked, world: World) -> None:
    answer = await api.get(
        f"/v1/evidence/order/{world.orders[0]}", "acme/boss/read:all+finance:read+admin"
    )
    assert answer.status_code == 403


async def test_without_a_key_nobody_signs(api: Asked, world: World) -> None:
    answer = await api.get(f"/v1/evidence/order/{world.orders[0]}", signer=None)
    assert (answer.status_code, answer.json()["code"]) == (503, "no_anchor_key")


async def test_a_pack_has_an_end(api: Asked, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "EVENTS_MAX", 10)
    answer = await api.get("/v1/evidence/day/2026-06-01")
    assert (answer.status_code, answer.json()["code"]) == (413, "evidence_too_large")
