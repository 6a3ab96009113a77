"""The stream says what the log says, position by position, whatever happens to either."""

import asyncio
from collections.abc import Awaitable, Callable

import nats
from nats.js.client import JetStreamContext

from infra.delivery.jetstream import Limits
from infra.delivery.messages import decode
from infra.delivery.relay import Relay
from tests.delivery.conftest import CELL, Pipe
from tests.delivery.history import Fact, world
from tests.waiting import eventually_async

STREAM = f"TUAN_{CELL}"


def published(relay: Relay, pipe: Pipe) -> Callable[[], Awaitable[bool]]:
    async def there() -> bool:
        return relay.published.position == pipe.history.head

    return there


async def stream(pipe: Pipe) -> list[tuple[int, str]]:
    """Sequence and hash of every message; the position inside must be the sequence."""
    client = await nats.connect(pipe.nats.url)
    js = client.jetstream()
    state = (await js.stream_info(STREAM)).state
    found = []
    for sequence in range(state.first_seq, state.last_seq + 1):
        message = decode((await js.get_msg(STREAM, sequence)).data or b"")
        assert message.position == sequence
        found.append((sequence, message.hash))
    await client.close()
    return found


async def js(pipe: Pipe) -> JetStreamContext:
    return (await nats.connect(pipe.nats.url)).jetstream()


def log(pipe: Pipe, after: int = 0) -> list[tuple[int, str]]:
    query = "select position, encode(hash, 'hex') from cell_0.events where position > %s order by 1"
    return [(position, hash) for position, hash in pipe.history.rows(query, after)]


async def test_position_is_sequence(pipe: Pipe) -> None:
    relay = await pipe.relay()
    for fact in world(1, groups=3):
        pipe.history.append([fact])
    await eventually_async(published(relay, pipe))
    assert await stream(pipe) == log(pipe)


async def test_a_log_that_was_there_first_is_not_published_again(pipe: Pipe) -> None:
    events = world(2, groups=5)
    before = pipe.history.append(events[:100])
    relay = await pipe.relay()
    await eventually_async(published(relay, pipe))
    pipe.history.append(events[100:])
    await eventually_async(published(relay, pipe))
    assert await stream(pipe) == log(pipe, after=before)


async def test_two_relays_at_once_publish_everything_once(pipe: Pipe) -> None:
    first, second = await pipe.relay(), await pipe.relay()
    events = world(3, groups=20)
    for start in range(0, len(events), 11):
        pipe.history.append(events[start : start + 11])
        await asyncio.sleep(0)  # let them race

    async def published() -> bool:
        return pipe.history.head in (first.published.position, second.published.position)

    await eventually_async(published)
    assert await stream(pipe) == log(pipe)
    assert pipe.alarms() == []


async def test_the_other_relay_goes_on_when_the_first_is_gone(pipe: Pipe) -> None:
    first = await pipe.relay()
    events = world(4, groups=20)
    pipe.history.append(events[:100])
    await eventually_async(published(first, pipe))
    second = await pipe.relay()
    pipe.history.append(events[100:200])
    await pipe.stop(pipe.running[0])
    pipe.history.append(events[200:])
    await eventually_async(published(second, pipe))
    assert await stream(pipe) == log(pipe)


async def test_a_wiped_nats_gets_a_stream_that_begins_after_the_head(pipe: Pipe) -> None:
    relay = await pipe.relay()
    events = world(5, groups=10)
    pipe.history.append(events[:150])
    await eventually_async(published(relay, pipe))
    pipe.nats.stop()
    pipe.nats.wipe()
    before = pipe.history.append(events[150:200])
    pipe.nats.start()

    async def anew() -> bool:
        return pipe.alarms() == ["stream_lost"]

    await eventually_async(anew)
    pipe.history.append(events[200:])
    await eventually_async(published(relay, pipe))
    assert await stream(pipe) == log(pipe, after=before)


async def test_positions_lost_by_a_failover_are_detected_while_the_relay_runs(pipe: Pipe) -> None:
    relay = await pipe.relay()
    events = world(6, groups=10)
    pipe.history.append(events[:150])
    await eventually_async(published(relay, pipe))
    pipe.history.forget_after(100)
    pipe.history.append(events[200:220], epoch=2)

    async def detected() -> bool:
        return "log_lost" in pipe.alarms()

    await eventually_async(detected)
    begun = pipe.history.rows("select max(after_position) from read.streams")[0][0]
    pipe.history.append(events[220:], epoch=2)
    await eventually_async(published(relay, pipe))
    assert await stream(pipe) == log(pipe, after=begun)


async def test_a_log_that_went_on_differently_is_detected_at_the_next_start(pipe: Pipe) -> None:
    relay = await pipe.relay()
    events = world(7, groups=10)
    pipe.history.append(events[:100])
    await eventually_async(published(relay, pipe))
    await pipe.stop(pipe.running[0])
    pipe.history.forget_after(80)
    pipe.history.append(events[200:300], epoch=2)  # further than was published, and other events
    relay = await pipe.relay()
    await eventually_async(published(relay, pipe))
    assert pipe.alarms() == ["log_forked"]
    pipe.history.append(events[300:310], epoch=2)
    await eventually_async(published(relay, pipe))
    assert await stream(pipe) == log(pipe, after=180)


async def test_a_stranger_in_the_stream_is_thrown_out(pipe: Pipe) -> None:
    relay = await pipe.relay()
    events = world(8, groups=3)
    pipe.history.append(events[:50])
    await eventually_async(published(relay, pipe))
    await (await js(pipe)).publish(f"tuan.{CELL}.acme.order.placed", b"not ours")
    pipe.history.append(events[50:60])

    async def thrown_out() -> bool:
        return pipe.alarms() == ["stream_unknown"]

    await eventually_async(thrown_out)
    pipe.history.append(events[60:])
    await eventually_async(published(relay, pipe))
    assert await stream(pipe) == log(pipe, after=60)


async def test_the_stream_keeps_a_window(pipe: Pipe) -> None:
    relay = await pipe.relay(Limits(messages=100))
    events = world(9, groups=20)
    pipe.history.append(events)
    await eventually_async(published(relay, pipe))
    assert await stream(pipe) == log(pipe, after=pipe.history.head - 100)


async def test_large_events_travel_in_batches_that_fit(pipe: Pipe) -> None:
    relay = await pipe.relay()
    template = world(10, groups=1)[0]
    raw = b'{"type":"sku.registered.v1","title":"' + b"x" * 250_000 + b'"}'
    pipe.history.append([Fact("sku", template.stream, template.event, raw) for _ in range(40)])
    await eventually_async(published(relay, pipe), seconds=30)
    assert await stream(pipe) == log(pipe)


async def test_an_event_that_is_no_json_does_not_stop_the_relay(pipe: Pipe) -> None:
    relay = await pipe.relay()
    events = world(11, groups=1)
    pipe.history.append([events[0]._replace(raw=b'{"broken'), *events[1:5]])
    await eventually_async(published(relay, pipe))
    assert relay.published.position == 5
