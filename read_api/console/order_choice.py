"""Several orders that one id leads to, to choose from."""

from typing import Any, Final

from markupsafe import Markup
from nicegui import ui

from read_api.console.formats import brief, yuan
from read_api.console.order_facts import order_chip
from read_api.console.tables import Column, Table, code
from read_api.console.view import View

TITLE: Final = Markup("<h2>{}</h2>")


def choose(view: View, orders: list[dict[str, Any]]) -> None:
    """The id of a group or a buyer leads to several."""
    t = view.t
    with ui.element("section").classes("card"):
        ui.html(TITLE.format(t("several_orders")), sanitize=False).classes("head")
        columns = (
            Column("order", t("order_id")),
            Column("status", t("status")),
            Column("amount", t("amount"), right=True),
            Column("buyer", t("buyer")),
        )
        table = Table(columns, t("nothing"), lambda id: ui.navigate.to(f"/order?id={id}"))
        table.show(
            {
                "id": it["order_id"],
                "order": code(it["order_id"], it["order_id"]),
                "status": order_chip(view, it["status"]),
                "amount": yuan(it["amount_fen"]),
                "buyer": code(brief(it["buyer"]), it["buyer"]),
            }
            for it in orders
        )
