"""Whatever speaks in a service, a log line is one JSON object with the same fields."""

import json
import logging
import sys
from datetime import UTC, datetime
from pathlib import Path

from infra.clock import create_clock
from infra.logs import JsonLines

NOON = datetime(2030, 6, 1, 12, tzinfo=UTC)


def line(tmp_path: Path, record: logging.LogRecord) -> dict[str, str]:
    clock = create_clock(tmp_path / "clock", start=NOON, rate=0)
    text = JsonLines("engine", clock).format(record)
    assert "\n" not in text
    said: dict[str, str] = json.loads(text)
    return said


def test_a_line_says_who_when_and_what(tmp_path: Path) -> None:
    record = logging.LogRecord("infra.x", logging.WARNING, "x.py", 1, "%s\nis 团", ("this",), None)
    assert line(tmp_path, record) == {
        "at": "2030-06-01T12:00:00Z",
        "level": "warning",
        "service": "engine",
        "said_by": "infra.x",
        "event": "this\nis 团",
    }


def test_an_error_says_where(tmp_path: Path) -> None:
    try:
        raise ValueError("odd")
    except ValueError:
        record = logging.LogRecord("x", logging.ERROR, "x.py", 1, "failed", (), sys.exc_info())
    assert "ValueError: odd" in line(tmp_path, record)["trace"]
