"""Groups that lack one person and end soon: where a push would still help."""

from typing import Any, Final

from nicegui import ui

from read_api.console.formats import brief, count, lasting, parsed
from read_api.console.panels import HEAD
from read_api.console.tables import Column, Table, code
from read_api.console.view import View

SHOWN_MAX: Final = 8


class ShortGroups:
    """The table of them, with the time that is left."""

    def __init__(self, view: View) -> None:
        t = view.t
        self._view = view
        with ui.element("section").classes("card w4"):
            self._head = ui.html("", sanitize=False).classes("head")
            columns = (
                Column("group", t("group")),
                Column("filled", t("filled"), right=True),
                Column("left", t("left"), right=True),
            )
            self._table = Table(columns, t("none_short"), self._open)

    def show(self, live: dict[str, Any]) -> None:
        t, now = self._view.t, parsed(live["at"])
        head = HEAD.format(t("short_groups"), t("one_short_of").format(count(live["one_short"])))
        if self._head.content != head:
            self._head.set_content(head)
        self._table.show(
            {
                "id": it["group_id"],
                "group": code(brief(it["group_id"]), it["group_id"]),
                "filled": f"{it['seats'] - 1}/{it['seats']}",
                "left": lasting((parsed(it["closes_at"]) - now).total_seconds()),
            }
            for it in live["one_short_soon"][:SHOWN_MAX]
        )

    def _open(self, id: str) -> None:
        ui.navigate.to(f"/streams?id={id}")
