"""From the log through NATS into the read models, undisturbed."""

from tests.delivery.conftest import Pipe
from tests.delivery.history import world


async def test_everything_arrives_and_equals_a_replay(pipe: Pipe) -> None:
    await pipe.relay()
    pipe.consumer()
    events = world(1, groups=100)
    for start in range(0, len(events), 37):
        pipe.history.append(events[start : start + 37])
    await pipe.arrived()
    assert await pipe.equals_replay()
    assert pipe.alarms() == []
