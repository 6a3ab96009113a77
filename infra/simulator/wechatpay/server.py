"""The channel as a process."""

from collections.abc import Mapping
from pathlib import Path

import uvicorn

from commands.ports import Clock
from infra.simulator.wechatpay.app import build
from infra.wechatpay.credentials import Platform

KEEP_ALIVE_SECONDS = 75  # longer than merchants keep idle connections, so that they hang up first


def server(
    platforms: Mapping[str, Platform],
    books_path: Path,
    clock: Clock,
    *,
    host: str,
    port: int,
    deposit_fen: int = 0,
) -> uvicorn.Server:
    """Ready to run. Host should be a loopback address: whoever reaches it can pay."""
    return uvicorn.Server(
        uvicorn.Config(
            build(platforms, books_path, clock, deposit_fen),
            host=host,
            port=port,
            log_level="warning",
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=5,
        )
    )
