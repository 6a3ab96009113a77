"""Which tenants there are and who may no longer come in, re-read twice a second.

If it cannot be read for `STALE_SECONDS`, nobody is let in: a revocation might have happened meanwhile.
"""

import asyncio
import logging
from collections.abc import Callable
from types import TracebackType
from typing import Any, Final, Self

import psycopg
from psycopg import AsyncConnection

from domain.identity import IdentityUnavailable
from infra.wanted import end, still_wanted

log = logging.getLogger(__name__)

POLL_SECONDS: Final = 0.4
POLL_TIMEOUT_SECONDS: Final = 1.0
STALE_SECONDS: Final = 2.0
WHOLE_SECONDS: Final = 60.0  # everything is read again this often, so that lifted revocations end
OVERLAP: Final = "60 seconds"  # a slow transaction may commit with a time that has been read past

TENANTS: Final = "SELECT tenant, cell FROM platform.tenants"
REVOKED: Final = (
    "SELECT what, at FROM platform.revocations WHERE at > %(since)s"
    " UNION ALL"
    " SELECT 'key:' || key_id, revoked_at FROM platform.api_keys WHERE revoked_at > %(since)s"
)
LATEST: Final = f"SELECT clock_timestamp() - interval '{OVERLAP}'"


class Register:
    """Use as an async context manager: entering reads once, then it keeps itself up to date."""

    def __init__(self, dsn: str, monotonic: Callable[[], float]) -> None:
        self._dsn = dsn
        self._monotonic = monotonic
        self._connection: AsyncConnection[Any] | None = None
        self._task: asyncio.Task[None] | None = None
        self._reading = asyncio.Lock()
        self._cells: dict[str, str] = {}
        self._revoked: set[str] = set()
        self._since: Any = "-infinity"
        self._read_at = float("-inf")
        self._read_whole_at = float("-inf")

    async def __aenter__(self) -> Self:
        await self._try()
        self._task = asyncio.create_task(self._keep_reading(), name="identity register")
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._task is not None:
            await end(self._task)
        await self._hang_up()

    @property
    def fresh(self) -> bool:
        """Is what we know young enough to let anybody in by it?"""
        return self._monotonic() - self._read_at <= STALE_SECONDS

    def revoked(self, marks: tuple[str, ...]) -> bool:
        """Raises: IdentityUnavailable when what we know is too old."""
        if not self.fresh:
            raise IdentityUnavailable("revocations cannot be read")
        return not self._revoked.isdisjoint(marks)

    async def cell_of(self, tenant: str) -> str | None:
        """The tenant's cell; None when there is no such tenant. Raises: IdentityUnavailable."""
        if tenant not in self._cells:
            await self.refresh()  # it may be a minute old
        self.revoked(())
        return self._cells.get(tenant)

    async def refresh(self) -> None:
        """Read now, unless somebody has since we asked: many strangers cost one read."""
        asked_at = self._monotonic()
        async with self._reading:
            if self._read_at <= asked_at:
                await self._try()

    async def _keep_reading(self) -> None:
        while True:
            await asyncio.sleep(POLL_SECONDS)
            await self.refresh()

    async def _try(self) -> None:
        try:
            async with asyncio.timeout(POLL_TIMEOUT_SECONDS):
                await self._read()
        except (psycopg.Error, OSError, TimeoutError) as error:
            still_wanted()
            log.warning("the identity register cannot be read: %s", error)
            await self._hang_up()

    async def _read(self) -> None:
        if self._connection is None:
            self._connection = await AsyncConnection.connect(self._dsn, autocommit=True)
        begun_at = self._monotonic()
        whole = begun_at - self._read_whole_at > WHOLE_SECONDS
        since = "-infinity" if whole else self._since
        latest = await (await self._connection.execute(LATEST)).fetchone()
        cells = await (await self._connection.execute(TENANTS)).fetchall()
        revoked = await (await self._connection.execute(REVOKED, {"since": since})).fetchall()
        assert latest is not None
        marks = {str(mark) for mark, _ in revoked}
        self._revoked = marks if whole else self._revoked | marks if marks else self._revoked
        self._cells = dict(cells)
        self._since = latest[0]
        self._read_at = begun_at
        if whole:
            self._read_whole_at = begun_at

    async def _hang_up(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            await connection.close()


async def revoke(connection: AsyncConnection[Any], mark: str) -> None:
    """From at most a second later on, tokens with this mark open nothing."""
    await connection.execute(
        "INSERT INTO platform.revocations (what) VALUES (%s) ON CONFLICT DO NOTHING", (mark,)
    )


async def readmit(connection: AsyncConnection[Any], mark: str) -> bool:
    """Lift a revocation; within about a minute everybody knows. False when there was none."""
    done = await connection.execute("DELETE FROM platform.revocations WHERE what = %s", (mark,))
    return done.rowcount == 1
