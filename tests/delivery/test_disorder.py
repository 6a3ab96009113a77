"""Messages doubled and shuffled on purpose: consumers do not care, and only development may ask for it."""

import asyncio
from typing import Any

import pytest
from pydantic import SecretStr

from infra.delivery.consumer import Consumer
from infra.delivery.disorder import WINDOW, Disorder, disorder_of
from infra.delivery.metrics import DISORDERED
from infra.settings import Settings, SettingsError
from tests.delivery.conftest import CELL, HANDLERS, Pipe
from tests.delivery.history import world
from tests.waiting import eventually_async


def counted(how: str) -> float:
    return float(DISORDERED.labels(CELL, how)._value.get())


async def test_read_models_equal_a_replay_however_doubled_and_shuffled(pipe: Pipe) -> None:
    before = {how: counted(how) for how in ("doubled", "shuffled")}
    await pipe.relay()
    consumer = Consumer(
        "projector", HANDLERS, cell=CELL, dsn=pipe.dsn, nats_servers=[pipe.nats.url], disorder=7
    )
    pipe.run(consumer.run())
    events = world(3, groups=100)
    for start in range(0, len(events), 40):
        pipe.history.append(events[start : start + 40])
        await asyncio.sleep(0.005)  # so that delivery is under way all the time
    await pipe.arrived()
    assert await pipe.equals_replay()
    assert pipe.alarms() == []
    assert counted("doubled") - before["doubled"] > len(events) / 2
    assert counted("shuffled") - before["shuffled"] > len(events)


async def test_every_message_comes_at_least_once_and_none_before_it_was_sent() -> None:
    got: list[Any] = []
    disorder = Disorder(got.append, CELL, seed=1)
    for number in range(200):
        disorder(number)  # type: ignore[arg-type]
        assert max(got, default=0) <= number

    async def all_there() -> bool:
        return set(got) == set(range(200))

    await eventually_async(all_there)
    assert len(got) > 400
    assert got != sorted(got)


async def test_nothing_waits_for_company() -> None:
    got: list[Any] = []
    Disorder(got.append, CELL, seed=1)("alone")  # type: ignore[arg-type]
    assert len(got) <= WINDOW

    async def there() -> bool:
        return "alone" in got

    await eventually_async(there, 1)


def test_outside_the_embedded_default_it_is_refused(settings: Settings) -> None:
    asked = settings.model_copy(update={"delivery_disorder": 5})
    with pytest.raises(SettingsError, match="TUAN_DELIVERY_DISORDER"):
        disorder_of(asked)
    assert settings.postgres_dsn is not None
    dsn = settings.postgres_dsn.get_secret_value()
    (settings.data_dir / "settings.json").write_text(f'{{"postgres_dsn": "{dsn}"}}')
    assert disorder_of(asked) == 5
    assert disorder_of(settings) is None
    elsewhere = asked.model_copy(update={"postgres_dsn": SecretStr("host=prod")})
    with pytest.raises(SettingsError):
        disorder_of(elsewhere)
