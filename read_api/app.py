"""The read API put together: one router for each thing that is asked about."""

from datetime import datetime
from typing import Any, Final, Protocol

from psycopg_pool import AsyncConnectionPool

from domain.identity import TokenVerifier
from read_api import (
    anchors,
    bill_files,
    bills,
    breaks,
    corrections,
    evidence,
    freshness,
    funds,
    funds_behind,
    group_refunds,
    groups,
    ledger,
    ledger_difference,
    ledger_replay,
    lineage,
    liquidity,
    lookup,
    merchants,
    now,
    orders,
    payouts,
    problems,
    reconciliation,
    reconciliation_lines,
    refunds,
    refused,
    sales,
    statements,
    stock,
    streams,
    system,
    timeline,
)
from read_api.document import ReadApi
from read_api.evidence import Packer
from read_api.ledger_replay import Replays
from read_api.live import routes as feeds
from read_api.live.hall import Hall
from read_api.live.ports import Live
from read_api.reports import routes as reports
from read_api.streams import StreamReader
from read_api.waiting import Waiting

FUNDS: Final = (funds.router, funds_behind.router, payouts.router)
RECONCILIATION: Final = (reconciliation.router, reconciliation_lines.router, breaks.router)
ROUTERS: Final = (
    orders.router,
    timeline.router,
    lookup.router,
    groups.router,
    group_refunds.router,
    liquidity.router,
    refunds.router,
    merchants.router,
    statements.router,
    stock.router,
    sales.router,
    now.router,
    refused.router,
    ledger.router,
    ledger_replay.router,
    corrections.router,
    ledger_difference.router,
    lineage.router,
    *FUNDS,
    anchors.router,
    bills.router,
    bill_files.router,
    *RECONCILIATION,
    evidence.router,
    reports.router,
    freshness.router,
    system.router,
    streams.router,
    feeds.router,
)


class Clock(Protocol):
    """The one clock of a process."""

    def now(self) -> datetime:
        """The instant, UTC and timezone-aware."""


def create_app(
    pool: AsyncConnectionPool[Any],
    verifier: TokenVerifier,
    clock: Clock,
    streams: StreamReader,
    live: Live,
    replays: Replays,
    *,
    cell: str = "cell_0",
    wait_seconds: float = 2.0,
    packer: Packer | None = None,
) -> ReadApi:
    """`pool` was opened with `snapshot.configure`. `cell` serves tenants that are registered nowhere."""
    app = ReadApi(ROUTERS, "Tuan read API", "/v1/read/openapi.json")
    app.state.pool = pool
    app.state.verifier = verifier
    app.state.clock = clock
    app.state.streams = streams
    app.state.replays = replays
    app.state.evidence = packer or evidence.NoPacker()
    app.state.cell = cell
    app.state.waiting = Waiting(pool, wait_seconds)
    app.state.live = live
    app.state.hall = Hall(app.state, live.limits)
    problems.install(app)
    return app
