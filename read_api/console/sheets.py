"""Tables of very many rows: the browser holds those that were fetched, and draws those in sight."""

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from nicegui import events, ui

from read_api.console.tables import Column


class Sheet(ui.element, component="sheet.js"):
    """Rows are dicts with an `id`. `near` is told how many are there when the end comes into sight."""

    def __init__(
        self,
        columns: Sequence[Column],
        label: str,
        nothing: str,
        open: Callable[[str], Any],
        near: Callable[[int], Any],
    ) -> None:
        super().__init__()
        self._props["columns"] = [column._asdict() for column in columns]
        self._props["label"] = label
        self._props["nothing"] = nothing
        self._props["chosen"] = ""
        self._props["total"] = 0
        self.on("open", telling(lambda told: open(str(told))))
        self.on("near", telling(lambda told: near(int(told))))

    def load(self, rows: Iterable[Mapping[str, Any]], total: int, *, again: bool) -> None:
        """These in place of all others; `again`: they are the same rows as they are by now."""
        self._tell(total)
        self.run_method("load", [dict(row) for row in rows], again)

    def add(self, rows: Iterable[Mapping[str, Any]], total: int) -> None:
        self._tell(total)
        self.run_method("add", [dict(row) for row in rows])

    def open_row(self, id: str) -> None:
        """Show which row is open."""
        if id != self._props["chosen"]:
            self._props["chosen"] = id
            self.update()

    def _tell(self, total: int) -> None:
        """How many there are, fetched or not."""
        if total != self._props["total"]:
            self._props["total"] = total
            self.update()


def telling(
    tell: Callable[[Any], Any],
) -> Callable[[events.GenericEventArguments], Any]:
    async def told(event: events.GenericEventArguments) -> None:
        result = tell(event.args)
        if inspect.isawaitable(result):
            await result

    return told
