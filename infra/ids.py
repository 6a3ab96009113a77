"""Dice: the only place that mints random identifiers. Their time is the clock's, so simulated ids sort too."""

from datetime import UTC, datetime
from typing import Final
from uuid import UUID

from uuid_utils.compat import uuid7

from commands.ports import Clock, MintId

EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def minter(clock: Clock) -> MintId:
    """UUIDv7s of this process."""

    def mint() -> UUID:
        since = clock.now() - EPOCH
        microseconds = (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds
        return uuid7(nanoseconds=microseconds * 1_000)

    return mint
