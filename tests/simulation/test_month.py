"""The shortest month: one day of shoppers on a whole platform, closed, paid out and proven, by `tuan month`."""

import json
from pathlib import Path

import pytest

from tests.servers import Processes

pytestmark = pytest.mark.timeout(420)


def test_a_day_is_closed_to_the_fen_and_its_refund_is_proven(
    processes: Processes, tmp_path: Path
) -> None:
    report = tmp_path / "month.json"
    options = ("--days", "1", "--groups", "8", "--seed", "2", "--json", str(report))
    child = processes.tuan("month", *options)
    assert child.process is not None
    code = child.process.wait(400)
    assert report.exists(), child.last_words(40)
    told = json.loads(report.read_text())
    assert [one for one in told["invariants"] if one["broken"]] == []
    assert (code, told["holds"], told["unexplained"]) == (0, True, [])
    assert all(row["closed"] for row in told["days"])
    assert told["days"][0]["matched"] > 10
    assert told["payouts"] > 0
    assert told["proof"]["holds"], told["proof"]["said"]
