"""The processes of `tuan up` beside PostgreSQL and NATS, in the order they are started."""

from collections.abc import Callable, Mapping
from typing import NamedTuple


class Service(NamedTuple):
    """One process: `tuan ARGV`. Adding one is one line below."""

    name: str  # of its log: <data_dir>/log/<name>.log
    argv: tuple[str, ...]
    port: str = ""  # the setting that tells it its port; two processes of one kind get one each
    wait_for: str = "/healthz"  # ready when this path answers 200; "": when it runs
    shown: str = ""  # what the table of addresses says of it; "": not shown
    make_believe: bool = False  # for development: runs only beside a database that `tuan up` made
    environment: Callable[[], Mapping[str, str]] = dict  # of its own, asked for at each start


SERVICES = (
    Service(
        "dev-issuer",
        ("dev-issuer",),
        "dev_issuer_port",
        shown="tokens for development",
        make_believe=True,
    ),
    Service(
        "channel-simulator",
        ("channel-simulator",),
        "channel_simulator_port",
        shown="WeChat Pay, simulated",
        make_believe=True,
    ),
    # Before the engines: the second of those takes the next port after the first, which is the console's.
    Service("console", ("console",), "console_port", shown="运营控制台 operator console"),
    Service("engine-1", ("engine",), "engine_port"),
    Service("engine-2", ("engine",), "engine_port"),
    Service("relay", ("relay",), "relay_port"),
    Service("projector", ("projector",), "projector_port"),
    Service("runner", ("runner",), "runner_port"),
    Service("gateway", ("gateway",), "gateway_port", shown="the API: commands and queries"),
    Service("world", ("world",), wait_for="", make_believe=True),
)
