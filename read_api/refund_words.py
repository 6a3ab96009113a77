"""What happens to a refund, attempt by attempt, in plain words."""

from typing import Final

REFUND_WORDS: Final[dict[str, tuple[str, str]]] = {
    "refund.requested.v1": (
        "开始退款 {amount}（原路退回，交易号 {transaction_id}）",
        "Refund of {amount} begins, by the original route (transaction {transaction_id})",
    ),
    "refund.attempt_started.v1": (
        "第 {attempt} 次请求渠道（{call}），退款单号 {number}",
        "Attempt {attempt}: the channel is asked ({call}) under {number}",
    ),
    "refund.attempt_accepted.v1": (
        "渠道已受理退款 {amount}（渠道单号 {channel_refund_id}，依据：{evidence}）",
        "The channel took on {amount} ({channel_refund_id}, by {evidence})",
    ),
    "refund.attempt_rejected.v1": (
        "渠道拒绝第 {attempt} 次请求：{code} {message}",
        "The channel refused attempt {attempt}: {code} {message}",
    ),
    "refund.attempt_in_doubt.v1": (
        "第 {attempt} 次请求结果不明（{cause}），先查询再处理，{next_at} 再看",
        "Attempt {attempt} is in doubt ({cause}): the channel is asked first, at {next_at}",
    ),
    "refund.queried.v1": (
        "渠道答复退款单 {number}：{seen}（{evidence}），{next_at} 再看",
        "The channel says {number} is {seen} ({evidence}); next look at {next_at}",
    ),
    "refund.retried.v1": (
        "渠道确无此单，用原单号 {number} 重新请求",
        "The channel surely does not know {number}: the same number is asked for again",
    ),
    "refund.succeeded.v1": (
        "退款 {amount} 成功，到账时间 {succeeded_at}（{received_by}，依据：{evidence}）",
        "{amount} arrived at {succeeded_at} ({received_by}, by {evidence})",
    ),
    "refund.closed.v1": (
        "渠道关闭退款单 {number}，款项未退出",
        "The channel closed {number} without paying",
    ),
    "refund.abnormal.v1": (
        "退款异常：买家账户无法收款（{number}）",
        "Abnormal: the buyer's account took nothing ({number})",
    ),
    "refund.returned.v1": (
        "款项 {amount} 已退回商户账户，需另行支付给买家",
        "{amount} came back to us; the buyer is to be paid by another route",
    ),
    "refund.reissued.v1": (
        "换用新退款单号 {number}（原单号 {of}）",
        "Goes on under the new number {number} (before: {of})",
    ),
    "refund.escalated.v1": (
        "转人工：{trouble}（{detail}）",
        "People are called: {trouble} ({detail})",
    ),
    "refund.proposed.v1": (
        "{by} 申请退款 {amount}：{note}",
        "{by} proposes to refund {amount}: {note}",
    ),
    "refund.resolution_proposed.v1": (
        "{by} 提出处理方案：{action} {reference}，{note}",
        "{by} proposes {action} {reference}: {note}",
    ),
    "refund.resolution_approved.v1": ("{by} 批准：{action}", "{by} approves {action}"),
    "refund.resolution_declined.v1": ("{by} 驳回：{note}", "{by} declines: {note}"),
    "refund.paid_elsewhere.v1": (
        "已由其他渠道支付 {amount}，凭证 {reference}",
        "{amount} was paid by another route, proven by {reference}",
    ),
    "refund.witnesses_differ.v1": (
        "渠道说法不一：已知 {known}，{evidence}称 {told}（{number}）",
        "The channel contradicts itself: {known}, but {evidence} says {told} ({number})",
    ),
    "refund.confirmed_by_bill.v1": (
        "对账单确认退款单 {number}（第 {line} 行）",
        "The bill confirms {number} (line {line})",
    ),
}
