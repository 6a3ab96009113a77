"""What a private platform's process is given: its ways through proxies always, its death while it is to die."""

import json
import sys
from functools import partial
from pathlib import Path

from infra.crash import VARIABLE
from infra.embedded.child import Child
from infra.settings import Settings
from infra.simulator.chaos.network import Network
from infra.simulator.chaos.plan import LINKS
from infra.simulator.chaos.platform import environment, give, let_live, tell_to_die
from tests.waiting import eventually


def lives(child: Child) -> dict[str, str]:
    """Run it to its end; what it found in its environment."""
    child.start()
    eventually(lambda: not child.alive)
    found: dict[str, str] = json.loads(child.last_words(1))
    return found


def test_each_start_asks_anew_and_a_death_is_told_until_it_is_taken_back(tmp_path: Path) -> None:
    shown = (
        "import json, os; print(json.dumps({k: os.environ.get(k, '') for k in ('A', 'B', '%s')}))"
    )
    child = Child(
        "relay",
        [sys.executable, "-c", shown % VARIABLE],
        tmp_path,
        {"A": "1", "B": "1"},
        environment=partial(environment, tmp_path, "relay"),
    )
    give(tmp_path, "relay", {"B": "2"})
    give(tmp_path, "runner", {"A": "another's"})
    tell_to_die(tmp_path, "relay", "read:3")
    for _ in range(2):  # who ended before he came to that point is told again
        assert lives(child) == {"A": "1", "B": "2", VARIABLE: "read:3"}
    let_live(tmp_path, "relay")
    assert lives(child) == {"A": "1", "B": "2", VARIABLE: ""}


async def test_every_way_of_a_service_leads_through_a_proxy_of_its_own(tmp_path: Path) -> None:
    async with Network(tmp_path) as network:
        ports = {proxy.port for proxy in network.proxies.values()}
        assert len(ports) == len(LINKS)
        made = json.loads((tmp_path / "settings.json").read_text())
        relay = network.environments()["relay"]
        assert relay.keys() == {"TUAN_POSTGRES_DSN", "TUAN_NATS_URL"}
        assert f"port={network.proxies['relay→postgres'].port}" in relay["TUAN_POSTGRES_DSN"]
        assert network.proxies["relay→postgres"].target == ("127.0.0.1", made["postgres_port"])
        for values in network.environments().values():
            assert {f"TUAN_{name.upper()}" for name in Settings.model_fields} >= values.keys()
