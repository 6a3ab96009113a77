"""The rows of the system page about progress: read models, and the work of processes."""

from datetime import datetime
from typing import Any, Final

from read_api.console.formats import count, lasting, parsed
from read_api.console.tables import Column, chip
from read_api.console.view import View

LAG_SECONDS_MAX: Final = 5.0  # a follower further behind than this is worth a look
TRIES_MAX: Final = 5  # work that was tried more often goes nowhere by itself


def model_columns(view: View) -> tuple[Column, ...]:
    t = view.t
    return (
        Column("name", t("name")),
        Column("position", t("position"), right=True),
        Column("behind", t("behind"), right=True),
        Column("lag", t("lag"), right=True),
        Column("parked", t("parked"), right=True),
        Column("state", t("status")),
    )


def model(view: View, it: dict[str, Any]) -> dict[str, Any]:
    t = view.t
    if it["halted"]:
        state = chip(t("halted"), "bad")
    elif it["lag_seconds"] > LAG_SECONDS_MAX:
        state = chip(t("is_behind"), "warn")
    elif it["parked"]:
        state = chip(t("parked"), "warn")
    else:
        state = chip(t("fine"), "good")
    return {
        "id": it["name"],
        "name": it["name"],
        "position": count(it["position"]),
        "behind": count(it["lag_positions"]),
        "lag": f"{it['lag_seconds']:.1f} s",
        "parked": chip(count(it["parked"]), "bad") if it["parked"] else "0",
        "state": state,
    }


def work_columns(view: View) -> tuple[Column, ...]:
    t = view.t
    return (
        Column("process", t("process")),
        Column("points", t("points"), right=True),
        Column("due", t("due"), right=True),
        Column("aside", t("set_aside"), right=True),
        Column("oldest", t("oldest"), right=True),
        Column("tries", t("tries"), right=True),
        Column("why", t("why")),
    )


def work(view: View, it: dict[str, Any], now: datetime) -> dict[str, Any]:
    tries = count(it["most_tries"])
    return {
        "id": it["process"],
        "process": it["process"],
        "points": count(it["points"]),
        "due": count(it["due"]),
        "aside": chip(count(it["set_aside"]), "bad") if it["set_aside"] else "0",
        "oldest": lasting((now - parsed(it["oldest"])).total_seconds()),
        "tries": chip(tries, "warn") if it["most_tries"] > TRIES_MAX else tries,
        "why": it["why"] or view.t("goes_on"),
    }
