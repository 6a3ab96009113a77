"""一单到底: everything about one order, found by any id that leads to it, on one timeline in plain words."""

import asyncio
from typing import Any, Final
from urllib.parse import quote

from markupsafe import Markup
from nicegui import ui

from read_api.console.formats import brief, yuan
from read_api.console.frame import framed
from read_api.console.order_choice import choose
from read_api.console.order_facts import facts, price, status
from read_api.console.order_timeline import steps
from read_api.console.refund_words import status_chip, why
from read_api.console.search import search_box
from read_api.console.tables import Column, Table, code
from read_api.console.view import View

PATH: Final = "/order"
EVERY_SECONDS: Final = 2.0
HEAD: Final = Markup('<div class="head"><h2>{} {}</h2>{}</div>')
TITLE: Final = Markup("<h2>{}</h2>")
SECTION: Final = Markup("<section><h3>{}</h3>{}</section>")


class OrderPage:
    """Facts and price on the left, the timeline on the right; both go on while the order does."""

    def __init__(self, view: View, order_id: str) -> None:
        t = view.t
        self.view, self.order_id = view, order_id
        self.notice = ui.label(t("incomplete")).classes("notice warn")
        self.notice.set_visibility(False)
        with ui.element("div").classes("grid"):
            with ui.element("div").classes("stack w5"):
                self.facts = ui.html("", sanitize=False).classes("card detail")
                with ui.element("section").classes("card"):
                    ui.html(TITLE.format(t("its_refunds")), sanitize=False).classes("head")
                    columns = (
                        Column("refund", t("refund")),
                        Column("amount", t("amount"), right=True),
                        Column("why", t("why")),
                        Column("status", t("status")),
                    )
                    self.refunds = Table(columns, t("no_refunds"), self.open_refund)
            with ui.element("section").classes("card w7 timeline-card"):
                ui.html(TITLE.format(t("timeline")), sanitize=False).classes("head")
                self.timeline = ui.html("", sanitize=False)

    async def refresh(self) -> None:
        api, id, view = self.view.api, self.order_id, self.view
        order, refunds, told = await asyncio.gather(
            api.get(f"/v1/orders/{id}"),
            api.get("/v1/refunds", order=id),
            api.get(f"/v1/orders/{id}/timeline"),
        )
        self.notice.set_visibility(order["degraded"])
        self.show_facts(order)
        history = steps(view, told["entries"])
        if self.timeline.content != history:
            self.timeline.set_content(history)
        self.refunds.show(
            {
                "id": it["refund_id"],
                "refund": code(brief(it["refund_id"]), it["refund_id"]),
                "amount": yuan(it["amount_fen"]),
                "why": why(view, it),
                "status": status_chip(view, it["status"]),
            }
            for it in refunds["items"]
        )

    def show_facts(self, order: dict[str, Any]) -> None:
        view = self.view
        html = HEAD.format(view.t("order_facts"), "", status(view, order)) + facts(view, order)
        html += SECTION.format(view.t("price_of"), price(view, order))
        if self.facts.content != html:
            self.facts.set_content(html)

    def open_refund(self, id: str) -> None:
        ui.navigate.to(f"/refunds?id={id}")


async def page(view: View, id: str = "") -> None:
    t = view.t
    with framed(view, "order"):
        search_box(PATH, id, label=t("order_label"), hint=t("order_hint"), go=t("look_up"))
        answer = await view.fetch(f"/v1/lookup/{quote(id, safe='')}") if id else None
        if answer is None:
            return
        found = {it["order_id"]: it for it in answer["found"]}
        if not found:
            view.notice(t("missing"))
        elif len(found) == 1:
            view.every(EVERY_SECONDS, OrderPage(view, next(iter(found))).refresh)
        else:
            choose(view, list(found.values()))
