"""What people at the refund desk do, spoken shortly: `wishes`, `proposes`, `agrees`."""

from commands.approve_resolution import ApproveResolution
from commands.propose_refund import ProposedResolution, ProposeRefund
from commands.propose_resolution import ProposeResolution
from domain.ids import OrderId, RefundId
from domain.refund import Status
from tests.builders import cat, dan
from tests.shop import Shop


def wishes(shop: Shop, order_id: OrderId, fen: int) -> ProposedResolution:
    """One of two wants money of a ready order back to its buyer."""
    reply: ProposedResolution = shop.cell.ask(ProposeRefund(order_id, fen, "破损"), by=cat)
    return reply


def proposes(shop: Shop, refund_id: RefundId, action: str, **more: str) -> ProposedResolution:
    """One of two says what to do with a refund that does not go through."""
    asked = ProposeResolution(refund_id, action, "处理", **more)  # type: ignore[arg-type]
    reply: ProposedResolution = shop.cell.ask(asked, by=cat)
    return reply


def agrees(shop: Shop, wish: ProposedResolution, *, shown: str = "", by: object = dan) -> Status:
    """The other agrees to what is shown."""
    approval = ApproveResolution(wish.refund_id, wish.proposal_id, shown or wish.shown)
    return Status(shop.cell.ask(approval, by=by).status)
