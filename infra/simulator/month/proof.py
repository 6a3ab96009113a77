"""An auditor who has nothing of ours: a pack of one refunded order, a bare Python and an empty directory."""

import asyncio
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path
from typing import Final, NamedTuple
from uuid import UUID

from infra.clock import clock_from
from infra.evidence.anchoring import ROLE
from infra.evidence.checkpoint import Signer
from infra.evidence.packer import make_pack
from infra.settings import Settings
from infra.simulator.world.run import TENANT
from infra.simulator.world.story import Story

VERIFY_SECONDS: Final = 120


class Proof(NamedTuple):
    """What the verifier out of the pack said about it."""

    order: UUID | None
    holds: bool
    said: str


async def prove_a_refund(settings: Settings, story: Story) -> Proof:
    """Of the first order that was paid and refunded."""
    refunded = (id for id, order in story.orders.items() if order.status == "REFUNDED")
    order = next(refunded, None)
    if order is None:
        return Proof(None, False, "no order was refunded")
    return await asyncio.to_thread(prove, settings, order)


def prove(settings: Settings, order: UUID) -> Proof:
    signer = Signer(settings.key("anchor_key"))
    with tempfile.TemporaryDirectory(prefix="tuan-auditor-") as name:
        pack = Path(name) / "pack.zip"
        with pack.open("w+b") as file:
            make_pack(
                *(file, settings.dsn(ROLE), settings.cell, "order", str(order), TENANT, signer),
                clock_from(settings),
            )
        with zipfile.ZipFile(pack) as archive:
            archive.extract("verify.py", name)
        key = ("--key", signer.verifier(settings.cell))
        ran = subprocess.run(
            [sys.executable, "-I", "-S", "verify.py", pack.name, *key],
            cwd=name,
            env={},
            capture_output=True,
            text=True,
            timeout=VERIFY_SECONDS,
            check=False,
        )
    return Proof(order, ran.returncode == 0, (ran.stdout + ran.stderr).strip())
