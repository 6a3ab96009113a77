"""The box where an id goes. It is a plain form: looking up opens an address that can be kept and shared."""

from typing import Final

from markupsafe import Markup
from nicegui import ui

BOX: Final = Markup(
    """<form class="search" action="{path}" method="get" role="search">
<label for="search">{label}</label>
<input id="search" name="id" value="{given}" data-search placeholder="{hint}" autocomplete="off" spellcheck="false" maxlength="128" required>
<button class="button primary" type="submit">{go}</button></form>"""
)


def search_box(path: str, given: str, *, label: str, hint: str, go: str) -> None:
    html = BOX.format(path=path, given=given, label=label, hint=hint, go=go)
    ui.html(html, sanitize=False).classes("card")
