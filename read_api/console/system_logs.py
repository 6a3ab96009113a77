"""The rows of the system page about what went wrong: parked events, alarms, lives of the message stream."""

from datetime import datetime
from typing import Any

from read_api.console.formats import count, lasting, moment, parsed
from read_api.console.tables import Column, chip
from read_api.console.view import View


def parked_columns(view: View) -> tuple[Column, ...]:
    t = view.t
    return (
        Column("handler", t("name")),
        Column("streams", t("streams"), right=True),
        Column("events", t("event"), right=True),
        Column("oldest", t("oldest"), right=True),
        Column("error", t("why")),
    )


def parked(it: dict[str, Any], now: datetime) -> dict[str, Any]:
    return {
        "id": it["handler"],
        "handler": it["handler"],
        "streams": count(it["streams"]),
        "events": chip(count(it["events"]), "bad"),
        "oldest": lasting((now - parsed(it["oldest"])).total_seconds()),
        "error": it["error"] or "",
    }


def alarm_columns(view: View) -> tuple[Column, ...]:
    t = view.t
    return (
        Column("at", t("at")),
        Column("kind", t("kind")),
        Column("detail", t("detail")),
    )


def alarm(number: int, it: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": str(number),
        "at": moment(it["at"]),
        "kind": chip(it["kind"], "bad"),
        "detail": it["detail"],
    }


def life_columns(view: View) -> tuple[Column, ...]:
    t = view.t
    return (
        Column("life", t("life"), right=True),
        Column("at", t("at")),
        Column("after", t("after_position"), right=True),
        Column("reason", t("why")),
    )


def life(it: dict[str, Any]) -> dict[str, Any]:
    return {
        "id": str(it["stream_epoch"]),
        "life": it["stream_epoch"],
        "at": moment(it["at"]),
        "after": count(it["after_position"]),
        "reason": it["reason"],
    }
