"""Buttons that look and behave alike, with the browser's own keyboard."""

from collections.abc import Callable, Mapping
from typing import Any

from markupsafe import escape
from nicegui import ui


def button(text: str, press: Callable[[], Any], *, primary: bool = False) -> ui.html:
    made = ui.html(escape(text), sanitize=False, tag="button")
    made.classes("button primary" if primary else "button").props("type=button")
    made.on("click", lambda: press())
    return made


class Choice:
    """One of a few, side by side."""

    def __init__(self, names: Mapping[str, str], chosen: str, pick: Callable[[str], Any]) -> None:
        self._pick = pick
        with ui.element("div").classes("choice").props("role=group"):
            self._buttons = {name: self._one(name, text) for name, text in names.items()}
        self._mark(chosen)

    def _one(self, name: str, text: str) -> ui.html:
        made = ui.html(escape(text), sanitize=False, tag="button").props("type=button")

        async def picked() -> None:
            self._mark(name)
            await self._pick(name)

        made.on("click", picked)
        return made

    def _mark(self, chosen: str) -> None:
        for name, made in self._buttons.items():
            made.props(f"aria-pressed={'true' if name == chosen else 'false'}")
