"""What a payment channel keeps of a payment, and gives back of it with refunds. Integer fen, rounded half up."""

from domain.money import Money

RATE_TEN_THOUSANDTHS = {"wechatpay": 60}  # 0.6 %; the standard rate of WeChat Pay's contract
STANDARD_RATE = 60


def channel_fee(channel: str, amount: Money) -> Money:
    """The fee of one payment."""
    rate = RATE_TEN_THOUSANDTHS.get(channel, STANDARD_RATE)
    return Money((amount.fen * rate + 5_000) // 10_000)


def fee_returned(channel: str, paid: Money, refunded: Money) -> Money:
    """What of the fee of `paid` is given back once `refunded` of it went back; all of it when all did.

    Half up of the share, so that refunds in parts give back exactly what one refund of their sum would.
    """
    fee = channel_fee(channel, paid)
    return Money((2 * fee.fen * refunded.fen + paid.fen) // (2 * paid.fen))
