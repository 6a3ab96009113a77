"""Tables that can be walked by keyboard: one row takes the focus, arrows move it, Enter opens it."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from nicegui import events, ui


class Column(NamedTuple):
    """`name` is the key of the value in each row."""

    name: str
    label: str
    right: bool = False


def chip(text: str, tone: str = "plain") -> dict[str, str]:
    return {"text": text, "tone": tone}


def code(text: str, whole: str) -> dict[str, str]:
    """Something to be read letter by letter; `whole` is shown on hover."""
    return {"text": text, "mono": whole or text}


class Table(ui.element, component="rows.js"):
    """Rows are dicts with an `id`. `show` replaces them; the focus stays on the row it is on."""

    def __init__(
        self, columns: Sequence[Column], nothing: str, open: Callable[[str], Any] | None = None
    ) -> None:
        super().__init__()
        self._props["columns"] = [column._asdict() for column in columns]
        self._props["rows"] = []
        self._props["nothing"] = nothing
        self._props["chosen"] = ""
        self._props["opens"] = open is not None
        if open is not None:
            opening = open

            async def opened(event: events.GenericEventArguments) -> None:
                result = opening(str(event.args))
                if inspect.isawaitable(result):
                    await result

            self.on("open", opened)

    def show(self, rows: Iterable[Mapping[str, Any]]) -> None:
        fresh = [dict(row) for row in rows]
        if fresh != self._props["rows"]:
            self._props["rows"] = fresh
            self.update()

    def open_row(self, id: str) -> None:
        """Show which row is open."""
        if id != self._props["chosen"]:
            self._props["chosen"] = id
            self.update()
