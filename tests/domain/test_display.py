"""Every order shows one of the phrases that buyers know."""

import pytest

from domain.display import OrderStatus, display_status

PHRASES = {"待付款", "拼团中", "拼团成功", "待发货", "待核销", "已核销", "退款/售后", "已关闭"}


def test_every_status_has_a_phrase_and_every_phrase_a_status() -> None:
    shown = {display_status(status, "physical") for status in OrderStatus}
    shown |= {display_status(status, "voucher") for status in OrderStatus}
    assert shown == PHRASES


@pytest.mark.parametrize(
    ("status", "phrase"),
    [
        (OrderStatus.GROUPING, "拼团中"),
        (OrderStatus.GROUPED, "拼团成功"),
        (OrderStatus.READY, "待核销"),
        (OrderStatus.USED, "已核销"),
        (OrderStatus.REFUNDING, "退款/售后"),
    ],
)
def test_the_five_phrases_of_the_trade(status: OrderStatus, phrase: str) -> None:
    assert display_status(status, "voucher") == phrase


def test_goods_are_shipped_and_vouchers_are_verified() -> None:
    assert display_status(OrderStatus.READY, "physical") == "待发货"
    assert display_status(OrderStatus.READY, "voucher") == "待核销"
