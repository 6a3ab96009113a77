"""Ways to lay facts out that pages share: pairs of label and value, timelines, nested values."""

import json
from collections.abc import Iterable, Mapping
from typing import Any, Final, NamedTuple

from markupsafe import Markup

PAIR: Final = Markup("<div><dt>{}</dt><dd>{}</dd></div>")
MONO: Final = Markup('<span class="mono">{}</span>')
CHIP: Final = Markup('<span class="chip {}">{}</span>')
LINK: Final = Markup('<a class="mono" href="{}">{}</a>')
STEP: Final = Markup(
    '<li class="step {tone}"><time>{at}</time><div><b>{title}</b>{detail}</div></li>'
)
DETAIL: Final = Markup('<p class="muted small">{}</p>')
CHANGE: Final = Markup(
    "<tr><th>{}</th><td>{}</td><td>{}</td></tr>",
)
VALUE_MAX: Final = 400  # characters


class Step(NamedTuple):
    """One thing that happened. `detail` may be several facts in a row."""

    at: str
    title: str
    detail: str | Markup = ""
    tone: str = ""


def pairs(facts: Iterable[tuple[str, str | Markup]]) -> Markup:
    return Markup('<dl class="pairs">{}</dl>').format(
        Markup("").join(PAIR.format(label, value) for label, value in facts)
    )


def timeline(steps: Iterable[Step]) -> Markup:
    drawn = (
        STEP.format(
            tone=step.tone,
            at=step.at,
            title=step.title,
            detail=DETAIL.format(step.detail) if step.detail else "",
        )
        for step in steps
    )
    return Markup('<ol class="timeline">{}</ol>').format(Markup("").join(drawn))


def changes(changed: Mapping[str, tuple[Any, Any]], heads: tuple[str, str, str]) -> Markup:
    """Field, before and after: a row each."""
    rows = Markup("").join(
        CHANGE.format(field, text(before), text(after))
        for field, (before, after) in changed.items()
    )
    head = Markup("<tr><th>{}</th><th>{}</th><th>{}</th></tr>").format(*heads)
    return Markup('<table class="changes"><thead>{}</thead><tbody>{}</tbody></table>').format(
        head, rows
    )


def values(facts: Any) -> Markup:
    """A nested value as one list of paths and leaves."""
    return pairs((path or "—", MONO.format(text(leaf))) for path, leaf in flat(facts).items())


def flat(value: Any, depth: int = 3) -> dict[str, Any]:
    """Keys joined by dots, so deep and no deeper."""
    if not isinstance(value, dict):
        return {"": value}
    leaves: dict[str, Any] = {}
    for key, below in value.items():
        if depth > 1 and isinstance(below, dict) and below:
            leaves |= {f"{key}.{path}": leaf for path, leaf in flat(below, depth - 1).items()}
        else:
            leaves[str(key)] = below
    return leaves


def text(value: Any) -> str:
    """One value on one line, cut when it is long."""
    if value is None:
        return "—"
    written = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return written if len(written) <= VALUE_MAX else f"{written[:VALUE_MAX]}…"
