"""What adds up to a number: entries of the ledger, or lines of bills and statements, a row each."""

from typing import Any

from read_api.console.formats import brief, yuan
from read_api.console.refund_words import said, toned
from read_api.console.stream_event import event_words
from read_api.console.tables import Column, chip, code
from read_api.console.texts_breaks import CODES, KINDS
from read_api.console.view import View


def columns(view: View) -> tuple[Column, ...]:
    t = view.t
    return (
        Column("day", t("value_date")),
        Column("what", t("event")),
        Column("rule", t("rule")),
        Column("number", t("reference")),
        Column("fen", t("amount"), right=True),
    )


def part_row(view: View, id: str, part: dict[str, Any]) -> dict[str, Any]:
    entry = "entry_id" in part
    return {
        "id": id,
        "day": part["value_date"],
        "what": event_words(view, part["event"]) if entry else line_words(view, part["what"]),
        "rule": chip(f"{part['rule']} v{part['rule_version']}", "info") if entry else "",
        "number": code(brief(part["reference"]), part["reference"]),
        "fen": yuan(part["fen"]),
    }


def line_words(view: View, what: str) -> str:
    """A line of a bill is told by its code and its kind."""
    name, _, kind = what.partition(" ")
    return f"{toned(view, CODES, name)['text']} · {said(view, KINDS, kind)}" if kind else what


def lineage_of(part: dict[str, Any]) -> str:
    """An entry by itself; a line of a bill by its number, or by the event that found its place."""
    if "entry_id" in part:
        return f"entry/{part['entry_id']}"
    if part["bill_id"] and part["bill_line"]:
        return f"bill_line/{part['bill_id']}:{part['bill_line']}"
    return f"event/{part['position']}"
