"""Writes the tables of docs/ledger.md: the chart of accounts, and what every posted event debits and credits."""

import inspect
from collections.abc import Iterator
from typing import Any, Final, get_args, get_type_hints

import msgspec

from domain import ledger
from domain.accounts import CHART
from domain.events import Event
from domain.ledger import Entry, Posted, postings
from domain.money import Money
from tests.architecture.catalogue import ROOT, golden, tag

PAGE: Final = ROOT / "docs" / "ledger.md"
BEGIN: Final = "<!-- Made by `make catalogue` from here on; do not edit. -->"
TURNS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "RefundOwed": ("held_as", ("escrow", "voucher"))
}
"""Fields that decide which account an event moves money in."""


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
            entry = postings(event)
            assert entry is not None
            yield f"| `{tag(kind)}`{turn} | {rule(kind)} | {'; '.join(moves(entry))} |"


def samples(kind: type[Any]) -> Iterator[tuple[str, Any]]:
    """A sample of an event, in each way that it can be posted."""
    stored = msgspec.json.decode(golden(kind).read_bytes(), type=Event)
    event: Any = msgspec.structs.replace(stored, amount=Money(70_00))  # enough for a fee
    field, values = TURNS.get(kind.__name__, ("", ()))
    if not field:
        yield "", event
    for value in values:
        yield f", {field} {value}", msgspec.structs.replace(event, **{field: value})


def moves(entry: Entry) -> Iterator[str]:
    """Lines come in pairs: what is debited, and what is credited with it."""
    for debit, credit in zip(entry.lines[::2], entry.lines[1::2], strict=True):
        assert debit.debit_fen == credit.credit_fen > 0
        yield f"Dr {debit.account} / Cr {credit.account}"


def rule(kind: type[Any]) -> str:
    """What the function says that posts events of this class."""
    posts = {"event": kind, "return": Entry}
    (found,) = (
        it
        for _, it in inspect.getmembers(ledger, inspect.isfunction)
        if get_type_hints(it) == posts
    )
    return str(found.__doc__)


def write() -> None:
    PAGE.write_text(render())


if __name__ == "__main__":
    write()
