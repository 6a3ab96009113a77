"""The five GMV figures, each with what it means in the API's own words."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from markupsafe import Markup
from nicegui import ui

from read_api.console.formats import yuan
from read_api.console.view import View

SALES: Final = "/v1/dashboard/sales"
MINUTE: Final = timedelta(minutes=1)
KEYS: Final = ("placed", "paid", "formed", "verified", "net")
FIGURE: Final = Markup(
    '<div class="name">{name}</div><div class="value" data-figure="{key}">{value}</div>'
    '<div class="means">{means}</div>'
)


class Figures:
    """A card each. Filled once a moment; a card that has not changed is left alone."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._definitions: dict[str, dict[str, str]] = {}
        self._total: Mapping[str, Any] | None = None
        with ui.element("div").classes("figures"):
            self._cards = {key: ui.html("", sanitize=False).classes("card figure") for key in KEYS}

    async def learn(self) -> None:
        """What the figures mean, once: it does not change while the page is open."""
        if self._definitions:
            return
        now = self._view.now()
        asked = {"since": (now - MINUTE).isoformat(), "until": now.isoformat()}
        self._definitions = (await self._view.api.get(SALES, **asked))["definitions"]
        self._draw()

    def show(self, total: Mapping[str, Any] | None) -> None:
        """The figures of the day; none while nothing happened."""
        self._total = {} if total is None else total
        self._draw()

    def _draw(self) -> None:
        if self._total is None or not self._definitions:
            return
        for key, card in self._cards.items():
            name, means = self._said(self._definitions[key])
            value = yuan(self._total.get(f"{key}_fen", 0))
            html = FIGURE.format(key=key, name=name, means=means, value=value)
            if card.content != html:
                card.set_content(html)

    def _said(self, definition: dict[str, str]) -> tuple[str, str]:
        """The name of the figure and its meaning: the API writes one before the other."""
        colon = self._view.either("：", ": ")
        said = self._view.either(definition["zh"], definition["en"])
        name, _, means = said.partition(colon)
        return name, means[:1].upper() + means[1:]
