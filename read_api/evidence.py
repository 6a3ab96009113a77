"""GET /v1/evidence/{kind}/{id}: everything that proves what happened to an order, a refund, a payout or on a day.

One ZIP with its own verifier, which needs nothing of this platform. What belongs to it, and how it is proven,
is not a question for read models: whoever wires this API brings the packer.
"""

from collections.abc import AsyncGenerator
from typing import Annotated, Any, Final, Literal, Protocol, TypeAlias

from fastapi import APIRouter, Depends, Path, Query, Request

from domain.problem import NOT_FOUND
from read_api.access import AUDIT
from read_api.asked import Strict
from read_api.evidence_problems import EVIDENCE_TOO_LARGE, NO_ANCHOR_KEY
from read_api.problems import Refused
from read_api.reports.desk import Streamed, slot
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/evidence", tags=["evidence"])

READING = Reading(needs=frozenset({AUDIT}))
Kind: TypeAlias = Literal["order", "refund", "payout", "day"]
PACK: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "description": "The pack. Take `verify.py` out of it, read it, and run it.",
        "content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}},
    }
}


class NothingToProve(Exception):
    """The tenant has nothing of this kind under this id."""


class TooMuchToProve(Exception):
    """A pack has an end."""


class CannotSign(Exception):
    """Evidence that nobody signs is none."""


class Packer(Protocol):
    """Puts packs together, from the log of the write side as it stands."""

    async def pack(
        self, cell: str, tenant: str, kind: Kind, id: str
    ) -> AsyncGenerator[bytes, None]:
        """The pack, once all of it is made, piece by piece.

        Raises: NothingToProve, TooMuchToProve, CannotSign.
        """


class NoPacker:
    """Of a log in which nobody has anything."""

    async def pack(
        self, cell: str, tenant: str, kind: Kind, id: str
    ) -> AsyncGenerator[bytes, None]:
        raise NothingToProve


@router.get("/{kind}/{id}", responses=PACK, response_class=Streamed)
async def get_evidence(
    kind: Kind,
    id: Annotated[
        str,
        Path(
            pattern=r"^[0-9a-fA-F-]{1,36}$", description="A UUID; for `day` a date, Asia/Shanghai."
        ),
    ],
    request: Request,
    snapshot: Annotated[Snapshot, Depends(READING)],
    _: Annotated[None, Depends(slot)],
    __: Annotated[Strict, Query()],
) -> Streamed:
    """One pack, under the log as it stands now, signed now."""
    packer: Packer = request.app.state.evidence
    try:
        pieces = await packer.pack(snapshot.token.cell, snapshot.tenant, kind, id)
    except NothingToProve:
        raise Refused(NOT_FOUND) from None
    except TooMuchToProve:
        raise Refused(EVIDENCE_TOO_LARGE) from None
    except CannotSign:
        raise Refused(NO_ANCHOR_KEY) from None
    headers = {
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "content-disposition": f'attachment; filename="evidence_{kind}_{id}.zip"',
    }
    return Streamed(pieces, headers=headers, media_type="application/zip")
