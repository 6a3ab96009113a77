"""One bill date of one account: its name, and how far it is."""

from collections.abc import Iterable
from datetime import date
from typing import Any, Final, NamedTuple
from urllib.parse import quote

DAYS: Final = "/v1/reconciliation/days"


class Key(NamedTuple):
    """Which bill date of which account."""

    on: str
    channel: str
    mchid: str

    @property
    def id(self) -> str:
        return "/".join(self)

    @property
    def path(self) -> str:
        return f"{DAYS}/{quote(self.channel, safe='')}/{self.on}"


def key_of(it: dict[str, Any]) -> Key:
    return Key(it["bill_date"], it["channel"], it["mchid"])


def stage_of(day: dict[str, Any]) -> str:
    """`ready` only of a whole day, which has its checklist."""
    if day["closed_at"]:
        return "closed"
    if day["begun_at"] is None:
        return "waiting"
    if day["open_breaks"]:
        return "breaks"
    checks = [it for it in day.get("checklist", ()) if it["name"] != "closed"]
    return "ready" if checks and all(it["light"] == "green" for it in checks) else "matching"


def missing(known: Iterable[Key], yesterday: date) -> set[Key]:
    """The bills of yesterday are waited for, of every account that ever had some."""
    accounts = {(key.channel, key.mchid) for key in known}
    return {Key(str(yesterday), *account) for account in accounts} - set(known)
