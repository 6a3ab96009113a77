"""What a buyer reads about an order, and where things stand. No rule lives here, so the read side may import it."""

from enum import StrEnum

from domain.events.catalog import Fulfilment


class OrderStatus(StrEnum):
    """Where an order stands. The value is what is stored and sent."""

    NEW = "NEW"  # no event yet
    PENDING_PAYMENT = "PENDING_PAYMENT"
    CLOSING = "CLOSING"  # unpaid, and only the channel can say whether money still comes
    CLOSED = "CLOSED"
    GROUPING = "GROUPING"  # paid, the group is not decided
    GROUPED = "GROUPED"  # the group succeeded, the order is about to be readied; read side only
    READY = "READY"
    USED = "USED"
    LATE_PAID = (
        "LATE_PAID"  # lasts no longer than the command that decides what to do with the money
    )
    REFUNDING = "REFUNDING"
    REFUND_ATTENTION = "REFUND_ATTENTION"  # the refund does not go through: people look after it
    REFUNDED = "REFUNDED"


class GroupStatus(StrEnum):
    """Where a group stands. The value is what is stored and sent."""

    NEW = "NEW"  # no event yet
    PENDING_LEADER = "PENDING_LEADER"  # invisible: its leader has not paid
    OPEN = "OPEN"
    DECIDING = "DECIDING"  # past its deadline with payments in flight
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"
    VOID = "VOID"  # the leader never paid


class RefundStatus(StrEnum):
    """Where a refund stands. People may be looking after it besides: then it names their trouble."""

    NEW = "NEW"
    PROPOSED = "PROPOSED"  # an operator's wish that nobody has approved yet
    WAITING = "WAITING"  # to be asked for
    ATTEMPTING = "ATTEMPTING"  # a worker is calling
    IN_DOUBT = "IN_DOUBT"  # nobody knows; the channel is asked
    NO_FUNDS = "NO_FUNDS"  # to be asked for again once our account holds enough
    PROCESSING = "PROCESSING"  # the channel has taken it on
    CLOSED = "CLOSED"  # the channel ended the number without paying
    ABNORMAL = "ABNORMAL"  # the buyer's account took nothing
    RETURNED = "RETURNED"  # and the channel gave the money back to us
    SUCCEEDED = "SUCCEEDED"
    PAID_ELSEWHERE = "PAID_ELSEWHERE"
    DECLINED = "DECLINED"


class PayoutStatus(StrEnum):
    """Where a payout stands. Only CONFIRMED is paid."""

    NEW = "NEW"
    WAITING = "WAITING"  # to be asked for; of a bank file: to be put into the next one
    ATTEMPTING = "ATTEMPTING"  # a worker is calling; of a bank file: handed to the bank
    IN_DOUBT = "IN_DOUBT"
    NO_FUNDS = "NO_FUNDS"
    IN_TRANSIT = "IN_TRANSIT"
    AWAITING_PAYEE = "AWAITING_PAYEE"  # until the payee takes it, or it lapses
    FAILED = "FAILED"  # the number ended without paying; it is payable again
    RETURNED = "RETURNED"  # the bank sent it back
    CONFIRMED = "CONFIRMED"


PHRASES: dict[OrderStatus, str] = {
    OrderStatus.NEW: "待付款",
    OrderStatus.PENDING_PAYMENT: "待付款",
    OrderStatus.CLOSING: "待付款",  # "已关闭" would be a promise that only the channel can make
    OrderStatus.CLOSED: "已关闭",
    OrderStatus.GROUPING: "拼团中",
    OrderStatus.GROUPED: "拼团成功",
    OrderStatus.READY: "待核销",
    OrderStatus.USED: "已核销",
    OrderStatus.LATE_PAID: "退款/售后",
    OrderStatus.REFUNDING: "退款/售后",
    OrderStatus.REFUND_ATTENTION: "退款/售后",
    OrderStatus.REFUNDED: "退款/售后",
}


def display_status(status: OrderStatus, fulfilment: Fulfilment) -> str:
    """The phrase for one order; goods that ship say 待发货 where a voucher says 待核销."""
    if status is OrderStatus.READY and fulfilment == "physical":
        return "待发货"
    return PHRASES[status]
