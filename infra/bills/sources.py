"""Every tenant's accounts as sources of bills, with connections of their own: a long text holds nothing else up."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager

import msgspec

from commands.bill_source import BillSource
from commands.ports import Clock
from infra.settings import Settings, SettingsError
from infra.wechatpay.accounts import open_channels


@asynccontextmanager
async def open_sources(
    settings: Settings, clock: Clock
) -> AsyncIterator[Callable[[str], Sequence[BillSource]]]:
    """By tenant. Raises: SettingsError."""
    try:
        channels = open_channels(
            settings.channels,
            simulator_url=settings.simulator_url,
            public_url=settings.public_url,
            clock=clock,
        )
    except (OSError, msgspec.DecodeError) as error:
        raise SettingsError(f"payment accounts {settings.channels}: {error}") from None
    async with AsyncExitStack() as stack:
        for channel in channels.values():
            await stack.enter_async_context(channel)
        sources: dict[str, tuple[BillSource, ...]] = {
            tenant: (channel.bills,) for tenant, channel in channels.items()
        }
        yield lambda tenant: sources.get(tenant, ())
