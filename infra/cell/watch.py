"""Whoever wants to know more of a log than whether its chains hold, and walks along while they are checked."""

from typing import Any, Protocol

import psycopg


class Watch(Protocol):
    """Told of every entry that was found good, in order; may raise Damaged itself."""

    def begin(self, session: psycopg.Connection[Any]) -> None:
        """The snapshot that everything is read from."""

    def event(self, position: int, hash: bytes) -> None:
        """The next event."""

    def command(self, seq: int, hash: bytes) -> None:
        """The next command."""

    def end(self) -> None:
        """Both logs were read to their ends."""


class Nobody:
    """Watches nothing."""

    def begin(self, session: psycopg.Connection[Any]) -> None: ...
    def event(self, position: int, hash: bytes) -> None: ...
    def command(self, seq: int, hash: bytes) -> None: ...
    def end(self) -> None: ...
