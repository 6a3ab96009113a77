"""An auditor reads every anchor of the cell, page by page or by its day; nobody else does."""

from datetime import UTC, datetime

import psycopg
import pytest

from infra.evidence.anchoring import open_session
from infra.evidence.anchors import Anchors
from infra.evidence.checkpoint import Signer, opened
from tests.delivery.history import History
from tests.read_api.conftest import Readers
from tests.servers import Database

AUDITOR = "acme/auditor/audit:read"
SIGNER = Signer(b"\7" * 32)
COMMAND = """
insert into cell_0.commands (seq, command_id, tenant, principal, name, body, body_mac, facts, outcome, reply,
  seen_position, code_rev, correlation_id, at, hash)
select 1, gen_random_uuid(), 'acme', 'p', 'x', '', '', '', 'accepted', '', 0, '', gen_random_uuid(),
  min(recorded_at), sha256('') from cell_0.events"""


@pytest.fixture(scope="module", autouse=True)
def _anchored(database: Database, history: History, delivered: None) -> None:
    """Three days have ended since the worlds began."""
    with psycopg.connect(database.dsn, autocommit=True) as owner:
        owner.execute(COMMAND)
        owner.execute(
            "update cell_0.owner set head_position = %s, command_seq = 1", (history.head,)
        )
    with open_session(database.dsn_as("tuan_auditor")) as session:
        anchors = Anchors(session, "cell_0")
        list(anchors.make_due(SIGNER, datetime(2026, 6, 4, 12, tzinfo=UTC)))


async def test_anchors_are_listed_the_latest_first(readers: Readers) -> None:
    items = await readers.json("/v1/anchors?limit=2", AUDITOR)
    more = await readers.json(f"/v1/anchors?limit=2&cursor={items['next']}", AUDITOR)
    assert more["next"] is None
    days = [item["day"] for item in (*items["items"], *more["items"])]
    assert days == sorted(days, reverse=True)
    assert days[0] == "2026-06-03"


async def test_what_an_anchor_says_is_what_was_signed(readers: Readers) -> None:
    shown = await readers.json("/v1/anchors/2026-06-03", AUDITOR)
    signed = opened(shown["note"], [SIGNER.public])
    assert signed.position == shown["position"] > 0
    assert (signed.root.hex(), signed.head_hash.hex()) == (shown["root"], shown["head_hash"])
    assert signed.command_root.hex() == shown["command_root"]
    assert signed.at == datetime.fromisoformat(shown["at"])


@pytest.mark.parametrize("path", ["2026-06-04", "1999-01-01", "9999-12-31"])
async def test_a_day_without_an_anchor_is_not_found(readers: Readers, path: str) -> None:
    assert (await readers.get(f"/v1/anchors/{path}", AUDITOR)).status_code == 404


@pytest.mark.parametrize(
    ("path", "code"),
    [("/v1/anchors/soon", 422), ("/v1/anchors?limit=0", 422), ("/v1/anchors?cursor=x", 400)],
)
async def test_what_makes_no_sense_is_refused(readers: Readers, path: str, code: int) -> None:
    assert (await readers.get(path, AUDITOR)).status_code == code


async def test_who_reads_everything_else_reads_no_anchors(readers: Readers) -> None:
    refused = await readers.get("/v1/anchors", "acme/boss/read:all+finance:read+admin")
    assert refused.status_code == 403
