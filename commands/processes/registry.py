"""Every process of the platform. Adding one adds one line here."""

from commands.processes.close_unpaid_orders import CLOSE_UNPAID_ORDERS
from commands.processes.earn_orders import EARN_ORDERS
from commands.processes.pay_out import PAY_OUT
from commands.processes.refund_buyers import REFUND_BUYERS
from commands.processes.settle_group_members import READY_MEMBERS, REFUND_MEMBERS
from commands.processes.split_orders import SPLIT_ORDERS
from commands.processes.todo import Process

PROCESSES: tuple[Process, ...] = (
    READY_MEMBERS,
    REFUND_MEMBERS,
    CLOSE_UNPAID_ORDERS,
    REFUND_BUYERS,
    EARN_ORDERS,
    PAY_OUT,
    SPLIT_ORDERS,
)
