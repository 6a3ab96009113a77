"""Beancount text: the books for a program that is not ours to check. Written by us; nothing of Beancount is in it.

Accounts are named from the chart. Those with few sub-keys (channels, bank accounts) have an account for each;
of the others the sub-key is told beside the posting. Amounts are yuan, and balances must be met exactly.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from typing import Any, Final, NamedTuple

from domain.accounts import CHART
from read_api.reports.columns import yuan

MEDIA_TYPE: Final = "text/x-beancount; charset=utf-8"
EXTENSION: Final = "beancount"
ROOTS: Final = {
    "asset": "Assets",
    "liability": "Liabilities",
    "income": "Income",
    "expense": "Expenses",
}
OUTSIDE: Final = {"9010": "Assets", "9020": "Liabilities"}  # the pair that is no money of ours
APART: Final = ["1010", "1120", "1121", "5010", "5020"]
"""Accounts whose sub-keys have accounts of their own."""

NOT_IN_A_NAME: Final = re.compile(r"[^A-Za-z0-9]+")
NOT_IN_A_STRING: Final = re.compile(r"[\x00-\x1f\x7f]+")


class Origin(NamedTuple):
    """The event that an entry came from."""

    event_id: str  # cell, epoch and position: where it stands in the log
    stream: str
    hash: str


def account(code: str, part: str = "") -> str:
    """`Assets:1120-Channel-clearing:Wechatpay-2026-06-01`."""
    it = CHART[code]
    root = ROOTS.get(it.kind) or OUTSIDE[code]
    name = f"{root}:{code}-{component(it.en)}"
    return f"{name}:{component(part)}" if part else name


def component(text: str) -> str:
    """A part of a name: letters, digits and dashes, with a capital or a digit first."""
    name = NOT_IN_A_NAME.sub("-", text).strip("-") or "X"
    return name[0].upper() + name[1:]


def string(text: str) -> str:
    quoted = NOT_IN_A_STRING.sub(" ", text).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{quoted}"'


def heading(title: str, about: Mapping[str, str]) -> str:
    told = "".join(f"; {NOT_IN_A_STRING.sub(' ', f'{name}: {it}')}\n" for name, it in about.items())
    return f'{told}option "title" {string(title)}\noption "operating_currency" "CNY"\n\n'


def opened(on: date, accounts: Iterable[str]) -> str:
    return "".join(f"{on} open {name} CNY\n" for name in accounts)


def opening(on: date, balances: Iterable[tuple[str, int]]) -> str:
    """What was there before the first day; it adds up to zero, as all books do."""
    lines = [f"  {name}  {yuan(fen)} CNY\n" for name, fen in balances if fen]
    return f'\n{on} * "期初余额 Opening balances"\n{"".join(lines)}' if lines else ""


def entry(lines: Sequence[Mapping[str, Any]], origin: Origin) -> str:
    """One entry with where it comes from. Lines as the ledger has them."""
    head = lines[0]
    told = {
        "entry_id": head["entry_id"],
        "event_id": origin.event_id,
        "stream": origin.stream,
        "hash": origin.hash,
        "rule": f"{head['rule']} v{head['rule_version']}",
        "recorded_at": head["recorded_at"].isoformat(),
        **{name: head[name] for name in ("order_id", "refund_id", "merchant_id", "corrects")},
        "bill_line": f"{head['bill_id']}:{head['bill_line']}" if head["bill_id"] else None,
    }
    text = f"\n{head['value_date']} * {string(head['event'])} {string(head['reference'])}\n"
    text += f"  position: {head['position']}\n"
    text += "".join(f"  {name}: {string(str(it))}\n" for name, it in told.items() if it is not None)
    for it in lines:
        name = account(it["account"], part_of(it["account"], it["sub_key"]))
        text += f"  {name}  {yuan(it['debit_fen'] - it['credit_fen'])} CNY\n"
        text += f"    sub_key: {string(it['sub_key'])}\n"
    return text


def part_of(code: str, sub_key: str) -> str:
    return sub_key if code in APART else ""


def asserted(on: date, name: str, fen: int) -> str:
    """What must be in an account at the end of a day, to the fen."""
    return f"{on + timedelta(days=1)} balance {name}  {yuan(fen)} ~ 0 CNY\n"
