"""流浏览: one stream as it happened. Each event, the state it made of the one before, and the command behind it."""

from typing import Any, Final
from urllib.parse import quote

from markupsafe import Markup
from nicegui import ui

from read_api.console.buttons import button
from read_api.console.formats import count, moment
from read_api.console.frame import framed
from read_api.console.pieces import MONO
from read_api.console.search import search_box
from read_api.console.stream_event import detail, event_words
from read_api.console.tables import Column, Table
from read_api.console.view import View

PATH: Final = "/streams"
API: Final = "/v1/streams"
EVENTS_MAX: Final = 200  # a page of the stream


class StreamPage:
    """Events on the left, the chosen one on the right."""

    def __init__(self, view: View, found: dict[str, Any]) -> None:
        self.view, self.id, self.told = view, found["stream_id"], found["events"]
        told = self.told
        t = view.t
        with ui.element("div").classes("grid"):
            with ui.element("section").classes("card w5"):
                first = told[0]
                head = Markup("<h2>{} {}</h2>").format(
                    first["category"], MONO.format(found["stream_id"])
                )
                ui.html(head, sanitize=False).classes("head")
                columns = (
                    Column("version", t("version"), right=True),
                    Column("what", t("event")),
                    Column("at", t("at")),
                    Column("position", t("position"), right=True),
                )
                self.table = Table(columns, t("nothing"), self.choose)
            with ui.element("section").classes("card w7 detail").props("aria-live=polite"):
                self.detail = ui.html("", sanitize=False)
        self.more = button(t("more"), self.load_more)
        self.draw(found["more"])
        self.choose(str(told[0]["version"] if found["more"] else told[-1]["version"]))

    def draw(self, more: bool) -> None:
        view = self.view
        self.more.set_visibility(more)
        self.table.show(
            {
                "id": str(it["version"]),
                "version": it["version"],
                "what": event_words(view, it["type"]),
                "at": moment(it["at"]),
                "position": count(it["position"]),
            }
            for it in self.told
        )

    async def load_more(self) -> None:
        async def load() -> None:
            last = self.told[-1]["version"]
            found = await self.view.api.get(f"{API}/{self.id}", after=last, limit=EVENTS_MAX)
            self.told += found["events"]
            self.draw(found["more"])

        await self.view.attempt(load)

    def choose(self, version: str) -> None:
        told = next(it for it in self.told if str(it["version"]) == version)
        self.table.open_row(version)
        self.detail.set_content(detail(self.view, told))


async def page(view: View, id: str = "") -> None:
    t = view.t
    with framed(view, "streams"):
        search_box(PATH, id, label=t("streams_label"), hint=t("streams_hint"), go=t("look_up"))
        if not id:
            return
        found = await view.fetch(f"{API}/{quote(id, safe='')}", limit=EVENTS_MAX)
        if found is not None:
            StreamPage(view, found)
