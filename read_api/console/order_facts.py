"""What an order is: its facts and its price, without what is not known."""

from typing import Any

from markupsafe import Markup

from domain.display import PHRASES, OrderStatus
from read_api.console.formats import moment, yuan
from read_api.console.pieces import CHIP, LINK, MONO, pairs
from read_api.console.provinces import TILES
from read_api.console.refund_words import said
from read_api.console.tables import chip
from read_api.console.texts_desk import WHY
from read_api.console.texts_trade import KINDS, STATUSES
from read_api.console.view import View


def facts(view: View, order: dict[str, Any]) -> Markup:
    t = view.t
    listed: list[tuple[str, str | Markup | None]] = [
        (t("order_id"), stream_link(order["order_id"])),
        (t("kind"), kind(view, order["kind"])),
        (t("group"), order["group_id"] and stream_link(order["group_id"])),
        (t("campaign"), stream_link(order["campaign_id"])),
        (t("item"), stream_link(order["sku_id"])),
        (t("buyer"), MONO.format(order["buyer"])),
        (t("province"), province(view, order["province"])),
        (t("placed_at"), moment(order["placed_at"])),
        (t("pay_until"), moment(order["pay_deadline"])),
        (t("payment"), order["payment_id"] and stream_link(order["payment_id"])),
        (t("paid_at"), order["paid_at"] and moment(order["paid_at"])),
        (t("closed_why"), order["close_reason"]),
        (t("why"), said(view, WHY, order["refund_reason"])),
    ]
    return pairs((label, value) for label, value in listed if value)


def price(view: View, order: dict[str, Any]) -> Markup:
    """What was to be paid, and where the money is."""
    t = view.t
    listed = [
        (t("unit_price"), f"{yuan(order['unit_price_fen'])} × {order['quantity']}"),
        (t("payable"), yuan(order["amount_fen"])),
        (t("paid_sum"), yuan(order["paid_fen"])),
        (t("late_sum"), yuan(order["late_fen"]) if order["late_fen"] else ""),
        (t("owed"), yuan(order["refund_owed_fen"]) if order["refund_owed_fen"] else ""),
        (t("refunded"), yuan(order["refunded_fen"]) if order["refunded_fen"] else ""),
    ]
    return pairs((label, value) for label, value in listed if value)


def status(view: View, order: dict[str, Any]) -> Markup:
    english, tone = STATUSES.get(order["status"], (order["status"], "plain"))
    return CHIP.format(tone, view.either(order["display_status"], english))


def order_chip(view: View, status: str) -> dict[str, str]:
    """Where goods that ship and goods that are verified are called alike."""
    if status not in STATUSES:
        return chip(status)
    english, tone = STATUSES[status]
    return chip(view.either(PHRASES[OrderStatus(status)], english), tone)


def kind(view: View, name: str) -> str:
    return view.either(*KINDS[name]) if name in KINDS else name


def province(view: View, code: str) -> str:
    tile = TILES.get(code)
    return view.either(tile.zh, tile.en) if tile else code


def stream_link(id: str) -> Markup:
    return LINK.format(f"/streams?id={id}", id)
