"""What happened in reconciliation, in plain words."""

from typing import Final

RECON: Final = {
    "recon.begun.v1": ("开始对账", "Reconciliation of the date began"),
    "recon.lines_matched.v1": ("账单行对平", "Bill lines matched"),
    "recon.lines_pending.v1": ("跨日切待对", "Waiting for the next bill"),
    "recon.fund_moved.v1": ("资金账户变动", "The channel's account moved"),
    "recon.line_broken.v1": ("账单行有差错", "A line became a break"),
    "day.closed.v1": ("账单日已关账", "The bill date was closed"),
    "day.late_fact.v1": (
        "关账后的迟到事实，计入下一日",
        "A late fact counts to the next open date",
    ),
    "break.opened.v1": ("发现差错，挂账", "Break found"),
    "break.assigned.v1": ("差错已分派", "Break assigned"),
    "break.proposed.v1": ("提出差错处理方案", "Resolution of a break proposed"),
    "break.approved.v1": ("差错方案通过", "Resolution of a break approved"),
    "break.declined.v1": ("差错方案驳回", "Resolution of a break declined"),
    "break.posted.v1": ("差错入账", "Break posted"),
    "break.auto_resolved.v1": ("差错按规则自动处理", "Break resolved by a rule"),
    "break.closed.v1": ("差错已关闭", "Break closed"),
    "break.reopened.v1": ("差错重新打开", "Break reopened"),
}
