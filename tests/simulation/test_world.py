"""A small world on a whole platform of its own, by the user's way in: `tuan simulate`."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.simulator.world.killer import TARGETS
from tests.servers import Processes

pytestmark = pytest.mark.timeout(420)


def simulate(processes: Processes, report: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """Exit code and report of one run."""
    child = processes.tuan("simulate", "--json", str(report), *options)
    assert child.process is not None
    code = child.process.wait(400)
    assert report.exists(), child.last_words(40)
    return code, json.loads(report.read_text())


def broken(report: dict[str, Any]) -> list[Any]:
    return [one for one in report["invariants"] if not one["holds"]]


def test_real_groups_end_clean_while_every_process_is_killed(
    processes: Processes, tmp_path: Path
) -> None:
    rows = [f"{n % 70}\t{n % 9}\t{1000 + n}" for n in range(110)]
    (tmp_path / "success.tsv").write_text("\n".join(rows))
    (tmp_path / "failed.tsv").write_text("\n".join(f"{n}\t{n % 9}" for n in range(150)))
    options = ("--beibei", str(tmp_path), "--groups", "250", "--rate", "7", "--seed", "6", "--kill")
    code, report = simulate(processes, tmp_path / "report.json", *options)
    assert broken(report) == []
    assert code == 0
    assert report["kills"].keys() == set(TARGETS)
    assert report["source"] == "beibei"
    assert {"SUCCEEDED", "FAILED"} <= report["groups"].keys()
    assert {"READY", "REFUNDED"} <= report["orders"].keys()
    assert all(one["checked"] > 0 for one in report["invariants"]), (
        "a check of nothing proves nothing"
    )
