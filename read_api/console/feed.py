"""Following one of the API's live feeds: server-sent events, taken up again where they were when a line breaks."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from typing import Any, Final, NamedTuple

from read_api.console.api import Api, Away

log = logging.getLogger(__name__)

AGAIN_SECONDS: Final = 1.0


class Told(NamedTuple):
    """One event: what it is called, and its data."""

    name: str
    data: dict[str, Any]


async def follow(api: Api, path: str) -> AsyncIterator[Told]:
    """For ever, over broken lines. Raises: Ended, Refused."""
    last = ""
    while True:
        try:
            async for id, told in events(api.lines(path, last)):
                last = id or last
                if told.name != "end":
                    yield told
        except Away as away:
            log.info("the live feed broke off: %s", away)
        await asyncio.sleep(AGAIN_SECONDS)


async def events(lines: AsyncIterator[str]) -> AsyncIterator[tuple[str, Told]]:
    """The format of server-sent events, as far as the API uses it: id, event, one line of data."""
    id = name = data = ""
    async for line in lines:
        field, _, value = line.partition(": ")
        if field == "id":
            id = value
        elif field == "event":
            name = value
        elif field == "data":
            data = value
        elif not line and data:
            yield id, Told(name, json.loads(data))
            name = data = ""
