"""One refund at the desk: where it stands, every call to the channel with its answer, and what may be decided."""

from typing import Any

from markupsafe import Markup

from read_api.console.formats import brief, moment, yuan
from read_api.console.pieces import CHIP, LINK, MONO, Step, pairs, timeline
from read_api.console.refund_words import action, outcome_chip, status_chip, trouble, why
from read_api.console.view import View

HEAD = Markup('<div class="head"><h2>{} {}</h2>{}</div>')
SECTION = Markup("<section><h3>{}</h3>{}</section>")
NOTICE = Markup('<p class="notice warn"><b>{}</b> {}</p>')


def case(view: View, refund: dict[str, Any]) -> Markup:
    t = view.t
    status = status_chip(view, refund["status"])
    parts = [
        HEAD.format(
            t("refund"), yuan(refund["amount_fen"]), CHIP.format(status["tone"], status["text"])
        )
    ]
    if refund["trouble"]:
        parts.append(NOTICE.format(trouble(view, refund), refund["detail"] or ""))
    parts.append(pairs(facts(view, refund)))
    if refund["proposal"]:
        parts.append(SECTION.format(t("proposal"), proposal(view, refund["proposal"])))
    if refund["decided"]:
        parts.append(SECTION.format(t("decided"), decision(view, refund)))
    parts.append(SECTION.format(t("attempts"), attempts(view, refund["calls"])))
    return Markup("").join(parts)


def facts(view: View, refund: dict[str, Any]) -> list[tuple[str, str | Markup]]:
    """What is known, without what is not."""
    t = view.t
    id, order = refund["refund_id"], refund["order_id"]
    listed: list[tuple[str, str | Markup | None]] = [
        (t("refund"), LINK.format(f"/streams?id={id}", id)),
        (t("order_id"), LINK.format(f"/order?id={order}", order)),
        (t("why"), why(view, refund)),
        (t("paid_total"), yuan(refund["paid_fen"])),
        (t("buyer"), MONO.format(brief(refund["buyer"]))),
        (t("channel"), refund["channel"]),
        (t("transaction"), MONO.format(refund["transaction_id"])),
        (t("number"), refund["number"] and MONO.format(refund["number"])),
        (t("channel_refund"), refund["channel_refund_id"] and MONO.format(refund["channel_refund_id"])),
        (t("requested"), moment(refund["requested_at"])),
        (t("next_look"), refund["next_at"] and moment(refund["next_at"])),
        (t("arrived"), refund["succeeded_at"] and moment(refund["succeeded_at"])),
        (t("received_by"), refund["received_by"]),
        (t("reference"), refund["reference"]),
        (t("differing"), refund["differing"]),
        (t("bill"), refund["bill_sha256"] and MONO.format(f"{refund['bill_sha256'][:16]}… : {refund['bill_line']}")),
    ]  # fmt: skip
    return [(label, value) for label, value in listed if value]


def proposal(view: View, open: dict[str, Any]) -> Markup:
    """Exactly what the digest covers is shown to whoever approves."""
    t = view.t
    return pairs(
        (
            (t("action"), action(view, open["action"])),
            (t("proposed_by"), open["by"]),
            (t("note"), open["note"] or "—"),
            (t("reference"), open["reference"] or "—"),
            (t("at"), moment(open["at"])),
            (t("digest"), MONO.format(f"{open['shown'][:16]}…")),
        )
    )


def decision(view: View, refund: dict[str, Any]) -> Markup:
    t = view.t
    return pairs(
        (
            (t("action"), action(view, refund["decided"])),
            (t("by"), refund["decided_by"] or "—"),
            (t("at"), moment(refund["decided_at"])),
        )
    )


def attempts(view: View, made: list[dict[str, Any]]) -> Markup:
    """Each call and what the channel said, the latest first."""
    if not made:
        return Markup('<p class="muted small">{}</p>').format(view.t("no_attempts"))
    return timeline(attempt(view, one) for one in reversed(made))


def attempt(view: View, one: dict[str, Any]) -> Step:
    outcome = outcome_chip(view, one["outcome"] or "")
    said = " · ".join(str(one[key]) for key in ("code", "message", "evidence") if one[key])
    title = f"#{one['attempt']} {outcome['text'] or '…'}"
    detail = Markup("{} {}").format(MONO.format(one["number"]), said)
    return Step(moment(one["started_at"]), title, detail, outcome["tone"])
