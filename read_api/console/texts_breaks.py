"""Words of reconciliation: codes of breaks, what resolves them, and the desk where two people decide."""

from typing import Final

BREAK_DESK: Final = {
    "break_of": ("差错", "Break"),
    "break_id": ("差错 ID", "Break id"),
    "break_open": ("未处理", "Open"),
    "break_closed": ("差错已关闭", "Closed"),
    "both_sides": ("两方说法", "What each side says"),
    "fee": ("手续费", "Fee"),
    "currency": ("币种", "Currency"),
    "age_of": ("账龄", "Age"),
    "days_old": ("{} 天（{}）", "{} days ({})"),
    "owner_of_break": ("负责人", "Owner"),
    "nobody": ("未分派", "Nobody yet"),
    "suggested": ("可能对应", "May belong to"),
    "history": ("经过", "What happened"),
    "was_opened": ("发现差错，挂账", "Found, and put into suspense"),
    "was_proposed": ("提出方案", "Proposed"),
    "was_taken": ("已分派", "Taken on"),
    "by_rule": ("按规则处理", "By a rule"),
    "take_it": ("由我处理", "I take it"),
    "done_taken": ("已由你处理", "It is yours now"),
    "refund_id": ("退款单 ID", "Refund id"),
    "evidence_of": ("凭证", "Evidence"),
}
CODES: Final = {
    "MATCHED": ("已对平", "Matched", "good"),
    "PENDING_CUTOFF": ("跨日切待对", "Waits for the next bill", "warn"),
    "CHANNEL_ONLY_PAY": ("渠道有我方无·收款", "Channel only: pay", "bad"),
    "CHANNEL_ONLY_REFUND": ("渠道有我方无·退款", "Channel only: refund", "bad"),
    "LEDGER_ONLY_PAY": ("我方有渠道无·收款", "Books only: pay", "bad"),
    "LEDGER_ONLY_REFUND": ("我方有渠道无·退款", "Books only: refund", "bad"),
    "STATUS_CHANNEL_PAID": ("渠道已付我方未付", "Paid there, not here", "bad"),
    "STATUS_LEDGER_PAID": ("我方已付渠道未付", "Paid here, not there", "bad"),
    "AMOUNT_OVER": ("渠道多款", "Channel has more", "bad"),
    "AMOUNT_UNDER": ("渠道少款", "Channel has less", "bad"),
    "FEE_DIFF": ("手续费不符", "Fees differ", "bad"),
    "DUPLICATE_CHANNEL": ("渠道重复", "Twice on the bill", "bad"),
    "MERCHANT_DIFF": ("商户号不符", "Another merchant", "bad"),
    "CURRENCY_DIFF": ("币种不符", "Another currency", "bad"),
    "REFUND_ABNORMAL_STALE": ("退款异常超期", "Stale abnormal refund", "bad"),
    "BALANCE_GAP": ("结余不连续", "Gap in the balance", "bad"),
    "FUND_DIFF": ("两份账单不一致", "The two bills differ", "bad"),
    "BANK_DIFF": ("银行与渠道不一致", "Bank and channel differ", "bad"),
    "PAYOUT_RETURNED": ("打款被退回", "Payout returned", "bad"),
    "SPLIT_MISSING": ("分账缺失", "Split is missing", "bad"),
    "SPLIT_EXPIRING": ("分账将过期", "Split about to expire", "bad"),
}
RESOLUTIONS: Final = {
    "order_found": ("找到订单，计入订单", "Its order was found"),
    "order_unwound": ("订单款项未到，冲回", "Unwind what the order never got"),
    "refund_owed": ("与退款单对冲", "Against a refund that is owed"),
    "written_off": ("核销（损益）", "Write it off"),
    "fee": ("计入手续费", "Book it as a fee"),
    "paired": ("长短款互抵", "Pair too much with too little"),
    "matched_ledger": ("迟到的我方记录对上", "Matched by a later row of ours"),
    "matched_bill": ("后续账单对上", "Matched by a later bill"),
}
VERDICTS: Final = {"approved": ("已批准", "Approved"), "declined": ("已驳回", "Declined")}
ENDS: Final = {"entry": ("已入账", "By an entry"), "match": ("已对上", "By a match")}
SIDES: Final = {
    "trade": ("交易账单", "Trade bill"),
    "fund": ("资金账单", "Fund flow"),
    "bank": ("银行", "Bank"),
    "ledger": ("我方账簿", "Our books"),
}
KINDS: Final = {
    "pay": ("收款", "Pay"),
    "refund": ("退款", "Refund"),
    "refund_closed": ("退款关闭", "Refund closed"),
    "split": ("分账", "Split"),
    "chargeback": ("拒付", "Chargeback"),
    "chargeback_won": ("拒付追回", "Chargeback won"),
    "withdrawal": ("提现", "Withdrawal"),
    "withdrawal_returned": ("提现退回", "Withdrawal returned"),
    "recharge": ("充值", "Recharge"),
    "payout": ("打款", "Payout"),
    "other": ("其他", "Other"),
}
