"""Writes the tables of docs/ledger.md: the chart of accounts, and what every posted event debits and credits."""

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator
from typing import Any, Final, get_args, get_type_hints
from uuid import UUID

import msgspec

import domain
from domain.accounts import CHART
from domain.events import Event
from domain.events.correction import Correction, CorrectionLine, LedgerCorrected
from domain.events.earning import Amounts, TakenFrom
from domain.ledger import Entry, Posted, postings
from domain.money import Money
from tests.architecture.catalogue import ROOT, golden, members, tag

PAGE: Final = ROOT / "docs" / "ledger.md"
FAMILIES: Final = [
    importlib.import_module(f"domain.{module.name}")
    for module in pkgutil.iter_modules(domain.__path__)
    if module.name.startswith("ledger_")
]
CODES: Final = re.compile(r"[A-Z]\d\w*'*")
BEGIN: Final = "<!-- Made by `make catalogue` from here on; do not edit. -->"
WORKED: Final = Amounts(
    gross=Money(100_00), merchant_coupon=Money(12_00), platform_coupon=Money(8_00),
    subsidy=Money(5_00), points=Money(5_00), cash=Money(70_00), commission=Money(8_30),
    commission_vat=Money(50), cost=Money(60_00), goods_vat=Money(10_12),
)  # fmt: skip
"""The worked example: of a price of 100.00, 70.00 were paid."""

CORRECTED: Final = Correction(
    corrects=UUID(int=1),
    lines=(CorrectionLine("5110", "m", 1_00, 0), CorrectionLine("4090", "coupon", 0, 1_00)),
)

MODES: Final[tuple[dict[str, str | int], ...]] = (
    {"books.money_mode": "platform_collect"},
    {"books.money_mode": "platform_collect", "books.accounting": "principal"},
    {"books.money_mode": "platform_collect", "books.subsidy_as": "contra_revenue"},
    {"books.money_mode": "split"},
)
BY_ROUTE: Final[tuple[dict[str, str | int], ...]] = (
    {"route": "bank_file"},
    {"route": "channel_transfer"},
)
BEARERS: Final[tuple[dict[str, str | int], ...]] = (
    {"borne_by": "platform"},
    *({"borne_by": "merchant", "taken_from": place} for place in get_args(TakenFrom)),
)
RECEIVERS: Final[tuple[dict[str, str | int], ...]] = (
    {"receiver.kind": "platform"},
    {"receiver.kind": "leader"},
)
TURNS: Final[dict[str, tuple[dict[str, str | int], ...]]] = {
    "PaymentCaptured": ({"mode": "platform_collect"}, {"mode": "split"}),
    "RefundSucceeded": ({"mode": "platform_collect"}, {"mode": "split"}),
    "RefundReturned": ({"mode": "platform_collect"}, {"mode": "split"}),
    "RefundOwed": ({"held_as": "escrow"}, {"held_as": "voucher"}),
    "PointsGranted": ({"books.subsidy_as": "expense"}, {"books.subsidy_as": "contra_revenue"}),
    "PointsExpired": ({"books.subsidy_as": "expense"}, {"books.subsidy_as": "contra_revenue"}),
    "LadderSettled": ({"final.fen": 60_00},),
    "LeaderCommissionReversed": ({"taken_from": "frozen"}, {"taken_from": "available"}),
    "LeaderCommissionPaid": tuple({**route, "tax.fen": 10_00} for route in BY_ROUTE),
    "CompensationGranted": BEARERS,
    "ChargebackLost": BEARERS,
    "EarningRecognised": MODES,
    "EarningReversed": (
        *({**MODES[0], "taken_from": place} for place in get_args(TakenFrom)),
        *MODES[1:],
    ),
    "EarningMatured": MODES[:1],
    "FundMoved": ({"kind": "withdrawal", "amount.fen": -70_00}, {"kind": "recharge"}),
    "PayoutConfirmed": BY_ROUTE,
    "PayoutReturned": BY_ROUTE,
    "SplitFinished": RECEIVERS,
    "SplitReturned": RECEIVERS,
    "BreakPosted": tuple(
        {"suspense": suspense, "resolution": resolution}
        for suspense, resolution in (
            ("long", "order_found"), ("long", "refund_owed"), ("long", "written_off"),
            ("short", "order_unwound"), ("short", "matched_bill"), ("short", "matched_ledger"),
            ("short", "fee"), ("short", "written_off"), ("both", "paired"),
        )
    ),
}  # fmt: skip
"""What else decides which accounts an event moves money in, by the place of the field."""


def render() -> str:
    """The page: its words, and tables made from the code."""
    words = PAGE.read_text().partition(BEGIN)[0]
    return words + BEGIN + "\n\n" + "\n".join((*accounts(), "", *events())) + "\n"


def accounts() -> Iterator[str]:
    yield "| code | 科目 | account | kind | sub-key | zero when |"
    yield "|---|---|---|---|---|---|"
    for it in CHART.values():
        yield f"| {it.code} | {it.zh} | {it.en} | {it.kind} | {it.sub_key} | {it.empty or '—'} |"


def events() -> Iterator[str]:
    yield "| event | rule | moves |"
    yield "|---|---|---|"
    for kind in get_args(Posted):
        for turn, event in samples(kind):
            entries = postings(event)
            found = [move for entry in entries for move in moves(entry)]
            yield f"| `{tag(kind)}`{turn} | {rule(kind, entries[0].rule)} | {'; '.join(dict.fromkeys(found))} |"


def samples(kind: type[Any], fen: Callable[[], int] | None = None) -> Iterator[tuple[str, Any]]:
    """A sample of an event, in each way that it can be posted: with usual amounts, or with what `fen` gives."""
    for turns in TURNS.get(kind.__name__, ({},)):
        stored = filled(msgspec.json.decode(golden(kind).read_bytes()), fen or usual)
        for path, value in turns.items():
            *outer, field = path.split(".")
            place = stored
            for name in outer:
                place = place[name]
            place[field] = value
        if kind is LedgerCorrected:
            stored["corrections"] = [msgspec.to_builtins(CORRECTED)]
        if "amounts" in stored and fen is None:
            stored["amounts"] = msgspec.to_builtins(WORKED)
        said = "".join(f", {value}" for value in turns.values() if isinstance(value, str))
        yield said, msgspec.convert(stored, Event)


def usual() -> int:
    """Enough for a fee."""
    return 70_00


def filled(stored: Any, fen: Callable[[], int]) -> Any:
    """The same with other amounts."""
    if isinstance(stored, dict):
        if stored.keys() == {"fen"}:
            return {"fen": fen()}
        return {key: filled(value, fen) for key, value in stored.items()}
    return [filled(it, fen) for it in stored] if isinstance(stored, list) else stored


def moves(entry: Entry) -> Iterator[str]:
    """Lines come in pairs: what is debited, and what is credited with it."""
    for debit, credit in zip(entry.lines[::2], entry.lines[1::2], strict=True):
        assert debit.debit_fen == credit.credit_fen > 0
        yield f"Dr {debit.account} / Cr {credit.account}"


def rule(kind: type[Any], code: str) -> str:
    """What the function says that posts events of this class by this rule."""
    found = {it for module in FAMILIES for _, it in inspect.getmembers(module, inspect.isfunction)}
    said = (str(it.__doc__) for it in found if kind in members(get_type_hints(it).get("event")))
    (one,) = (text for text in said if code in CODES.findall(text.partition(":")[0]))
    return " ".join(one.split())


def write() -> None:
    PAGE.write_text(render())


if __name__ == "__main__":
    write()
