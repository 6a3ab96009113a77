"""A short real chaos run by the user's way in: real processes, real faults, an honest certificate."""

import json
from pathlib import Path
from typing import Any

import pytest

from infra.services.chaos import wanted
from infra.settings import SettingsError
from infra.simulator.chaos.plan import Counts, plan
from tests.servers import Processes

pytestmark = pytest.mark.timeout(300)

SEED, MINUTES = 11, 0.4
COUNTS = Counts(
    engine_kills=2,
    service_kills=3,
    stops=1,
    postgres_kills=1,
    nats_wipes=1,
    network=4,
    jumps=3,
    refunds=10,
)


def chaos(processes: Processes, out: Path, *options: str) -> tuple[int, dict[str, Any]]:
    """Exit code and certificate."""
    counts = [
        word
        for name, number in COUNTS._asdict().items()
        for word in ("--at-least", f"{name}={number}")
    ]
    given = ("--seed", str(SEED), "--minutes", str(MINUTES), "--rate", "5", "--out", str(out))
    child = processes.tuan("chaos", *given, *counts, *options)
    assert child.process is not None
    code = child.process.wait(280)
    assert out.exists(), child.last_words(60)
    return code, json.loads(out.read_text())


def test_a_short_run_passes_and_its_certificate_says_what_happened(
    processes: Processes, tmp_path: Path
) -> None:
    code, told = chaos(processes, tmp_path / "certificate.json")
    assert told["complaints"] == []
    assert (code, told["verdict"]) == (0, "pass")
    assert told["command"].startswith(f"tuan chaos --seed {SEED} ")
    planned = plan(SEED, COUNTS, MINUTES * 60)
    assert {name: row["planned"] for name, row in told["faults"].items()} == dict(planned.wanted)
    assert all(row["seen"] >= row["planned"] for row in told["faults"].values())
    assert {one["name"] for one in told["schedule"]} == set(planned.wanted)
    assert told["required"] == COUNTS._asdict()
    assert told["convergence"]["at_rest"]
    assert told["world"]["placed_orders"] > 30
    assert sum(told["refunds"]["ends"].values()) >= COUNTS.refunds
    assert sum(told["channel_faults"].values()) > 0
    assert all(one["holds"] and one["checked"] for one in told["invariants"])


@pytest.mark.parametrize("wish", ["engine_kills", "engine_kills=few", "fire=1", "=3"])
def test_a_wish_that_makes_no_sense_is_one_clear_line(wish: str) -> None:
    with pytest.raises(
        SettingsError, match=f"^--at-least {wish}: expected NAME=N of engine_kills, "
    ):
        wanted([wish])
