"""A bill date and its breaks as stories tell them: `Recon(cell)` begins, matches, breaks, and closes."""

from datetime import date
from typing import Any

import msgspec

from commands.begin_bill_day import BeginBillDay
from commands.close_bill_day import CloseBillDay
from commands.open_break import OpenBreak
from commands.propose_break import ProposeBreak
from commands.reconciling import Said
from commands.record_fund_moves import Movement, RecordFundMoves
from commands.record_matches import MatchedLine, RecordMatches
from commands.record_pending import PendingLine, RecordPending
from commands.restate_bill_day import RestateBillDay
from commands.settle_break import SettleBreak
from domain.ids import BillId
from tests.builders import order
from tests.in_memory import Cell

D = date(2026, 6, 1)
TRADE, FUND = (BillId(order(n)) for n in (901, 902))
DAY: dict[str, Any] = {"channel": "wechatpay", "mchid": "1900000001", "bill_date": D}
HELD: dict[str, Any] = {"clearing_fen": 0, "ledger_position": 7, "ledger_ready": True}
BEGUN: dict[str, Any] = {
    "trade_bill": TRADE, "fund_bill": FUND, "trade_sha256": "a" * 64, "fund_sha256": "b" * 64,
    "trade_lines": 2, "fund_lines": 4, "opening_fen": 0, "closing_fen": 139_16,
}  # fmt: skip


class Recon:
    """One bill date of one account; amounts are of a payment of 70.00 with a fee of 0.42."""

    def __init__(self, cell: Cell, on: date = D) -> None:
        self.cell = cell
        self.day = DAY | {"bill_date": on}

    def begins(self, trade: int = 2, fund: int = 4, **more: Any) -> Any:
        standard = BEGUN | {"trade_lines": trade, "fund_lines": fund}
        return self.cell.ask(BeginBillDay(**self.day, **(standard | more)))

    def goes_on(self, was: str, now: str, **more: Any) -> Any:
        """Over another trade bill."""
        files = {"was_trade_sha256": was, "was_fund_sha256": "b" * 64, "trade_sha256": now}
        return self.cell.ask(RestateBillDay(**self.day, **(BEGUN | files | more)))

    def matches(self, *lines: int, chunk: int = 1, void: tuple[int, ...] = ()) -> Any:
        matched = tuple(self.line(n) for n in lines)
        return self.cell.ask(RecordMatches(**self.day, bill_id=TRADE, side="trade", chunk=chunk, matches=matched, void=void))  # fmt: skip

    def line(self, n: int) -> MatchedLine:
        on = self.day["bill_date"]
        return MatchedLine(n, "pay", f"o{n}", f"t{n}", order(n), None, 70_00, 42, 69_58, on)

    def waits(self, n: int, side: str = "ledger", **more: Any) -> Any:
        on = self.day["bill_date"]
        line = PendingLine(side, None, "pay", f"o{n}", f"t{n}", 69_58, on, on)  # type: ignore[arg-type]
        line = msgspec.structs.replace(line, **more)
        return self.cell.ask(RecordPending(**self.day, chunk=n, pending=(line,)))

    def moves(self, line: int, fen: int) -> Any:
        move = Movement(line, "withdrawal", f"w{line}", fen)
        return self.cell.ask(RecordFundMoves(**self.day, bill_id=FUND, moves=(move,)))

    def breaks(self, code: str = "CHANNEL_ONLY_PAY", line: int | None = 2, **more: Any) -> Any:
        theirs = Said(70_00, 42, "SUCCESS", "CNY", "", None)
        standard: dict[str, Any] = {
            "about": f"trade t{line}", "failing": (code,), "booked": self.day["bill_date"],
            "bill_id": TRADE, "side": "trade", "line": line, "kind": "pay", "number": f"o{line}",
            "channel_number": f"t{line}", "order_id": None, "refund_id": None, "ours": None,
            "theirs": theirs, "through_fen": 0, "unbooked_fen": 69_58, "unbilled_fen": 0,
        }  # fmt: skip
        return self.cell.ask(OpenBreak(**self.day, **(standard | more)))

    def finds_a_gap(self) -> Any:
        """The fund flow is broken: no money moves by that."""
        return self.breaks(
            "BALANCE_GAP", None, about="gap", side="fund", bill_id=None, unbooked_fen=0, theirs=None
        )

    def settles(self, broken: Any, **more: Any) -> Any:
        standard: dict[str, Any] = {
            "break_id": broken.break_id, "resolution": "matched_ledger", "suspense": "long",
            "amount_fen": 69_58, "booked": self.day["bill_date"], "reference": "row o2",
            "side": "ledger",
        }  # fmt: skip
        return self.cell.ask(SettleBreak(**self.day, **(standard | more)))

    def proposes(self, broken: Any, resolution: str, fen: int, by: str = "ann", **more: Any) -> Any:
        standard: dict[str, Any] = {"evidence": "bank slip 7", "note": ""} | more
        wish = ProposeBreak(broken.break_id, resolution, fen, **standard)  # type: ignore[arg-type]
        return self.cell.ask(wish, by=by)

    def closes(self, balance: int = 139_16, agreed: int = 4, **more: Any) -> Any:
        facts = HELD | {"balance_fen": balance, "agreed": agreed, "open_breaks": 0} | more
        return self.cell.ask(CloseBillDay(**self.day, **facts))
