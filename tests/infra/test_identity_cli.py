"""What operators do by hand: add a tenant, issue a key, lock somebody out."""

import asyncio
import subprocess
import sys
from datetime import UTC, datetime

from infra.clock import SystemClock
from infra.identity.opening import open_register, open_verifier
from infra.settings import CHECKOUT, Settings
from tests.waiting import eventually_async


def tuan(settings: Settings, *arguments: str) -> subprocess.CompletedProcess[str]:
    env = {"PYTHONPATH": str(CHECKOUT), **settings.as_environment()}
    argv = [sys.executable, "-P", "-m", "infra", *arguments]
    return subprocess.run(
        argv, env=env, cwd=CHECKOUT, capture_output=True, text=True, timeout=60, check=False
    )


async def test_a_key_from_the_command_line_opens_and_closes(settings: Settings) -> None:
    assert tuan(settings, "key", "acme", "erp", "--scope", "shop").returncode == 2
    assert tuan(settings, "tenant", "acme", "--name", "Acme").returncode == 0
    issued = tuan(settings, "key", "acme", "erp", "--scope", "catalog:write", "--days", "7")
    assert issued.returncode == 0, issued.stderr
    key = issued.stdout.strip()
    clock = SystemClock()
    async with (
        open_register(settings) as register,
        open_verifier(settings, clock, register) as verifier,
    ):
        principal = await verifier.verify(key)
        assert (principal.tenant, principal.subject) == ("acme", "erp")
        assert 6 < (principal.expires_at - datetime.now(UTC)).days + 1 <= 7

        mark = issued.stderr.split()[-1]
        revoking = await asyncio.to_thread(tuan, settings, "revoke", mark)  # the register reads on
        assert revoking.returncode == 0

        async def out() -> bool:
            return register.revoked((mark,))

        await eventually_async(out)
    assert tuan(settings, "revoke", mark).returncode == 2


def test_mistakes_are_one_clear_line(settings: Settings) -> None:
    for arguments in (
        ("tenant", "ACME"),
        ("key", "nobody", "erp", "--scope", "shop"),
        ("key", "nobody", "erp", "--scope", "root"),
        ("revoke", "ann"),
        ("revoke", "sub:ann"),
        ("revoke", "jti:t1", "--lift"),
        ("revoke", "key:abc", "--lift"),
    ):
        said = tuan(settings, *arguments)
        assert said.returncode == 2, said
        assert said.stderr.startswith("tuan: ")
        assert said.stderr.count("\n") == 1
