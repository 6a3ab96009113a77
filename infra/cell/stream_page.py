"""A stream on a terminal: one block an event, with what it changed and who asked for it."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
from rich.console import Console
from rich.padding import Padding
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from infra.cell.told import Asked, Told, flat

PIPE_WIDTH = 120  # columns when the output is no terminal
CONTROLS = {
    code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))
}  # not the terminal's to obey
NAME_WIDTH = 44  # a short name, a dot and an id
VALUE_MAX = 1000  # characters of one value
UNCHANGED_MAX = 12  # fields of the state that are shown though nothing happened to them


class StreamPage:
    """Prints what it is told, in order. A command that caused several events in a row is shown once."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console(highlight=False)
        if not self._console.is_terminal:
            self._console.width = PIPE_WIDTH
        self._asked: object = None

    def tell(self, one: Asked | Told) -> None:
        if isinstance(one, Asked):
            self._head(f"command {one.command_id}")
            self._block("", ((name, text(value)) for name, value in asked(one._asdict())))
            return
        self._head(f"{one.category} {one.stream}  version {one.version}")
        place = f"position {one.position}, epoch {one.epoch}, {text(one.at)}, tenant {one.tenant}"
        self._block(f"{one.type}  {place}", fields(one.event))
        if one.trouble:
            self._block("state", [("unknown", one.trouble)])
        if one.state is not None:
            self._block("state", [*changed(one), *unchanged(one)])
        if one.command is not None and one.command["command_id"] != self._asked:
            self._block("asked by", ((name, text(value)) for name, value in asked(one.command)))
        elif one.command is not None:
            self._block("asked by the same command", [])
        self._asked = one.command and one.command["command_id"]

    def _head(self, title: str) -> None:
        self._console.print(Rule(Text(title, style="bold cyan"), align="left", style="cyan"))

    def _block(self, label: str, rows: Iterable[tuple[str | Text, str | Text]]) -> None:
        grid = Table.grid(padding=(0, 2, 0, 0))
        grid.add_column(max_width=NAME_WIDTH, overflow="fold")
        grid.add_column(overflow="fold")
        for name, value in rows:
            grid.add_row(name, value)
        if label:
            self._console.print(Text(f"  {label}", style="bold"))
        self._console.print(Padding(grid, (0, 0, 0, 4)))


def asked(command: Mapping[str, Any]) -> Iterable[tuple[str, Any]]:
    """Everything on record about a command, most telling first; nothing for what is not there."""
    told = dict(command)
    told = {"name": told.pop("name"), "outcome": told.pop("outcome"), **told}
    return ((name, value) for name, value in told.items() if value not in (None, {}))


def fields(event: Any) -> Iterable[tuple[str, str]]:
    return ((name, text(value)) for name, value in flat(event).items() if name or value)


def changed(told: Told) -> Iterable[tuple[Text, Text]]:
    for name, (before, after) in told.changed.items():
        value = Text(text(before), style="dim").append(" → ", style="dim")
        yield Text(name, style="green"), value.append(text(after), style="green")


def unchanged(told: Told) -> Iterable[tuple[Text, Text]]:
    """The rest of the state, so far as it fits the eye."""
    same = [one for one in flat(told.state).items() if one[0] not in told.changed]
    for name, value in same[:UNCHANGED_MAX]:
        yield Text(name, style="dim"), Text(text(value), style="dim")
    if len(same) > UNCHANGED_MAX:
        yield Text("…", style="dim"), Text(f"{len(same) - UNCHANGED_MAX} more", style="dim")


def text(value: Any) -> str:
    """One value on one line."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(sep=" ", timespec="microseconds")
    if value is None:
        return "–"
    written = value if isinstance(value, str) else msgspec.json.encode(value).decode().strip('"')
    if len(written) > VALUE_MAX:
        written = f"{written[:VALUE_MAX]}… ({len(written)} characters)"
    return written.translate(CONTROLS) or '""'
