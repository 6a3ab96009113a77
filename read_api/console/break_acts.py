"""What people do about a break: dialogs, and the commands they send. The rules are the domain's."""

from typing import Any, Final

from nicegui import ui

from read_api.console.dialogs import Dialog, Done, fen_of, field
from read_api.console.refund_words import said
from read_api.console.texts_breaks import RESOLUTIONS
from read_api.console.view import View

PROPOSABLE: Final = ("order_found", "order_unwound", "refund_owed", "fee", "paired", "written_off")
OF_ORDERS: Final = ("order_found", "order_unwound")
FEN: Final = 100


def propose_break(view: View, it: dict[str, Any], done: Done) -> None:
    t = view.t
    ask = Dialog(view, t("propose"))
    with ask.fields:
        names = {name: said(view, RESOLUTIONS, name) for name in PROPOSABLE}
        chosen = ui.radio(names, value=PROPOSABLE[0]).props("dense autofocus")
        amount = field(t("amount_yuan"))
        amount.value = in_yuan(it["long_fen"] or it["short_fen"])
        order = field(t("order_id"))
        order.value = it["order_id"] or ""
        order.bind_visibility_from(chosen, "value", lambda name: name in OF_ORDERS)
        refund = field(t("refund_id"))
        refund.value = it["refund_id"] or ""
        refund.bind_visibility_from(chosen, "value", value="refund_owed")
        evidence, note = field(t("evidence_of")), field(t("note"))

    async def submit() -> None:
        fen = fen_of(amount.value)
        if fen is None:
            return ask.refuse(t("amount_wrong"))
        body = {
            "break_id": it["break_id"],
            "resolution": chosen.value,
            "amount_fen": fen,
            "evidence": evidence.value.strip(),
            "note": note.value,
            "order_id": (order.value.strip() or None) if chosen.value in OF_ORDERS else None,
            "refund_id": (refund.value.strip() or None) if chosen.value == "refund_owed" else None,
        }
        await ask.send("propose_break", body, t("done_proposed"), done)

    ask.buttons(submit)


def decline_break(view: View, it: dict[str, Any], done: Done) -> None:
    ask = Dialog(view, view.t("decline"))
    with ask.fields:
        note = field(view.t("note")).props("autofocus")

    async def submit() -> None:
        body = {"break_id": it["break_id"], "proposal_id": it["proposal"]["id"], "note": note.value}
        await ask.send("decline_break", body, view.t("done_declined"), done)

    ask.buttons(submit)


def in_yuan(fen: int) -> str:
    """As a field takes it."""
    return f"{fen // FEN}.{fen % FEN:02d}"
