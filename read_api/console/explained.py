"""这个数怎么来的: one number, everything that adds up to it, and the lineage of each part."""

from typing import Any, Final
from urllib.parse import quote

from markupsafe import Markup
from nicegui import ui

from read_api.console.amounts import Why
from read_api.console.api import Refused
from read_api.console.buttons import button
from read_api.console.explained_parts import columns, lineage_of, part_row
from read_api.console.formats import count, yuan
from read_api.console.lineage import chain
from read_api.console.pieces import pairs, values
from read_api.console.tables import Table
from read_api.console.view import View

NOTICE: Final = Markup('<p class="notice bad" role="alert">{}</p>')
TITLE: Final = Markup('<h2>{}</h2><span class="more">{}</span>')
BILLS: Final = "/v1/bills/"
LINEAGE: Final = "/v1/lineage/"
BILL_FACTS: Final = ("kind", "account", "bill_date", "state", "sha256", "lines", "sums")


class Explained:
    """A dialog that is opened for one number after another."""

    def __init__(self, view: View) -> None:
        t = view.t
        self.view, self.paths = view, list[str]()
        self.parts: dict[str, dict[str, Any]] = {}
        with ui.dialog() as self.dialog, ui.element("div").classes("card explained"):
            self.head = ui.html("", sanitize=False).classes("head")
            self.sums = ui.html("", sanitize=False)
            with ui.element("div").classes("parts"):
                self.table = Table(columns(view), t("nothing"), self.trace)
            with ui.element("div").classes("actions"):
                self.more = button(t("more"), self.load)
                button(t("close"), self.dialog.close, primary=True)
            self.lineage = ui.html("", sanitize=False).props("aria-live=polite")

    async def open(self, why: Why) -> None:
        """Show it, with the first parts there are."""
        self.head.set_content(
            TITLE.format(f"{self.view.t('why_this')} · {why.title}", yuan(why.fen))
        )
        self.paths, self.parts = list(why.paths), {}
        self.sums.set_content("")
        self.lineage.set_content("")
        self.table.open_row("")
        self.table.show([])
        self.dialog.open()
        await self.load()

    async def load(self) -> None:
        """The dialog is over the header: what goes wrong is said in it."""

        async def ask() -> None:
            try:
                await self._load()
            except Refused as no:
                self.sums.set_content(NOTICE.format(self.view.reason(no)))

        if not await self.view.attempt(ask):
            self.sums.set_content(NOTICE.format(self.view.t("stale")))

    async def _load(self) -> None:
        """The next answer: of this address while it goes on, then of the next one."""
        while self.paths:
            path = self.paths.pop(0)
            told = await self.view.api.get(path)
            if path.startswith(BILLS):
                self.sums.set_content(values({key: told[key] for key in BILL_FACTS}))
                continue
            if path.startswith(LINEAGE):
                self.lineage.set_content(chain(self.view, told))
                continue
            self._sum(told)
            for part in told["items"]:
                self.parts[f"{part['position']}.{part['nth']}.{len(self.parts)}"] = part
            if told["next"]:
                first = path.partition("&cursor=")[0]
                self.paths.insert(0, f"{first}&cursor={quote(told['next'])}")
                break
        self.more.set_visibility(bool(self.paths))
        self.table.show(part_row(self.view, id, part) for id, part in self.parts.items())

    def _sum(self, told: dict[str, Any]) -> None:
        """What the API says that all parts come to, beside the number on the page."""
        t = self.view.t
        key = " · ".join(told["key"])
        shown = pairs(
            [
                (
                    key or told["report"],
                    f"{yuan(told['fen'])} = {count(told['entries'])} {t('parts')}",
                )
            ]
        )
        if shown not in self.sums.content:
            self.sums.set_content(self.sums.content + shown)

    async def trace(self, id: str) -> None:
        """From this part down to who asked for it."""
        part = self.parts[id]
        self.table.open_row(id)

        async def ask() -> None:
            told = await self.view.api.get(f"/v1/lineage/{lineage_of(part)}")
            self.lineage.set_content(chain(self.view, told))

        await self.view.attempt(ask)
