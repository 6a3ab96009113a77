"""Which merchant account each tenant is paid through.

A JSON file, tenant by tenant. Credentials are a directory (`credentials.py`), relative to the file's own.
What is left out comes from where this installation runs: the simulator, and the public address.

    {"acme": {"credentials": "keys/wechatpay/acme",
              "gateway": "https://api.mch.weixin.qq.com",
              "notify_url": "https://shop.example/v1/notifications/wechatpay/acme"}}
"""

import os
from collections.abc import Iterable
from datetime import datetime
from pathlib import Path
from typing import TypeAlias

import msgspec

from commands.ports import Clock
from infra.wechatpay.channel import WeChatPay
from infra.wechatpay.credentials import (
    DEV_MCHID,
    Platform,
    ensure,
    load_merchant,
    load_platform,
)

NOTIFICATIONS = "/v1/notifications/wechatpay"  # below the public address, followed by the tenant


class TenantAccount(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """One tenant's line to the channel."""

    credentials: str
    gateway: str = ""  # base URL; empty: the simulator
    notify_url: str = ""  # empty: the public address


Accounts: TypeAlias = dict[str, TenantAccount]


def read_accounts(file: Path) -> Accounts:
    """Raises: OSError, msgspec.DecodeError."""
    return msgspec.json.decode(file.read_bytes(), type=Accounts)


def set_up(file: Path, keys: Path, tenants: Iterable[str], at: datetime) -> None:
    """Give each tenant an account of its own at the simulator, unless the file is there already."""
    if file.exists():
        return
    accounts: Accounts = {}
    for number, tenant in enumerate(tenants):
        ensure(keys / tenant, at, mchid=str(int(DEV_MCHID) + number))
        accounts[tenant] = TenantAccount(os.path.relpath(keys / tenant, file.parent))
    fresh = file.with_name(f".{file.name}.{os.getpid()}")
    fresh.write_bytes(msgspec.json.format(msgspec.json.encode(accounts)))
    fresh.replace(file)


def open_channels(
    file: Path, *, simulator_url: str, public_url: str, clock: Clock
) -> dict[str, WeChatPay]:
    """The channel of every tenant that has one. Close each when done. Raises: OSError, msgspec.DecodeError."""
    return {
        tenant: WeChatPay(
            load_merchant(file.parent / account.credentials),
            base_url=account.gateway or simulator_url,
            notify_url=account.notify_url or f"{public_url}{NOTIFICATIONS}/{tenant}",
            clock=clock,
        )
        for tenant, account in read_accounts(file).items()
    }


def simulated(file: Path) -> dict[str, Platform]:
    """The accounts that the simulator serves, by mchid: those whose channel's key we made ourselves."""
    directories = [file.parent / account.credentials for account in read_accounts(file).values()]
    platforms = [load_platform(at) for at in directories if (at / "platform_key.pem").exists()]
    return {platform.account.mchid: platform for platform in platforms}
