"""What finance takes out of a bill date: its reports as files, and the pack that proves it."""

from typing import Any, Final
from urllib.parse import quote, urlencode

from markupsafe import Markup
from nicegui import ui

from read_api.console.bill_dates import Key
from read_api.console.view import View

OF_THE_DATE: Final = (
    "daily-summary",
    "bill-detail",
    "breaks",
    "suspense",
    "journal",
    "general-ledger",
)
OF_ALL_DATES: Final = ("trial-balance", "refund-ageing", "vat-base", "merchant-statements")
FORMATS: Final = ("csv", "xlsx")
FOLD: Final = Markup(
    "<details><summary>{}</summary><table class=exports><tbody>{}</tbody></table><p>{}</p></details>"
)
ROW: Final = Markup("<tr><th>{}</th><td>{}</td></tr>")
LINK: Final = Markup('<a class="button" href="{}">{}</a> ')


class Exports:
    """Plain links: the console fetches in the person's name, for the browser has no token."""

    def __init__(self, view: View) -> None:
        self.view = view
        self.names: dict[str, str] = {}
        self.body = ui.html("", sanitize=False).classes("exports-of")

    async def show(self, key: Key | None) -> None:
        if not self.names:
            told = await self.view.api.get("/v1/reports")
            self.names = {
                it["name"]: self.view.either(it["zh"], it["en"]) for it in told["reports"]
            }
        html = self.drawn(key) if key else Markup("")
        if self.body.content != html:
            self.body.set_content(html)

    def drawn(self, key: Key) -> Markup:
        rows = Markup("").join(
            ROW.format(self.names[name], links(name, period))
            for names, period in (
                (OF_THE_DATE, {"from": key.on, "to": key.on}),
                (OF_ALL_DATES, {"as_of": key.on}),
            )
            for name in names
            if name in self.names
        )
        pack = LINK.format(f"/download/evidence/day/{key.on}", self.view.t("evidence_pack"))
        return FOLD.format(self.view.t("export"), rows, pack)


def links(name: str, period: dict[str, Any]) -> Markup:
    return Markup("").join(
        LINK.format(
            f"/download/reports/{quote(name)}?{urlencode({**period, 'format': it})}", it.upper()
        )
        for it in FORMATS
    )
