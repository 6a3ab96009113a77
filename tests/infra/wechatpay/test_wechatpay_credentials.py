"""Keys are made once, kept private, and never leave for the repository."""

import re
import shutil
import stat
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infra.settings import CHECKOUT
from infra.wechatpay.accounts import TenantAccount, open_channels, read_accounts, set_up, simulated
from infra.wechatpay.credentials import ensure, load_merchant, load_platform
from tests.infra.wechatpay.support import MINUTE, NOON, HeldClock

SECRETS = ["apiclient_key.pem", "platform_key.pem", "apiv3_key"]
KEY_LIKE = re.compile(rb"-----BEGIN [A-Z ]*(PRIVATE KEY|CERTIFICATE)-----\s+[A-Za-z0-9+/]{20}")


def test_keys_survive(keys: Path) -> None:
    merchant, platform = load_merchant(keys), load_platform(keys)
    ensure(keys, NOON + MINUTE)
    assert load_merchant(keys) == merchant
    assert load_platform(keys) == platform


def test_only_the_owner_can_read_them(keys: Path) -> None:
    assert stat.S_IMODE(keys.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in keys.iterdir()} == {0o600}


def test_whoever_comes_first_makes_them_for_all(tmp_path: Path) -> None:
    directory = tmp_path / "keys" / "wechatpay"
    with ThreadPoolExecutor(4) as together:
        for made in [together.submit(ensure, directory, NOON) for _ in range(4)]:
            made.result()
    assert load_platform(directory).account == load_merchant(directory).account
    assert [path.name for path in directory.parent.iterdir()] == ["wechatpay"]


def test_a_directory_with_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "apiclient_key.pem").write_text("half of a real account")
    with pytest.raises(OSError, match="not empty"):
        ensure(tmp_path / "keys", NOON)
    assert [path.name for path in tmp_path.iterdir()] == ["keys"]


def test_secrets_are_not_shown(keys: Path) -> None:
    shown = f"{load_merchant(keys)!r} {load_platform(keys)!r}"
    for secret in SECRETS:
        assert (keys / secret).read_text().strip() not in shown.replace("\\n", "\n")


def test_every_tenant_has_an_account_of_its_own(tmp_path: Path) -> None:
    file = tmp_path / "channels.json"
    set_up(file, tmp_path / "keys", ["acme", "globex"], NOON)
    set_up(file, tmp_path / "keys", ["somebody-else"], NOON)
    assert read_accounts(file) == {
        "acme": TenantAccount("keys/acme"),
        "globex": TenantAccount("keys/globex"),
    }
    assert len(simulated(file)) == 2
    channels = open_channels(
        file, simulator_url="http://sim", public_url="http://us", clock=HeldClock()
    )
    mine, theirs = (channels[tenant].client_parameters("wx1") for tenant in ("acme", "globex"))
    assert mine["paySign"] != theirs["paySign"]


def test_real_accounts_are_not_simulated(tmp_path: Path) -> None:
    file = tmp_path / "channels.json"
    set_up(file, tmp_path / "keys", ["acme"], NOON)
    (tmp_path / "keys" / "acme" / "platform_key.pem").unlink()
    assert simulated(file) == {}


def test_nothing_like_a_key_is_in_the_repository() -> None:
    files = tracked_files()
    assert CHECKOUT / "pyproject.toml" in files
    found = [
        path
        for path in files
        if path.is_file() and (path.name in SECRETS or KEY_LIKE.search(path.read_bytes()))
    ]
    assert found == []


def tracked_files() -> list[Path]:
    """What git has, or would take; without git, everything that is not hidden."""
    if not shutil.which("git") or not (CHECKOUT / ".git").exists():
        visible = [path for path in CHECKOUT.iterdir() if not path.name.startswith(".")]
        return [file for path in visible for file in (path.rglob("*") if path.is_dir() else [path])]
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=CHECKOUT,
        capture_output=True,
        check=True,
    )
    return [CHECKOUT / name for name in listed.stdout.decode().split("\0") if name]
