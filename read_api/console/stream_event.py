"""One event of a stream: its facts, what it changed, the state on both sides, and the command behind it."""

from typing import Any, Final

from markupsafe import Markup

from read_api.console.formats import moment
from read_api.console.pieces import CHIP, MONO, changes, pairs, values
from read_api.console.texts_events import EVENTS
from read_api.console.view import View

SECTION: Final = Markup("<section><h3>{}</h3>{}</section>")


def event_words(view: View, type: str) -> str:
    """In plain words, or the stored name of an event that has none here yet."""
    words = EVENTS.get(type)
    return view.either(*words) if words else type


def detail(view: View, told: dict[str, Any]) -> Markup:
    t = view.t
    head = Markup('<div class="head"><h2>{} {}</h2><span class="more">{}</span></div>').format(
        event_words(view, told["type"]), CHIP.format("info", told["type"]), moment(told["at"])
    )
    parts = [head, SECTION.format(t("facts"), values(told["event"]))]
    if told["trouble"]:
        parts.append(Markup('<p class="notice bad">{}</p>').format(told["trouble"]))
    if told["changed"]:
        heads = (t("field"), t("before"), t("after"))
        parts.append(SECTION.format(t("changed"), changes(told["changed"], heads)))
    if told["before"]:
        parts.append(fold(t("state_before"), values(told["before"])))
    if told["state"]:
        parts.append(fold(t("state_after"), values(told["state"])))
    if command := told["command"]:
        parts.append(SECTION.format(t("command"), command_facts(view, command)))
        parts.append(fold(t("command_whole"), values(command)))
    return Markup("").join(parts)


def command_facts(view: View, command: dict[str, Any]) -> Markup:
    t = view.t
    tone = "good" if command["outcome"] == "accepted" else "bad"
    return pairs(
        (
            (t("name"), Markup("{} {}").format(command["name"], CHIP.format(tone, command["outcome"]))),
            (t("by"), MONO.format(command["principal"])),
            (t("at"), moment(command["at"])),
            (t("code"), MONO.format(command["code_rev"])),
        )
    )  # fmt: skip


def fold(title: str, content: Markup) -> Markup:
    """Shown when asked for; the keyboard opens it with Enter."""
    return Markup("<details><summary>{}</summary>{}</details>").format(title, content)
