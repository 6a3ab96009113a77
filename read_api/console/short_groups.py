"""Groups that lack one person and end soon: where a push would still help."""

from typing import Any, Final

from markupsafe import Markup
from nicegui import ui

from read_api.console.formats import brief, lasting, parsed, yuan
from read_api.console.tables import Column, Table, code
from read_api.console.view import View

SHOWN_MAX: Final = 8
LOOKED_AT_MAX: Final = 200  # open groups, nearest their deadline first


class ShortGroups:
    """The table of them, with the time that is left."""

    def __init__(self, view: View) -> None:
        t = view.t
        self._view = view
        with ui.element("section").classes("card w4"):
            ui.html(Markup("<h2>{}</h2>").format(t("short_groups")), sanitize=False).classes("head")
            columns = (
                Column("group", t("group")),
                Column("filled", t("filled"), right=True),
                Column("price", t("price"), right=True),
                Column("left", t("left"), right=True),
            )
            self._table = Table(columns, t("none_short"))

    async def fetch(self) -> list[dict[str, Any]]:
        found = await self._view.api.get("/v1/groups", status="OPEN", limit=LOOKED_AT_MAX)
        return [it for it in found["items"] if it["free"] == 1 and it["closes_at"]][:SHOWN_MAX]

    def show(self, groups: list[dict[str, Any]]) -> None:
        now = self._view.now()
        self._table.show(
            {
                "id": it["group_id"],
                "group": code(brief(it["group_id"]), it["group_id"]),
                "filled": f"{it['filled']}/{it['seats']}",
                "price": yuan(it["group_price_fen"]),
                "left": lasting((parsed(it["closes_at"]) - now).total_seconds()),
            }
            for it in groups
        )
