"""One line of a bill date as a row of the table: both sides of it, and what became of it."""

from typing import Any

from read_api.console.formats import brief, yuan
from read_api.console.refund_words import said, toned
from read_api.console.tables import Column, chip, code
from read_api.console.texts_breaks import CODES, KINDS, SIDES
from read_api.console.view import View


def row_of(view: View, it: dict[str, Any]) -> dict[str, Any]:
    apart = (it["theirs_fen"] or 0) - (it["ours_fen"] or 0)
    result = toned(view, CODES, it["code"])
    if it["break_closed"]:
        result = chip(f"{result['text']} · {view.t('resolved')}", "good")
    number = it["channel_number"] or it["number"]
    return {
        "id": f"{it['position']}.{it['nth']}",
        "side": f"{said(view, SIDES, it['side'])} {it['line'] or ''}".strip(),
        "kind": said(view, KINDS, it["kind"]),
        "number": code(brief(number), number),
        "ours": yuan(it["ours_fen"]),
        "theirs": yuan(it["theirs_fen"]),
        "apart": yuan(apart) if apart and it["code"] != "MATCHED" else "",
        "result": result,
        "owner": it["break_owner"] or "",
    }


def columns(view: View) -> tuple[Column, ...]:
    t = view.t
    return (
        Column("side", t("stands_on")),
        Column("kind", t("kind")),
        Column("number", t("transaction")),
        Column("ours", t("ours"), right=True),
        Column("theirs", t("theirs"), right=True),
        Column("apart", t("apart"), right=True),
        Column("result", t("result")),
        Column("owner", t("owner_of_break")),
    )
