"""Will the money for refunds last? What is needed in the coming hours against what the channel holds for us."""

from typing import Any, Final

from markupsafe import Markup
from nicegui import ui

from read_api.console.formats import count, hour_and_minute, moment, parsed, yuan
from read_api.console.panels import HEAD, shares
from read_api.console.pieces import CHIP
from read_api.console.view import View

FIGURE: Final = Markup("<div><b>{}</b><span>{}</span></div>")
COLUMN: Final = Markup('<i title="{title}" style="height:{height:.0f}%"></i>')
STRIP: Final = Markup(
    '<div class="strip"><div class="numbers">{figures}</div>'
    '<div class="hours" role="img" aria-label="{label}"><div class="columns">{columns}</div>'
    '<div class="ends"><span>{first}</span><span>{label}</span><span>{last}</span></div></div></div>'
)
TONES: Final = {"yes": "good", "no": "bad", "unknown": "warn"}
LOWEST_PERCENT: Final = 3  # so that an hour without need is seen as one


class Liquidity:
    """A card across the page."""

    def __init__(self, view: View) -> None:
        self._view = view
        with ui.element("section").classes("card"):
            self._head = ui.html("", sanitize=False).classes("head")
            self._body = ui.html("", sanitize=False)

    async def refresh(self) -> None:
        told = await self._view.api.get("/v1/refunds/liquidity")
        head = HEAD.format(self._view.t("liquidity"), self._judged(told))
        body = self._strip(told)
        if self._head.content != head:
            self._head.set_content(head)
        if self._body.content != body:
            self._body.set_content(body)

    def _judged(self, told: dict[str, Any]) -> Markup:
        text = self._view.t(f"enough_{told['enough']}")
        if told["short_at"]:
            text = f"{text} · {self._view.t('short_at')} {moment(told['short_at'])}"
        return CHIP.format(TONES[told["enough"]], text)

    def _strip(self, told: dict[str, Any]) -> Markup:
        t, balance, hours = self._view.t, told["balance"], told["hours"]
        waiting = f"{t('waiting_refunds')} · {count(told['waiting_refunds'])}"
        figures = (
            (yuan(balance and balance["available_fen"]), t("balance")),
            (yuan(told["waiting_fen"]), waiting),
            (yuan(told["expected_fen"]), t("needed")),
            (yuan(told["worst_fen"]), t("worst")),
        )
        expected = [hour["expected_fen"] for hour in hours]
        columns = (
            COLUMN.format(
                title=f"{hour_and_minute(parsed(hour['since']))} {yuan(hour['expected_fen'])}",
                height=max(share * 100, LOWEST_PERCENT),
            )
            for hour, share in zip(hours, shares(expected), strict=True)
        )
        return STRIP.format(
            figures=Markup("").join(FIGURE.format(*figure) for figure in figures),
            columns=Markup("").join(columns),
            label=t("hour_by_hour"),
            first=hour_and_minute(parsed(hours[0]["since"])) if hours else "",
            last=hour_and_minute(parsed(hours[-1]["until"])) if hours else "",
        )
