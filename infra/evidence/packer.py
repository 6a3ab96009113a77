"""`read_api.evidence.Packer`: packs made in a thread, into a file without a name, and sent from there."""

import asyncio
import tempfile
from collections.abc import AsyncGenerator
from contextlib import closing
from typing import IO, Final

import psycopg

from commands.ports import Clock
from infra.evidence.anchoring import open_session
from infra.evidence.checkpoint import Signer
from infra.evidence.container import TooLarge
from infra.evidence.gather import Kind, NoEvidence, TooMuch, subject
from infra.evidence.pack import write_pack
from read_api.evidence import CannotSign, NothingToProve, TooMuchToProve

PIECE: Final = 1 << 16


class EvidencePacker:
    """Each pack has a session and a thread of its own: auditors are few, and a day may be long."""

    def __init__(self, dsn: str, signer: Signer | None, clock: Clock) -> None:
        self._dsn = dsn
        self._signer = signer
        self._clock = clock

    async def pack(
        self, cell: str, tenant: str, kind: Kind, id: str
    ) -> AsyncGenerator[bytes, None]:
        if self._signer is None:
            raise CannotSign
        out = tempfile.TemporaryFile()  # noqa: SIM115  closed with the pieces
        try:
            await asyncio.to_thread(
                make_pack, out, self._dsn, cell, kind, id, tenant, self._signer, self._clock
            )
        except BaseException as why:
            out.close()
            if isinstance(why, NoEvidence):
                raise NothingToProve from None
            if isinstance(why, TooMuch | TooLarge):
                raise TooMuchToProve from None
            raise
        return pieces(out)


async def pieces(file: IO[bytes]) -> AsyncGenerator[bytes, None]:
    """The whole file, which is closed at the end."""
    try:
        file.seek(0)
        while piece := await asyncio.to_thread(file.read, PIECE):
            yield piece
    finally:
        file.close()


def make_pack(
    out: IO[bytes],
    dsn: str,
    cell: str,
    kind: Kind,
    id: str,
    tenant: str,
    signer: Signer,
    clock: Clock,
) -> None:
    """Write one pack, from one snapshot. Raises: NoEvidence, TooMuch, TooLarge."""
    with closing(open_session(dsn)) as session:
        session.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
        session.read_only = True
        with session.transaction():
            of = subject(session, cell, kind, id, tenant)
            write_pack(out, session, cell, of, signer, clock.now())
