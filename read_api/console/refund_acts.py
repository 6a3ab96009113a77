"""What people do at the refund desk: dialogs, and the commands they send. The rules are the domain's."""

from typing import Final

from nicegui import ui

from read_api.console.dialogs import Dialog, Done, fen_of, field
from read_api.console.refund_words import action
from read_api.console.view import View

PROPOSABLE: Final = ("retry", "reissue", "return", "paid_elsewhere", "keep")


def propose_resolution(view: View, refund_id: str, done: Done) -> None:
    t = view.t
    ask = Dialog(view, t("propose"))
    with ask.fields:
        choices = {name: action(view, name) for name in PROPOSABLE}
        chosen = ui.radio(choices, value=PROPOSABLE[0]).props("dense autofocus")
        reference = field(t("reference"))
        reference.bind_visibility_from(chosen, "value", value="paid_elsewhere")
        note = field(t("note"))

    async def submit() -> None:
        body = {
            "refund_id": refund_id,
            "action": chosen.value,
            "reference": reference.value if chosen.value == "paid_elsewhere" else "",
            "note": note.value,
        }
        await ask.send("propose_resolution", body, t("done_proposed"), done)

    ask.buttons(submit)


def decline_resolution(view: View, refund_id: str, proposal_id: str, done: Done) -> None:
    ask = Dialog(view, view.t("decline"))
    with ask.fields:
        note = field(view.t("note")).props("autofocus")

    async def submit() -> None:
        body = {"refund_id": refund_id, "proposal_id": proposal_id, "note": note.value}
        await ask.send("decline_resolution", body, view.t("done_declined"), done)

    ask.buttons(submit)


def propose_refund(view: View, done: Done) -> None:
    t = view.t
    ask = Dialog(view, t("operator_refund"))
    with ask.fields:
        order = field(t("order_id")).props("autofocus")
        amount = field(t("amount_yuan"))
        note = field(t("note"))

    async def submit() -> None:
        fen = fen_of(amount.value)
        if fen is None:
            return ask.refuse(t("amount_wrong"))
        body = {"order_id": order.value.strip(), "amount_fen": fen, "note": note.value}
        await ask.send("propose_refund", body, t("done_proposed"), done)

    ask.buttons(submit)
