"""What happens to an order, its seat and its payment, in plain words."""

from typing import Final

ORDER_WORDS: Final[dict[str, tuple[str, str]]] = {
    "order.placed.v1": (
        "下单（{kind}）：{quantity} 件，应付 {amount}，请在 {pay_deadline} 前支付",
        "Ordered {kind}: {quantity} units, {amount} to pay before {pay_deadline}",
    ),
    "order.payment_started.v1": ("买家开始支付", "The buyer began to pay"),
    "order.paid.v1": (
        "支付 {amount} 已到账（交易号 {transaction_id}，支付时间 {paid_at}）",
        "Paid {amount} (transaction {transaction_id}, at {paid_at})",
    ),
    "order.readied.v1": (
        "交易达成，金额 {amount}，等待发货或核销",
        "The deal is on for {amount}: to be shipped or verified",
    ),
    "order.closing.v1": (
        "{why}，正在向渠道确认是否已付款",
        "Closing, because {why}: the channel is asked whether money comes",
    ),
    "order.closed.v1": ("订单关闭：{why}", "Closed, because {why}"),
    "order.late_paid.v1": (
        "收到无法成交的付款 {amount}：{why}（交易号 {transaction_id}）",
        "{amount} arrived that cannot buy it, because {why} (transaction {transaction_id})",
    ),
    "order.refund_owed.v1": (
        "应退 {amount}：{why}",
        "{amount} is owed back, because of this: {why}",
    ),
    "order.refunded.v1": ("退款 {amount} 已到账", "{amount} has been refunded"),
    "order.refund_escalated.v1": (
        "退款未能自动完成，已转人工处理",
        "The refund does not go through by itself: people look after it",
    ),
    "group.opened.v1": ("开团，预占首个名额", "Opened a group and holds its first seat"),
    "group.seat_held.v1": ("预占一个名额，等待支付", "Holds a seat until it is paid"),
    "group.seat_filled.v1": ("名额已确认", "The seat is filled"),
    "group.seat_released.v1": ("名额已释放：{why}", "The seat is free again, because {why}"),
    "group.started.v1": (
        "拼团已开始，{closes_at} 截止",
        "The group is open to others until {closes_at}",
    ),
    "group.leadership_passed.v1": (
        "原团主退出，由最早付款的成员接任，截止时间不变",
        "The leader left; the earliest paid member leads on, and the deadline stays",
    ),
    "group.deciding.v1": (
        "拼团已截止，等待在途支付的结果，至多十分钟",
        "Past the deadline: payments in flight are awaited, for ten minutes at most",
    ),
    "group.succeeded.v1": (
        "拼团成功，共 {orders} 单",
        "The group succeeded, with {orders} orders",
    ),
    "group.failed.v1": (
        "拼团失败，已付款的 {orders} 单将退款",
        "The group failed: its {orders} paid orders get their money back",
    ),
    "group.voided.v1": (
        "团主未付款，此团未成立",
        "Its leader never paid, so the group never existed",
    ),
    "payment.requested.v1": (
        "向渠道下单，商户单号 {out_trade_no}，金额 {amount}",
        "Announced to the channel under {out_trade_no}, {amount}",
    ),
    "payment.prepared.v1": ("渠道已受理，可以支付", "The channel waits for the buyer"),
    "payment.captured.v1": (
        "渠道确认收款 {amount}（交易号 {transaction_id}）",
        "The channel took {amount} (transaction {transaction_id})",
    ),
    "payment.closed.v1": ("渠道已关闭该支付单", "The channel closed the payment"),
    "payment.refund_started.v1": (
        "退款单号 {number} 计入该笔支付，金额 {amount}",
        "Refund number {number} counts against the payment, {amount}",
    ),
    "payment.refund_ended.v1": (
        "退款单号 {number} 不再计入该笔支付",
        "Refund number {number} counts against the payment no more",
    ),
}
