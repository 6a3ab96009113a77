"""Pages that do not exist and pages that broke: said in words, with nothing of the inside."""

from nicegui import ui

from read_api.console.frame import framed
from read_api.console.house import House
from read_api.console.view import View, view_of


async def absent(view: View) -> None:
    """Any path that no page has."""
    ui.context.client.status_code = 404
    told(view, "not_found")


def broken(house: House) -> None:
    """Shown in place of a page whose building raised; NiceGUI has logged it."""
    told(view_of(house, ui.context.client.request), "broken")


def told(view: View, what: str) -> None:
    with framed(view, what), ui.element("section").classes("card empty"):
        ui.label(view.t(what)).classes("h2")
        ui.label(view.t(f"{what}_more")).classes("muted")
