"""Where money comes from, drawn: events in their order, each with its entries, its command and whoever asked."""

from collections.abc import Mapping
from typing import Any, Final

from markupsafe import Markup

from domain.accounts import CHART
from read_api.console.formats import brief, moment, yuan
from read_api.console.pieces import CHIP, LINK, MONO, Step, timeline
from read_api.console.stream_event import event_words
from read_api.console.view import View

LINE: Final = Markup(
    "<tr><td>{side}</td><td>{account}</td><td class=mono>{sub_key}</td><td class=right>{amount}</td></tr>"
)
ENTRY: Final = Markup(
    '<div class="entry"><p class="small">{rule} <span class="muted">{day}</span> {proof}</p>'
    "<table>{lines}</table></div>"
)
COMMAND: Final = Markup(
    '<p class="small"><span class="muted">{command}</span> {name} · <span class="muted">{by}</span> {who}'
    ' · <span class="muted">{code}</span> {rev}</p>'
)
FILE: Final = Markup('<p class="small">{} · {} · SHA-256 {}</p>')
BLANK: Final = Markup('<p class="muted small">{}</p>')


def chain(view: View, told: Mapping[str, Any]) -> Markup:
    """One answer of the lineage route: bill files, then event by event."""
    commands = {it["command_id"]: it for it in told["commands"]}
    entries: dict[int, list[dict[str, Any]]] = {}
    for entry in told["entries"]:
        entries.setdefault(entry["position"], []).append(entry)
    files = Markup("").join(
        FILE.format(it["kind"], it["bill_date"], MONO.format(f"{it['sha256'][:16]}…"))
        for it in told["bill_files"]
    )
    steps = timeline(
        Step(
            moment(event["recorded_at"]),
            event_words(view, event["type"]),
            Markup("{}{}").format(
                Markup("").join(entry_of(view, it) for it in entries.get(event["position"], [])),
                command_of(view, event, commands.get(event["command_id"])),
            ),
            "info" if event["position"] in entries else "",
        )
        for event in told["events"]
    )
    more = BLANK.format(view.t("lineage_more")) if told["more"] else Markup("")
    return Markup('<div class="lineage">{}{}{}</div>').format(files, steps, more)


def entry_of(view: View, entry: Mapping[str, Any]) -> Markup:
    """One entry with its lines, the rule that made it, and the line of a bill that proves it."""
    proof: str | Markup = ""
    if entry["bill_id"] is not None:
        proof = CHIP.format("good", f"{view.t('bill_line')} {entry['bill_line']}")
    return ENTRY.format(
        rule=CHIP.format("info", f"{entry['rule']} v{entry['rule_version']}"),
        day=entry["value_date"],
        proof=proof,
        lines=Markup("").join(line_of(view, line) for line in entry["lines"]),
    )


def line_of(view: View, line: Mapping[str, Any]) -> Markup:
    debit = line["debit_fen"] != 0
    return LINE.format(
        side=view.t("debit" if debit else "credit"),
        account=account_words(view, line["account"]),
        sub_key=brief(line["sub_key"]) if line["sub_key"] else "",
        amount=yuan(line["debit_fen"] if debit else line["credit_fen"]),
    )


def account_words(view: View, code: str) -> str:
    account = CHART.get(code)
    return f"{code} {view.either(account.zh, account.en)}" if account else code


def command_of(view: View, event: Mapping[str, Any], command: Mapping[str, Any] | None) -> Markup:
    """Who had it done, and by which code it was decided."""
    stream = LINK.format(f"/streams?id={event['stream_id']}", f"#{event['position']}")
    if command is None:
        return Markup('<p class="small">{}</p>').format(stream)
    said = COMMAND.format(
        command=view.t("command"),
        name=MONO.format(command["name"]),
        by=view.t("by"),
        who=MONO.format(command["principal"]),
        code=view.t("code"),
        rev=MONO.format(command["code_rev"][:12]),
    )
    return Markup("{} {}").format(said, Markup('<p class="small">{}</p>').format(stream))
