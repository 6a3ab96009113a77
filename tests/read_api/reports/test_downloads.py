"""Who may download what, what cannot be asked, what never runs, and how little of it is ever in memory."""

import asyncio
import csv
import io
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any, Self, cast

import httpx
import msgspec
import psycopg
import pytest

from domain.events.refund import RefundPaidElsewhere
from domain.identity import Principal
from read_api.reports import desk
from read_api.reports.books import View
from read_api.reports.catalogue import REPORTS
from read_api.reports.desk import AT_ONCE, Streamed
from read_api.reports.lines import JOURNAL
from read_api.reports.make import make
from read_api.reports.produce import BATCH
from read_api.reports.routes import READING
from read_api.snapshot import Snapshot
from tests.architecture.books import samples
from tests.builders import DAY, NOON
from tests.delivery.history import Fact, History
from tests.read_api.conftest import Readers, tell
from tests.read_api.reports.telling import rows
from tests.servers import Database

LONG = 40_000  # lines
FILL = """
insert into read.ledger_lines_v2
select 'long', n, 0, 1 + side, gen_random_uuid(), 'payment.captured.v1', 'P1', null, null, null, 'ref ' || n,
  (array['1120', '2010'])[1 + side], 'key ' || n, 100 * (1 - side), 100 * side, '2026-06-01', now(), 2, null, null, null
from generate_series(1, %s) n, generate_series(0, 1) side"""
PAST = View(None, None, 10**9, None, NOON.date())


def app_of(readers: Readers) -> Any:
    return cast(httpx.ASGITransport, readers.client._transport).app


async def test_only_finance_downloads(readers: Readers) -> None:
    for path in ("", "/trial-balance", "/trial-balance/explain?cell=debit_fen&key=1120"):
        refused = await readers.get(f"/v1/reports{path}", "acme/boss/read:all+admin")
        assert (refused.status_code, refused.json()["code"]) == (403, "scope_missing")
        assert (
            await readers.get(f"/v1/reports{path}", "acme/boss/finance:read")
        ).status_code == 200


@pytest.mark.parametrize("name", list(REPORTS))
async def test_a_stranger_downloads_nothing_and_explains_nothing(
    readers: Readers, name: str
) -> None:
    mine = await rows(readers, name, who="acme/boss/finance:read")
    assert await rows(readers, name, who="nobody/boss/finance:read") == []
    for row in mine[:3]:
        for cell in REPORTS[name].cells:
            path = f"{row['explain']}&cell={cell}"
            told = await readers.json(path, "other/boss/finance:read")
            mine_too = await readers.json(path, "acme/cfo/finance:read")
            strange = {it["position"] for it in told["items"]}
            own = {it["position"] for it in mine_too["items"]}
            assert strange.isdisjoint(own)


@pytest.mark.parametrize(
    ("query", "at"),
    [
        ("trial-balance?format=pdf", "format"),
        ("trial-balance?format=beancount", "format"),
        ("trial-balance?as_of=2026-06-01&from=2026-06-01", "as_of"),
        ("trial-balance?from=2026-06-02&to=2026-06-01", "from"),
        ("trial-balance?as_known_at=yesterday", "as_known_at"),
        ("trial-balance?since=2026-06-01", "since"),
        ("trial-balance/explain?cell=name", "cell"),
        ("trial-balance/explain?cell=debit_fen&key=1120&key=x", "key"),
        ("journal/explain?cell=debit_fen&key=x&key=1", "key"),
        ("sub-ledger-order/explain?cell=closing_fen", "key"),
    ],
)
async def test_what_makes_no_sense_is_refused_and_says_where(
    readers: Readers, query: str, at: str
) -> None:
    refused = await readers.get(f"/v1/reports/{query}")
    assert refused.status_code == 403  # not even asked
    refused = await readers.get(f"/v1/reports/{query}", "acme/boss/finance:read")
    assert (refused.status_code, refused.json()["code"]) == (422, "invalid_query")
    assert at in {part for error in refused.json()["errors"] for part in error["at"]}


async def test_no_such_report_and_a_cursor_of_another_cell(readers: Readers) -> None:
    boss = "acme/boss/finance:read"
    assert (await readers.get("/v1/reports/gossip", boss)).status_code == 404
    path = "/v1/reports/trial-balance/explain?limit=1&key=1120&cell="
    cursor = (await readers.json(f"{path}debit_fen", boss))["next"]
    refused = await readers.get(f"{path}credit_fen&cursor={cursor}", boss)
    assert (refused.status_code, refused.json()["code"]) == (400, "cursor_invalid")


async def test_the_list_says_what_there_is(readers: Readers) -> None:
    told = await readers.json("/v1/reports", "acme/boss/finance:read")
    assert [it["name"] for it in told["reports"]] == list(REPORTS)
    for it in told["reports"]:
        explained = {column["key"] for column in it["columns"] if column["explained"]}
        assert explained == set(REPORTS[it["name"]].cells)


