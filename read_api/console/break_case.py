"""One break, drawn: both sides beside each other, what is in suspense, the open proposal, and what happened to it."""

from collections.abc import Iterator
from typing import Any, Final

from markupsafe import Markup

from read_api.console.amounts import amount
from read_api.console.formats import DASH, moment, yuan
from read_api.console.pieces import CHIP, LINK, MONO, Step, pairs, timeline
from read_api.console.refund_words import said, toned
from read_api.console.texts_breaks import CODES, ENDS, RESOLUTIONS, VERDICTS
from read_api.console.view import View

HEAD: Final = Markup('<div class="head"><h2>{} {}</h2>{}</div>')
SECTION: Final = Markup("<section><h3>{}</h3>{}</section>")
SIDE: Final = Markup("<tr><th>{}</th><td>{}</td><td>{}</td></tr>")
SIDES: Final = Markup(
    '<table class="changes sides"><thead><tr><th></th><th>{}</th><th>{}</th></tr></thead><tbody>{}</tbody></table>'
)


def case(view: View, it: dict[str, Any]) -> Markup:
    t = view.t
    code = toned(view, CODES, it["code"])
    state = CHIP.format(*(("good", ended(view, it)) if it["closed"] else ("bad", t("break_open"))))
    parts = [HEAD.format(t("break_of"), CHIP.format(code["tone"], code["text"]), state)]
    parts.append(pairs(facts(view, it)))
    parts.append(SECTION.format(t("both_sides"), both(view, it)))
    if it["proposal"]:
        parts.append(SECTION.format(t("proposal"), proposal(view, it["proposal"])))
    parts.append(SECTION.format(t("history"), timeline(history(view, it))))
    return Markup("").join(parts)


def facts(view: View, it: dict[str, Any]) -> list[tuple[str, str | Markup]]:
    t = view.t
    listed: list[tuple[str, str | Markup | None]] = [
        (t("break_id"), LINK.format(f"/streams?id={it['break_id']}", it["break_id"])),
        (t("sum_long"), amount("long", it["long_fen"]) if it["opened_long_fen"] else None),
        (t("sum_short"), amount("short", it["short_fen"]) if it["opened_short_fen"] else None),
        (t("age_of"), t("days_old").format(it["age_days"], it["bucket"])),
        (t("owner_of_break"), it["owner"] or t("nobody")),
        (t("suggested"), MONO.format(" ".join(it["suggested"])) if it["suggested"] else None),
        (t("detail"), it["detail"]),
    ]
    return [(label, value) for label, value in listed if value]


def both(view: View, it: dict[str, Any]) -> Markup:
    """Field by field, ours and theirs."""
    t, ours, theirs = view.t, it["ours"] or {}, it["theirs"] or {}
    fields = (
        (t("amount"), "amount_fen", yuan),
        (t("fee"), "fee_fen", yuan),
        (t("status"), "status", str),
        (t("currency"), "currency", str),
        (t("at"), "at", moment),
    )
    rows = Markup("").join(
        SIDE.format(label, *(show(side[name]) if side.get(name) not in (None, "") else DASH for side in (ours, theirs)))
        for label, name, show in fields
    )  # fmt: skip
    return SIDES.format(t("ours"), t("theirs"), rows)


def proposal(view: View, open: dict[str, Any]) -> Markup:
    """Exactly what the digest covers is shown to whoever approves."""
    t = view.t
    return pairs(
        (
            (t("action"), said(view, RESOLUTIONS, open["resolution"])),
            (t("amount"), yuan(open["amount_fen"])),
            (t("order_id"), MONO.format(open["order_id"] or DASH)),
            (t("refund_id"), MONO.format(open["refund_id"] or DASH)),
            (t("evidence_of"), open["evidence"] or DASH),
            (t("note"), open["note"] or DASH),
            (t("proposed_by"), open["by"]),
            (t("at"), moment(open["at"])),
            (t("digest"), MONO.format(f"{open['shown'][:16]}…")),
        )
    )


def history(view: View, it: dict[str, Any]) -> Iterator[Step]:
    """The latest first."""
    t = view.t
    if it["closed"]:
        yield Step(moment(it["closed_at"]), t("break_closed"), ended(view, it), "good")
    for entry in reversed(it["postings"]):
        what = f"{said(view, RESOLUTIONS, entry['resolution'])} {yuan(entry['amount_fen'])}"
        yield Step(moment(entry["at"]), what, entry["reference"], "info")
    if it["decided"]:
        verdict, _, wanted = it["decided"].partition(": ")
        words = f"{said(view, VERDICTS, verdict)} · {said(view, RESOLUTIONS, wanted)}"
        yield Step("", words, it["decided_by"] or "", "good" if verdict == "approved" else "warn")
    if open := it["proposal"]:
        what = f"{open['by']} · {said(view, RESOLUTIONS, open['resolution'])}"
        yield Step(moment(open["at"]), t("was_proposed"), what, "warn")
    if it["owner"]:
        yield Step("", t("was_taken"), it["owner"])
    for rule in it["rules"]:
        yield Step("", t("by_rule"), rule)
    yield Step(moment(it["opened_at"]), t("was_opened"), ", ".join(it["failing"]), "bad")


def ended(view: View, it: dict[str, Any]) -> str:
    by = f" · {it['closed_by']}" if it["closed_by"] else ""
    return f"{said(view, ENDS, it['closed'])}{by}"
