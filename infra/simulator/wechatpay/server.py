"""The channel as a process."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from commands.ports import Clock
from infra.simulator.wechatpay.app import build
from infra.simulator.wechatpay.faults import moderate
from infra.simulator.wechatpay.v3 import CUT
from infra.wechatpay.credentials import Platform

KEEP_ALIVE_SECONDS = 75  # longer than merchants keep idle connections, so that they hang up first


class Cuttable(HttpToolsProtocol):
    """Lets a request end its connection without a word."""

    def on_message_begin(self) -> None:
        super().on_message_begin()
        cast(dict[str, Any], self.scope)[CUT] = self.transport.abort


def server(
    platforms: Mapping[str, Platform],
    books_path: Path,
    clock: Clock,
    *,
    host: str,
    port: int,
    deposit_fen: int = 0,
    fault_rate: float = 0,
) -> uvicorn.Server:
    """Ready to run. Host should be a loopback address: whoever reaches it can pay."""
    return uvicorn.Server(
        uvicorn.Config(
            build(
                platforms,
                books_path,
                clock,
                deposit_fen=deposit_fen,
                default_plan=moderate(fault_rate),
            ),
            http=Cuttable,
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
