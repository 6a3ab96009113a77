"""Log lines: one JSON object an event, with the same fields from every service, for people and machines.

Only the standard library speaks: everybody's `logging.getLogger(__name__)` ends up here.
"""

import logging
import sys
from datetime import datetime

import msgspec

from infra.clock import WaitingClock
from infra.settings import Settings

TALKATIVE = (
    "httpx",
    "httpcore",
    "aiohttp.access",
    "uvicorn.access",
)  # a line a request: metrics count those


class Line(msgspec.Struct, omit_defaults=True):
    """`at` is the shared clock's. `trace` is where it happened, when it is an error nobody expected."""

    at: datetime
    level: str
    service: str
    said_by: str
    event: str
    trace: str = ""


class JsonLines(logging.Formatter):
    """One service's voice."""

    def __init__(self, service: str, clock: WaitingClock) -> None:
        super().__init__()
        self.service = service
        self.clock = clock

    def format(self, record: logging.LogRecord) -> str:
        trace = self.formatException(record.exc_info) if record.exc_info else ""
        line = Line(
            at=self.clock.now(),
            level=record.levelname.lower(),
            service=self.service,
            said_by=record.name,
            event=record.getMessage(),
            trace=trace,
        )
        return msgspec.json.encode(line).decode()


def configure(settings: Settings, service: str, clock: WaitingClock) -> None:
    """Send all logging of this process to standard error as JSON lines."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines(service, clock))
    logging.basicConfig(handlers=[handler], level=settings.log_level.upper(), force=True)
    for name in TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
