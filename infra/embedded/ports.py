"""Free TCP ports: the one used last time while it is free, else another, never one a neighbour just took."""

import random
import socket
import sys
from collections.abc import Iterator

LOWEST, HIGHEST = 20_000, 32_000  # below the ports that outgoing connections get

_claims: list[socket.socket] = []  # held until this process ends


def choose(*preferred: int | None) -> int:
    """A port nobody listens on, ours until this process ends."""
    for port in candidates(*preferred):
        if is_free(port) and claim(port):
            return port
    raise OSError("no free TCP port on the loopback address")


def candidates(*preferred: int | None) -> Iterator[int]:
    yield from (port for port in preferred if port)
    yield from random.sample(range(LOWEST, HIGHEST), 1000)


def is_free(port: int) -> bool:
    """True when a server could listen there now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def claim(port: int) -> bool:
    """Tell other supervisors that this port is taken, though nobody listens yet. Linux only."""
    if sys.platform != "linux":
        return True
    token = socket.socket(socket.AF_UNIX)
    try:
        token.bind(f"\0tuan-port-{port}")  # an abstract name: gone with this process
    except OSError:
        token.close()
        return False
    _claims.append(token)
    return True


def give_up_claims() -> None:
    """Leave every port we chose to a process that was told about it and starts next."""
    while _claims:
        _claims.pop().close()
