"""The process that anchors: looks every second, makes what is due, and writes it out. Any number may run."""

import asyncio
import logging
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, Final

import psycopg

from commands.ports import Clock
from infra.evidence.anchors import Anchors, write_out
from infra.evidence.checkpoint import Signer
from infra.settings import Settings
from infra.wanted import still_wanted

ROLE: Final = "tuan_auditor"
LOOK_SECONDS: Final = 1.0

log = logging.getLogger(__name__)


class Anchoring:
    """One cell. Without a key nothing is anchored, which is said once."""

    def __init__(
        self, dsn: str, cell: str, signer: Signer | None, clock: Clock, directory: Path
    ) -> None:
        self._dsn = dsn
        self._cell = cell
        self._signer = signer
        self._clock = clock
        self._directory = directory
        self._session: psycopg.Connection[Any] | None = None
        self._anchors: Anchors | None = None
        self.latest: date | None = None  # that is anchored and written out

    async def run(self) -> None:
        """Anchor for ever. Cancel it to stop."""
        if self._signer is None:
            log.warning("%s is not anchored: TUAN_ANCHOR_KEY is not set", self._cell)
            await asyncio.Event().wait()
        try:
            while True:
                try:
                    await asyncio.to_thread(self.look)
                except (psycopg.Error, OSError) as gone:
                    still_wanted()
                    log.warning("%s cannot be anchored now: %s", self._cell, gone)
                    self._close()
                await asyncio.sleep(LOOK_SECONDS)
        finally:
            self._close()

    def look(self) -> None:
        """Make what is due, and write out what was made, here or elsewhere. Raises: psycopg.Error, OSError."""
        assert self._signer is not None
        anchors = self._anchors or self._open()
        anchors.grow()
        for made in anchors.make_due(self._signer, self._clock.now()):
            log.info("%s is anchored to the end of %s: %d", self._cell, made.day, made.position)
        latest = anchors.latest()
        if latest != self.latest:
            write_out(self._directory, anchors.stored())
            self.latest = latest

    def _open(self) -> Anchors:
        self._session = open_session(self._dsn)
        self._anchors = Anchors(self._session, self._cell)
        return self._anchors

    def _close(self) -> None:
        session, self._session, self._anchors = self._session, None, None
        if session is not None:
            with suppress(psycopg.Error, OSError):
                session.close()


def anchoring(settings: Settings, clock: Clock) -> Anchoring:
    """As the settings have it."""
    dsn = settings.dsn(ROLE)
    return Anchoring(dsn, settings.cell, signer_of(settings), clock, directory_of(settings))


def directory_of(settings: Settings) -> Path:
    """Where notes wait to be taken elsewhere."""
    return settings.data_dir / "anchors"


def signer_of(settings: Settings) -> Signer | None:
    """None where there is no key: anchors are made elsewhere, or nowhere."""
    return Signer(settings.key("anchor_key")) if settings.anchor_key else None


def open_session(dsn: str) -> psycopg.Connection[Any]:
    """Each statement its own transaction; times are UTC."""
    given = psycopg.conninfo.conninfo_to_dict(dsn).get("options") or ""
    return psycopg.connect(
        dsn,
        autocommit=True,
        application_name="tuan-auditor",
        connect_timeout=5,
        options=f"{given} -c timezone=UTC -c lock_timeout=10s".strip(),
    )
