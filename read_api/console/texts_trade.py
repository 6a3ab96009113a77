"""Words of the dashboard and of the order page."""

from typing import Final

DASHBOARD: Final = {
    "today": ("今日（北京时间 0 点起）", "Today, since midnight in Beijing"),
    "orders_chart": ("下单与支付", "Orders and payments"),
    "per_minute": ("每分钟，最近 1 小时", "a minute, over the last hour"),
    "placed": ("下单", "placed"),
    "paid": ("支付", "paid"),
    "funnel": ("转化漏斗", "Funnel"),
    "funnel_placed": ("下单", "Orders placed"),
    "funnel_paid": ("支付", "Orders paid"),
    "funnel_formed": ("成团", "Groups formed"),
    "funnel_failed": ("未成团", "Groups failed"),
    "success_rate": ("成团率", "success rate"),
    "provinces": ("各省支付 GMV", "Paid GMV by province"),
    "short_groups": ("差一人、快到期的团", "Groups one short, soon over"),
    "none_short": ("没有差一人的团", "No group is one short"),
    "group": ("团", "Group"),
    "filled": ("已入团", "Filled"),
    "price": ("团购价", "Group price"),
    "left": ("剩余时间", "Time left"),
    "refusals": ("拒绝原因", "Refusals by reason"),
    "none_refused": ("没有被拒绝的请求", "Nothing was refused"),
    "of_decided": ("{} 条中的 {} 条", "{1} of {0}"),
    "degraded": ("部分数据因事件被搁置而不完整", "Some events are parked: figures are incomplete"),
}
