"""The five GMV figures, each with what it means in the API's own words."""

from typing import Any, Final

from markupsafe import Markup
from nicegui import ui

from read_api.console.formats import yuan
from read_api.console.view import View

KEYS: Final = ("placed", "paid", "formed", "verified", "net")
FIGURE: Final = Markup(
    '<div class="name">{name}</div><div class="value" data-figure="{key}">{value}</div>'
    '<div class="means">{means}</div>'
)


class Figures:
    """A card each. Filled once a moment; a card that has not changed is left alone."""

    def __init__(self, view: View) -> None:
        self._view = view
        with ui.element("div").classes("figures"):
            self._cards = {key: ui.html("", sanitize=False).classes("card figure") for key in KEYS}

    def show(self, day: dict[str, Any]) -> None:
        for key, card in self._cards.items():
            name, means = self._said(day["definitions"][key])
            html = FIGURE.format(
                key=key, name=name, means=means, value=yuan(day["total"][f"{key}_fen"])
            )
            if card.content != html:
                card.set_content(html)

    def _said(self, definition: dict[str, str]) -> tuple[str, str]:
        """The name of the figure and its meaning: the API writes one before the other."""
        colon = self._view.either("：", ": ")
        said = self._view.either(definition["zh"], definition["en"])
        name, _, means = said.partition(colon)
        return name, means[:1].upper() + means[1:]
