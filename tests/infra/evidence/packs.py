"""A small world with everything that packs are asked for, and packs of it."""

from datetime import timedelta
from io import BytesIO
from types import ModuleType
from typing import NamedTuple

from domain.events.order import OrderPlaced, RefundOwed
from domain.ids import OrderId, PayoutId, RefundId
from infra.evidence.anchoring import open_session
from infra.evidence.anchors import Anchors
from infra.evidence.assembled import verifier
from infra.evidence.checkpoint import Signer
from infra.evidence.gather import Kind
from infra.evidence.packer import make_pack
from projections import ledger
from tests.builders import ann, bob, cat, dan, eve
from tests.engine.running import HandClock
from tests.infra.evidence.settled import LINES, TEXT, keep_the_bill, matched, reconciled, settled
from tests.recorded_cell import RecordedCell, read_models
from tests.refund_desk import agrees, proposes
from tests.servers import Database
from tests.shop import Shop

SIGNER = Signer(b"\7" * 32)
KEY = SIGNER.verifier("cell_0")


class World(NamedTuple):
    """What happened, and to whom."""

    dsn: str  # of tuan_auditor
    clock: HandClock
    orders: list[OrderId]
    refunds: list[RefundId]
    payout: PayoutId
    foreign: OrderId  # of another tenant

    def pack(self, kind: Kind, id: object, tenant: str = "acme", signer: Signer = SIGNER) -> bytes:
        out = BytesIO()
        make_pack(out, self.dsn, "cell_0", kind, str(id), tenant, signer, self.clock)
        return out.getvalue()


def story(cell: RecordedCell) -> PayoutId:
    """A merchant is paid, a bill date closed; one group succeeds; one fails: one refund goes through; one is closed, abnormal, returned, paid by hand."""
    shop = Shop(cell)
    reconciled(cell)
    payout = settled(cell, shop)
    won = shop.opens_and_pays(ann)
    for who in (bob, cat):
        shop.joins_and_pays(who, won.group_id)
    lost = shop.opens_and_pays(dan)
    shop.joins_and_pays(eve, lost.group_id)
    cell.wait(minutes=60 * 26)
    shop.follows_up()
    first, second = [fact.refund_id for fact in cell.happened(RefundOwed)]
    shop.repays(seen="processing")
    shop.hears(first, "succeeded", "notification")
    shop.hears(second, "closed", "query")
    shop.repays(seen="processing")
    cell.wait(minutes=30)
    shop.repays(seen="processing")
    shop.hears(second, "abnormal", "query")
    agrees(shop, proposes(shop, second, "return"))
    shop.repays()
    shop.hears(second, "succeeded", "query")
    agrees(shop, proposes(shop, second, "paid_elsewhere", reference="ICBC 7"))
    matched(cell, won.order_id)
    return payout


async def made(database: Database) -> World:
    cell, other = RecordedCell(), RecordedCell(tenant="other")
    other.asked = 1 << 40
    payout = story(cell)
    head = await cell.write(database.dsn)
    foreign = Shop(other).opens_and_pays(ann)
    other.at = cell.at
    await keep_the_bill(database.dsn_as("tuan_projector"), TEXT, LINES)
    await other.write(database.dsn)
    await read_models(database.dsn_as("tuan_projector"), ledger.PROJECTION)
    clock = HandClock(max(cell.at, head.last_at) + timedelta(minutes=2))
    dsn = database.dsn_as("tuan_auditor")
    with open_session(dsn) as session:
        assert list(Anchors(session, "cell_0").make_due(SIGNER, clock.at))
    placed = [fact.order_id for fact in cell.happened(OrderPlaced)]
    owed = [fact.refund_id for fact in cell.happened(RefundOwed)]
    return World(dsn, clock, placed, owed, payout, foreign.order_id)


def standing_alone() -> ModuleType:
    """The program in the pack, as a module."""
    module = ModuleType("verify")
    exec(compile(verifier(), "verify.py", "exec"), module.__dict__)  # noqa: S102
    return module
