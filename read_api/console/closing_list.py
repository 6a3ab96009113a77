"""The checklist of one bill date and its totals: every light with its reason, every number with where it is from."""

from collections.abc import Iterator
from typing import Any, Final

from markupsafe import Markup

from read_api.console.amounts import Why, amount, explained, plain
from read_api.console.bill_dates import Key
from read_api.console.formats import count, yuan
from read_api.console.pieces import LINK
from read_api.console.refund_words import said
from read_api.console.texts_closing import BILL_KINDS, BILL_STATES
from read_api.console.view import View

CHECK: Final = Markup(
    '<li class="check {light}" data-check="{name}"><i class="light" role="img" aria-label="{told}"></i>'
    "<b>{title}</b><span>{reason}</span></li>"
)
NUMBER: Final = Markup("<div><b>{}</b><span>{}</span></div>")
MONEY: Final = ("clearing", "balance")  # checks whose figures are fen
ALL: Final = ""  # lines of every code
DIFFERENT: Final = "different"
WAITING: Final = "PENDING_CUTOFF"
FILTERS: Final = {  # what shows the lines that a number is made of
    "lines": ALL, "breaks": DIFFERENT, "long": DIFFERENT, "short": DIFFERENT,
    "waiting_ours": WAITING, "waiting_theirs": WAITING, "clearing_expected": WAITING,
}  # fmt: skip


def checklist(view: View, day: dict[str, Any]) -> Markup:
    """In the order in which things are to be looked at."""
    drawn = (
        CHECK.format(
            light=it["light"],
            name=it["name"],
            told=view.t(f"light_{it['light']}"),
            title=view.either(it["zh"], it["en"]),
            reason=reason(view, day, it),
        )
        for it in day["checklist"]
    )
    return Markup('<ol class="checks">{}</ol>').format(Markup("").join(drawn))


def reason(view: View, day: dict[str, Any], check: dict[str, Any]) -> Markup:
    """Why it is not green; of what is green, its figure."""
    t, name, good = view.t, check["name"], check["light"] == "green"
    expected, found = check["expected"], check["found"]
    if name in MONEY:
        if good:
            return amount(name, found)
        differs = Markup(t("should_be")).format(
            amount(f"{name}_expected", expected), amount(name, found), yuan(found - expected)
        )
        return Markup(differs)
    if name == "lines":
        return plain("lines", t("placed_lines").format(count(found), count(expected)))
    if name == "breaks":
        return Markup("") if good else plain("breaks", t("breaks_left").format(found))
    if name == "bills" and not good:
        return Markup("；".join(bill_states(view, day)))
    if name == "ledger" and not good:
        return LINK.format("/system", t("why_ledger"))
    return Markup("") if good else Markup("{}").format(t(f"why_{name}"))


def bill_states(view: View, day: dict[str, Any]) -> Iterator[Markup]:
    states = {it["kind"]: it["state"] for it in day["bills"]}
    for kind, words in BILL_KINDS.items():
        state = states.get(kind, "missing")
        if state not in ("in_force", "absent"):
            yield Markup("{} {}").format(view.either(*words), said(view, BILL_STATES, state))


def totals(view: View, day: dict[str, Any]) -> Markup:
    """What the date comes to, signed as the channel's account saw it."""
    t = view.t
    money = (
        "opening", "pays", "refunds", "fees", "moved", "closing", "books", "long", "short",
        "waiting_ours", "waiting_theirs",
    )  # fmt: skip
    drawn = [NUMBER.format(amount(name, figure(day, name)), t(f"sum_{name}")) for name in money]
    lines = t("placed_lines").format(count(day["matched"]), count(day["trade_lines"]))
    drawn.append(NUMBER.format(plain("lines", lines), t("sum_matched")))
    return Markup('<div class="numbers totals">{}</div>').format(Markup("").join(drawn))


def figure(day: dict[str, Any], name: str) -> int | None:
    fields = {"books": "balance_fen", "long": "suspense_long_fen", "short": "suspense_short_fen",
              "clearing_expected": "waiting_ours_fen", "balance_expected": "closing_fen",
              "balance": "balance_fen"}  # fmt: skip
    found: int | None = day[fields.get(name, f"{name}_fen")]
    return found


def why(view: View, key: Key, day: dict[str, Any], name: str) -> Why | None:
    """What explains a number of the date; None when its lines do."""
    of = [key.channel, key.mchid, key.on]
    channel = f"{key.channel} {key.on}"
    places = [f"{key.channel} {place}" for place in ("available", "frozen")]
    books = tuple(explained("sub-ledger-channel", "closing_fen", ["1121", place], to=key.on) for place in places)  # fmt: skip
    fund = tuple(f"/v1/bills/{it['bill_id']}" for it in day["bills"] if it["kind"] == "fundflow")
    paths = {
        **{it: (explained("daily-summary", f"{it}_fen", of),) for it in ("pays", "refunds", "fees", "moved")},
        "clearing": (explained("sub-ledger-channel", "closing_fen", ["1120", channel]),),
        **dict.fromkeys(("books", "balance"), books),
        **dict.fromkeys(("opening", "closing", "balance_expected"), fund),
    }  # fmt: skip
    if name not in paths:
        return None
    title = view.t(f"sum_{name.removesuffix('_expected')}")
    return Why(f"{key.on} {title}", figure(day, name), paths[name])
