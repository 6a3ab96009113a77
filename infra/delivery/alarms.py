"""Raising the alarm: a line in the log, a row that people find later, a number that pages somebody."""

import logging
from typing import Any, Final

from psycopg import AsyncConnection

from infra.delivery.metrics import ALARMS

log = logging.getLogger(__name__)

INSERT: Final = "insert into read.alarms (cell, kind, detail) values (%s, %s, %s)"


async def raise_alarm(conn: AsyncConnection[Any], cell: str, kind: str, detail: str) -> None:
    """`kind` is one word that an alarm rule can match; `detail` is for the person who comes."""
    log.error("%s: %s: %s", cell, kind, detail)
    ALARMS.labels(cell, kind).inc()
    await conn.execute(INSERT, (cell, kind, detail))
