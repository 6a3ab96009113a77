"""The write API wired from the settings, for engines and gateways alike."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec
from psycopg_pool import AsyncConnectionPool

from commands.api.app import WriteApi, create_app
from commands.api.bank_files import bank_file_routes
from commands.api.counter import Counter
from commands.api.door import Door
from commands.api.limits import Limits, Pace
from commands.api.notifications import notification_route
from commands.api.onboarding import onboarding_route
from commands.api.payments import Cashier, payment_route
from commands.api.wire import Macs
from commands.ports import Clock, Forwarder, Inbox, PaymentChannel, Submitter
from commands.registry import USE_CASES
from domain.identity import TokenVerifier
from infra.ids import minter
from infra.settings import Settings, SettingsError
from infra.vault import SubjectVault
from infra.wechatpay.accounts import open_channels
from infra.wechatpay.channel import WeChatPay

VAULT_ROLE = "tuan_vault"
VAULT_CONNECTIONS_MAX = 4


class Accounts:
    """`commands.api.payments.Channels` over the accounts file."""

    def __init__(self, by_tenant: Mapping[str, WeChatPay]) -> None:
        self._by_tenant = by_tenant

    def find(self, tenant: str, name: str) -> PaymentChannel | None:
        channel = self._by_tenant.get(tenant)
        return channel if channel is not None and channel.name == name else None


def counter(
    settings: Settings,
    clock: Clock,
    verifier: TokenVerifier,
    submitter: Submitter,
    forwarder: Forwarder,
    inbox: Inbox,
) -> Counter:
    callers = Pace(settings.rate_per_second, settings.rate_burst)
    services = Pace(settings.service_rate_per_second, settings.service_rate_per_second)
    return Counter(
        door=Door(verifier, Limits(callers, services, time.monotonic)),
        submitter=submitter,
        forwarder=forwarder,
        inbox=inbox,
        macs=Macs(settings.key("mac_key")),
        new_id=minter(clock),
    )


@asynccontextmanager
async def open_cashier(settings: Settings, clock: Clock) -> AsyncIterator[Cashier]:
    """Payment channels and the vault. Raises: SettingsError."""
    try:
        channels = open_channels(
            settings.channels,
            simulator_url=settings.simulator_url,
            public_url=settings.public_url,
            clock=clock,
        )
    except (OSError, msgspec.DecodeError) as error:
        raise SettingsError(f"payment accounts {settings.channels}: {error}") from None
    dsn = settings.dsn(VAULT_ROLE)
    async with AsyncExitStack() as stack:
        for channel in channels.values():
            await stack.enter_async_context(channel)
        pool = AsyncConnectionPool(
            dsn, min_size=0, max_size=VAULT_CONNECTIONS_MAX, open=False, name="vault"
        )
        await stack.enter_async_context(pool)
        yield Cashier(Accounts(channels), SubjectVault(pool, settings.key("platform_key")))


def write_api(counter: Counter, cashier: Cashier) -> WriteApi:
    """Every route: commands, their status, payments, what channels tell us, and onboarding."""
    others = (
        payment_route(counter, cashier),
        notification_route(counter, cashier),
        onboarding_route(counter, cashier.vault),
        *bank_file_routes(counter, cashier.vault),
    )
    return create_app(USE_CASES, counter, others)