async def test_what_people_typed_never_runs_in_a_spreadsheet(
    readers: Readers, database: Database, history: History
) -> None:
    evil = ["=HYPERLINK(1)", "+1", "-1", "@x", "＝1", "\t=1", "'=1", "plain"]
    ((_, event),) = samples(RefundPaidElsewhere)
    facts = [
        Fact("refund", event.refund_id, msgspec.structs.replace(event, reference=text))
        for text in evil
    ]
    await tell(database, history, facts, "evil")
    text = await readers.get("/v1/reports/journal", "evil/boss/finance:read")
    heading, *lines = csv.reader(io.StringIO(text.content.decode("utf-8-sig"), newline=""))
    at = heading.index("对方单号 Reference")
    shown = list(dict.fromkeys(line[at] for line in lines))
    assert shown[:-1] == [*("'" + text for text in evil[:-1]), "plain"]
    assert {
        it["reference"] for it in await rows(readers, "journal", who="evil/boss/finance:read")
    } == set(evil)


@pytest.fixture(scope="module")
def long(database: Database, delivered: None) -> Iterator[None]:
    """A tenant with more lines than anybody would keep in memory."""
    with psycopg.connect(database.dsn, autocommit=True) as session:
        session.execute(FILL, (LONG // 2,))
        yield
        session.execute("delete from read.ledger_lines_v2 where tenant = 'long'")


@asynccontextmanager
async def snapshot_of(readers: Readers, tenant: str) -> AsyncIterator[Snapshot]:
    principal = Principal(tenant, "boss", frozenset({"finance:read"}), NOON + 365 * DAY)
    async with READING.open(app_of(readers).state, principal) as snapshot:
        yield snapshot


@pytest.mark.parametrize("name", ["journal", "general-ledger", "sub-ledger-channel"])
@pytest.mark.parametrize("format", ["csv", "jsonl"])
async def test_a_long_report_comes_in_many_small_pieces(
    readers: Readers, long: None, name: str, format: str
) -> None:
    async with snapshot_of(readers, "long") as snapshot:
        pieces = [len(piece) async for piece in make(snapshot, REPORTS[name], PAST, format, NOON)]
    lines = LONG if name != "sub-ledger-channel" else LONG // 2
    assert len(pieces) >= lines // BATCH
    assert max(pieces) < BATCH * 1000
    assert max(pieces) * 10 < sum(pieces)


class Watched:
    """A cursor that notes how many rows were fetched through it."""

    def __init__(self, cursor: Any, fetched: list[int]) -> None:
        self.cursor, self.fetched = cursor, fetched

    async def __aenter__(self) -> Self:
        await self.cursor.__aenter__()
        return self

    async def __aexit__(self, *why: object) -> None:
        await self.cursor.__aexit__(*why)

    async def execute(self, *asked: Any, **how: Any) -> None:
        await self.cursor.execute(*asked, **how)

    async def fetchmany(self, size: int) -> list[Any]:
        found: list[Any] = await self.cursor.fetchmany(size)
        self.fetched.append(len(found))
        return found


async def test_a_long_report_is_read_as_it_is_sent(readers: Readers, long: None) -> None:
    """After the first piece the database has been asked for no more than that piece needs."""
    fetched: list[int] = []
    async with snapshot_of(readers, "long") as snapshot:
        cursors = snapshot.cursor
        snapshot.cursor = lambda name: Watched(cursors(name), fetched)  # type: ignore[method-assign,assignment,return-value]
        pieces = make(snapshot, JOURNAL, PAST, "csv", NOON)
        for number in range(1, 4):
            await anext(pieces)
            assert fetched == [BATCH] * number
        await pieces.aclose()
    assert sum(fetched) == 3 * BATCH


async def test_the_desk_makes_a_few_reports_at_a_time(readers: Readers) -> None:
    state, boss = app_of(readers).state, "acme/boss/finance:read"
    assert (await readers.get("/v1/reports/journal", boss)).status_code == 200
    assert (await readers.get("/v1/reports/journal?format=pdf", boss)).status_code == 422
    assert state.reports == 0
    state.reports = AT_ONCE
    busy = await readers.get("/v1/reports/journal", boss)
    assert (busy.status_code, busy.json()["code"]) == (503, "reports_busy")
    assert busy.headers["retry-after"] == "1"
    assert (await readers.get("/v1/reports", boss)).status_code == 200
    state.reports = 0


async def test_a_reader_that_does_not_read_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    ended = []

    async def source() -> AsyncGenerator[bytes, None]:
        try:
            yield b"first"
            yield b"never"
        finally:
            ended.append(True)

    async def stuck(message: Any) -> None:
        if message["type"] == "http.response.body":
            await asyncio.Event().wait()

    async def connected() -> Any:
        await asyncio.Event().wait()

    monkeypatch.setattr(desk, "SECONDS_MAX", 0.05)
    scope = {"type": "http", "asgi": {"spec_version": "2.3"}, "extensions": {}}
    with pytest.raises(TimeoutError):
        await Streamed(source())(scope, connected, stuck)
    assert ended == [True]
