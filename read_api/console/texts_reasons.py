"""Why people are refused, in short: what the domain answers shoppers and staff with."""

from typing import Final

REASONS: Final = {
    "already_member": ("你已在该团中", "Already a member"),
    "campaign_not_found": ("活动不存在", "No such campaign"),
    "campaign_not_started": ("活动还没有开始", "Campaign not started"),
    "campaign_over": ("活动已结束", "Campaign over"),
    "group_full": ("该团名额已满", "Group full"),
    "group_not_found": ("拼团不存在", "No such group"),
    "group_not_open": ("该团已不能参加", "Group not open"),
    "order_already_paid": ("订单已支付，请申请退出拼团或售后", "Order paid already"),
    "order_not_found": ("订单不存在", "No such order"),
    "order_not_payable": ("订单当前不能支付", "Order not payable"),
    "order_not_withdrawable": ("该订单不能退出拼团", "Order cannot be withdrawn"),
    "order_not_refundable": ("该订单当前不能退款", "Order cannot be refunded"),
    "payment_in_progress": ("已有一笔支付正在进行", "Payment in progress"),
    "payment_not_found": ("支付单不存在", "No such payment"),
    "quantity_over_limit": ("超过单笔限购数量", "Over the limit of one order"),
    "quota_exceeded": ("超过每人限购数量", "Over the limit of one person"),
    "refund_not_found": ("退款单不存在", "No such refund"),
    "same_person": ("提出人与审批人不能是同一人", "Proposer may not approve"),
    "proposal_stale": ("情况已变化，请重新查看后再审批", "Proposal out of date"),
    "action_unsafe": ("该处理方式可能造成重复退款", "Could pay twice"),
    "stock_short": ("库存不足", "Stock short"),
    "too_late_to_join": ("该团即将截止", "Too late to join"),
    "too_late_to_pay": ("支付时间即将截止", "Too late to pay"),
    "too_late_to_withdraw": ("该团已截止，不能退出", "Too late to withdraw"),
}
