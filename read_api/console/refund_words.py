"""How refunds are put into words: statuses, troubles, reasons, actions, in one language."""

from collections.abc import Mapping
from typing import Any

from read_api.console.tables import chip
from read_api.console.texts_desk import ACTIONS, OUTCOMES, STATUSES, TROUBLES, WHY
from read_api.console.view import View


def status_chip(view: View, status: str) -> dict[str, str]:
    return toned(view, STATUSES, status)


def outcome_chip(view: View, outcome: str) -> dict[str, str]:
    return toned(view, OUTCOMES, outcome)


def toned(view: View, words: Mapping[str, tuple[str, str, str]], key: str) -> dict[str, str]:
    """A chip for a known value; what is not known here yet is shown as it is."""
    if key not in words:
        return chip(key)
    zh, en, tone = words[key]
    return chip(view.either(zh, en), tone)


def said(view: View, words: Mapping[str, tuple[str, str]], key: str | None) -> str:
    if not key:
        return ""
    return view.either(*words[key]) if key in words else key


def trouble(view: View, refund: Mapping[str, Any]) -> str:
    return said(view, TROUBLES, refund["trouble"])


def why(view: View, refund: Mapping[str, Any]) -> str:
    return said(view, WHY, refund["why"])


def action(view: View, name: str) -> str:
    return said(view, ACTIONS, name)
