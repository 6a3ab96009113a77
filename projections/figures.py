"""The five GMV figures, each defined once. The API serves these very words beside the numbers."""

from typing import Final, NamedTuple


class Definition(NamedTuple):
    """One figure in the words that are shown beside it."""

    zh: str
    en: str


FIGURES: Final = {
    "placed": Definition(
        "下单 GMV：已下单订单的应付金额，按下单时间计；含后来未支付的订单。",
        "Placed GMV: amount to pay of all orders, by the time they were placed; unpaid ones included.",
    ),
    "paid": Definition(
        "支付 GMV：按时支付并买到商品的金额，按支付渠道的成功时间计；不含迟到和重复的支付。",
        "Paid GMV: money that bought its order in time, by the channel's time of success; late and double"
        " payments excluded.",
    ),
    "formed": Definition(
        "成团 GMV：已成团订单的应付金额，按成团时间计；不含单独购买。",
        "Formed GMV: amount of orders whose group succeeded, by the time it did; bought alone excluded.",
    ),
    "verified": Definition(
        "核销 GMV：已核销券的金额，按核销时间计。目前尚无核销业务，恒为 0。",
        "Verified GMV: value of vouchers used, by the time they were verified. None can be yet, so 0.",
    ),
    "net": Definition(
        "净 GMV：支付 GMV 减去其中产生的应退金额，应退按产生时间计。",
        "Net GMV: paid GMV less what is owed back of it, by the time the debt arose.",
    ),
}
