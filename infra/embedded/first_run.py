"""Somebody to trade for: the development tenant, with a payment account at the simulator."""

import psycopg

from infra.clock import clock_from
from infra.settings import Settings
from infra.wechatpay.accounts import set_up

DEVELOPMENT_TENANT = "demo"


def make_development_tenant(settings: Settings) -> None:
    """Nothing happens when it is there. Keys and certificates are made here and never leave the machine."""
    with psycopg.connect(settings.dsn(), autocommit=True) as session:
        session.execute(
            "insert into platform.tenants (tenant, cell, name) values (%s, %s, 'Development')"
            " on conflict do nothing",
            (DEVELOPMENT_TENANT, settings.cell),
        )
    now = clock_from(settings).now()
    set_up(settings.channels, settings.keys / "wechatpay", [DEVELOPMENT_TENANT], now)
