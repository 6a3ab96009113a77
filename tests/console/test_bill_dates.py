"""How far a bill date is, said in one word, and which bills are waited for."""

from datetime import date
from typing import Any

import pytest

from read_api.console.bill_dates import Key, missing, stage_of

CHECKS = [
    {"name": "lines", "light": "green"},
    {"name": "clearing", "light": "green"},
    {"name": "closed", "light": "amber"},
]


def day(**more: Any) -> dict[str, Any]:
    return {"closed_at": None, "begun_at": "2026-06-02T02:05:00Z", "open_breaks": 0} | more


@pytest.mark.parametrize(
    ("told", "stage"),
    [
        (day(begun_at=None), "waiting"),
        (day(), "matching"),  # whether it is ready stands in its checklist
        (day(checklist=[{"name": "lines", "light": "amber"}, *CHECKS]), "matching"),
        (day(checklist=CHECKS), "ready"),
        (day(checklist=CHECKS, open_breaks=1), "breaks"),
        (day(closed_at="2026-06-02T02:07:00Z", open_breaks=1), "closed"),
    ],
)
def test_a_date_is_as_far_as_its_worst_light(told: dict[str, Any], stage: str) -> None:
    assert stage_of(told) == stage


def test_the_bills_of_yesterday_are_waited_for_of_every_account_there_is() -> None:
    one, other = ("wechatpay", "1900007291"), ("alipay", "2088000000000001")
    known = [Key("2026-05-31", *one), Key("2026-06-01", *one), Key("2026-05-31", *other)]
    assert missing(known, date(2026, 6, 1)) == {Key("2026-06-01", *other)}
    assert missing([], date(2026, 6, 1)) == set()


def test_an_address_of_a_date_is_a_path_of_the_api_whatever_the_channel_is_called() -> None:
    key = Key("2026-06-01", "a/b", "1")
    assert key.path == "/v1/reconciliation/days/a%2Fb/2026-06-01"
    assert key.id == "2026-06-01/a/b/1"
