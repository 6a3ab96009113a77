"""A merchant's sale as far as the payout, and a bill date that is begun, matched and closed, with its file kept."""

from datetime import date
from hashlib import sha256
from io import BytesIO

from commands.advance_payout import AdvancePayout
from commands.billing import BillOf, FileOf
from commands.hear_payout import HearPayout
from commands.record_bill import RecordBill
from commands.record_matches import MatchedLine, RecordMatches
from domain.bill import bill_id
from domain.bill_lines import TradeSums
from domain.events.payout import PayoutInitiated
from domain.ids import OrderId, PayoutId
from infra.bills.store import PIECE, keep
from infra.delivery.connect import connect
from tests.builders import NOON, eve
from tests.recon_desk import Recon
from tests.recorded_cell import RecordedCell
from tests.settlement import Finance
from tests.shop import Shop

BILL_DATE = date(2026, 5, 20)  # no sale of these stories was on it
MATCH_DATE = date(2026, 5, 21)
LINES = "\ufeff交易时间,微信订单号\r\n`09:00,`TX2\r\n`09:01,`TX3\r\n".encode()
TEXT = b"trade bill\n" * (PIECE // 8)  # two pieces


def settled(cell: RecordedCell, shop: Shop) -> PayoutId:
    """Sold, earned, stated, paid out; returns the payout."""
    finance = Finance(cell, shop)
    finance.signs()
    finance.collects()
    sold = shop.buys_alone(eve)
    shop.pays(sold.order_id)
    finance.earns(sold.order_id)
    finance.waits(2)
    (payout,) = cell.happened(PayoutInitiated)
    step = cell.ask(AdvancePayout(payout.payout_id, payout.payout_id))
    assert step.do == "call", step
    said = HearPayout(
        payout.payout_id, step.number, "confirmed", "reply", "1330", payout.amount.fen,
        accepted_at=cell.at, ended_at=cell.at,
    )  # fmt: skip
    cell.ask(said)
    return PayoutId(payout.payout_id)


def reconciled(cell: RecordedCell) -> None:
    """A bill came, and its date is closed."""
    bill = BillOf("wechatpay", "1900000001", "trade", BILL_DATE, "")
    file = FileOf(sha256(TEXT).hexdigest(), "", len(TEXT))
    cell.ask(RecordBill(bill, file, 2, 0, TradeSums(2, 0, 0, 0, 0)))
    day = Recon(cell, BILL_DATE)
    day.begins()
    day.matches(1, 2)
    assert day.closes().closed


def matched(cell: RecordedCell, order_id: OrderId) -> None:
    """The second line of another bill is this order's payment."""
    bill = BillOf("wechatpay", "1900000001", "trade", MATCH_DATE, "")
    digest = sha256(LINES).hexdigest()
    cell.ask(RecordBill(bill, FileOf(digest, "", len(LINES)), 2, 0, TradeSums(2, 0, 0, 0, 0)))
    id = bill_id("acme", bill.key())
    day = Recon(cell, MATCH_DATE)
    day.begins(trade_bill=id, trade_sha256=digest)
    line = MatchedLine(2, "pay", "o3", "TX3", order_id, None, 990, 6, 984, MATCH_DATE)
    cell.ask(RecordMatches(**day.day, bill_id=id, side="trade", chunk=1, matches=(line,)))


async def keep_the_bill(dsn: str, *texts: bytes) -> None:
    async with await connect(dsn, "test") as conn:
        for text in texts or (TEXT,):
            assert await keep(conn, "acme", sha256(text).hexdigest(), BytesIO(text), NOON)
