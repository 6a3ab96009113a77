"""Rows of the funds calendar: a day with all its numbers, and one part of a number."""

from datetime import datetime
from typing import Any, Final

from read_api.console.formats import brief, count, moment, yuan
from read_api.console.refund_words import said
from read_api.console.tables import Column, chip, code
from read_api.console.texts_funds import PART_KINDS
from read_api.console.view import View

ALWAYS: Final = ("refunds", "maturing", "statements", "payouts", "payouts_by_bank", "unfreezing")


def day_columns(view: View) -> tuple[Column, ...]:
    t = view.t
    money = [Column(name, t(f"fund_{name}"), right=True) for name in (*ALWAYS, "needed", "left")]
    return (Column("day", t("day")), Column("groups", t("groups_end"), right=True), *money)


def day_row(view: View, it: dict[str, Any], available: int | None) -> dict[str, Any]:
    """A day is red when all up to its end need more than there is."""
    left = None if available is None else available - it["needed_so_far_fen"]
    lasts: Any = yuan(left)
    if it["red"] and left is not None:
        lasts = chip(view.t("short_of").format(yuan(-left)), "bad")
    sums = {name: yuan(it[f"{name}_fen"]) if it[f"{name}_fen"] else "" for name in ALWAYS}
    return sums | {
        "id": it["day"],
        "day": chip(it["day"], "bad") if it["red"] else it["day"],
        "groups": count(it["groups"]) if it["groups"] else "",
        "needed": yuan(it["needed_fen"]),
        "left": lasts,
    }


def part_columns(view: View) -> tuple[Column, ...]:
    t = view.t
    return (
        Column("kind", t("kind")),
        Column("what", "ID"),
        Column("merchant", t("merchant")),
        Column("due", t("due_at")),
        Column("worst", t("worst_of"), right=True),
        Column("fen", t("amount"), right=True),
    )


def part_row(view: View, it: dict[str, Any]) -> dict[str, Any]:
    due = datetime.fromisoformat(it["due_at"])
    return {
        "id": it["id"],
        "kind": said(view, PART_KINDS, it["kind"]),
        "what": code(brief(it["id"]), it["id"]),
        "merchant": code(brief(it["merchant_id"]), it["merchant_id"]) if it["merchant_id"] else "",
        "due": moment(due),
        "worst": yuan(it["worst_fen"]) if it["worst_fen"] != it["fen"] else "",
        "fen": yuan(it["fen"]),
    }
