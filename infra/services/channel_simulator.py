"""`tuan channel-simulator`: WeChat Pay as long as there is no contract with it."""

import msgspec

from infra.clock import clock_from
from infra.settings import Settings, SettingsError
from infra.simulator.wechatpay.server import server
from infra.wechatpay.accounts import simulated


def main(settings: Settings) -> None:
    """Serve every simulated account until a signal. Raises: SettingsError."""
    try:
        platforms = simulated(settings.channels)
    except (OSError, msgspec.DecodeError) as error:
        raise SettingsError(f"no payment accounts in {settings.channels}: {error}") from None
    if not platforms:
        raise SettingsError(f"{settings.channels} names real accounts only: nothing to simulate")
    server(
        platforms,
        settings.data_dir / "channel" / "books.sqlite3",
        clock_from(settings),
        host=settings.host,
        port=settings.channel_simulator_port,
        deposit_fen=settings.channel_deposit_fen,
        fault_rate=settings.channel_fault_rate,
    ).run()
