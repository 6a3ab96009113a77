"""Asking to pay a merchant: announced before the call, one worker at a time, one number until it ends."""

import pytest

from domain import payout as payouts
from domain import payout_calls as calls
from domain.attempts import ATTEMPT_LIFE, NotYourAttempt
from domain.events.payout import PayoutAttemptRejected
from domain.money import ZERO
from domain.payout import PAYOUT, Payout, Status, next_step
from domain.payout_calls import NotForTheFile
from domain.payout_rules import (
    BANK_ANSWERS_WITHIN,
    WECHATPAY,
    out_bill_no,
    payout_of,
    retry_class,
)
from tests.builders import DAY, MINUTE, NOON, SECOND
from tests.given import given_for
from tests.payouts import (
    DUE,
    EVEN,
    NUMBERS,
    ONE,
    OTHER,
    WORKER,
    M,
    P,
    S,
    accepted,
    approved,
    confirmed,
    doubt,
    escalated,
    failed,
    in_file,
    initiated,
    no,
    payout,
    proposed,
    reissued,
    returned,
    started,
)

given = given_for(PAYOUT)
TERMS = {
    "payout_id": P,
    "merchant_id": M,
    "statement_id": S,
    "amount": DUE,
    "route": "channel_transfer",
    "channel": "wechatpay",
    "payee": "sealed:openid",
    "at": NOON,
}
DOUBT = {"attempt": 1, "worker": WORKER, "cause": "timeout", "at": NOON, "dice": EVEN}


def test_a_closed_statement_is_paid_out_once() -> None:
    given().when(payouts.initiate, **TERMS).then(initiated())


def test_a_statement_that_leaves_nothing_is_not_paid_out() -> None:
    given().when(payouts.initiate, **TERMS | {"amount": ZERO}).then_nothing()


def test_what_goes_by_the_bank_belongs_to_no_channel() -> None:
    by_bank = TERMS | {"route": "bank_file"}
    given().when(payouts.initiate, **by_bank).then(initiated("bank_file"))


def test_our_number_is_short_plain_and_says_whose_it_is() -> None:
    assert len(set(NUMBERS)) == len(NUMBERS)
    for number in NUMBERS:
        assert len(number) <= 32
        assert number.isalnum()
        assert payout_of(number) == P
    for strange in ("", "z" * 25 + "00", ONE[:-1], f"{ONE[:-2]}xx"):
        with pytest.raises(ValueError, match="no payout number"):
            payout_of(strange)


def test_an_attempt_is_announced_for_one_worker() -> None:
    ask = {"worker": WORKER, "request_sha256": "ab" * 32, "at": NOON}
    given(initiated()).when(calls.start_attempt, **ask).then(started())


def test_a_worker_that_says_nothing_is_given_up_and_the_channel_is_asked() -> None:
    late = NOON + ATTEMPT_LIFE
    asked = given(initiated(), started()).when(calls.give_up_on_worker, at=late, dice=EVEN)
    asked.then(doubt(cause="worker_died", at=late))
    assert next_step(payout(started(), doubt()), NOON + 10 * SECOND) == "query"


def test_whoever_lost_his_attempt_records_nothing() -> None:
    asked = given(initiated(), started(worker=OTHER)).when(calls.doubt, **DOUBT)
    asked.rejected(NotYourAttempt, attempt=1)


def test_a_doubt_after_the_channel_spoke_adds_nothing() -> None:
    given(initiated(), started(), accepted()).when(calls.doubt, **DOUBT).then_nothing()


@pytest.mark.parametrize("code", sorted(WECHATPAY))
def test_every_no_of_the_channel_has_a_class(code: str) -> None:
    state = payout(started())
    words = {"attempt": 1, "worker": WORKER, "message": "不行", "at": NOON, "dice": EVEN}
    events = calls.reject(state, code=code, **words)  # type: ignore[arg-type]
    after = payouts.after(state, events)
    expected = {
        "retry_same": (Status.WAITING, None),
        "needs_funds": (Status.NO_FUNDS, None),
        "query_first": (Status.IN_DOUBT, None),
        "needs_human": (Status.WAITING, "rejected"),
    }
    assert (after.status, after.trouble) == expected[retry_class("wechatpay", code)]
    assert all(event.table_version for event in events if isinstance(event, PayoutAttemptRejected))


def test_a_no_that_is_not_in_the_table_is_for_people() -> None:
    assert retry_class("wechatpay", "SOMETHING_NEW") == "needs_human"
    assert next_step(payout(started(), no(retry="needs_human"), escalated("rejected")), NOON + DAY) == "people"  # fmt: skip


def test_a_lapsed_number_is_followed_by_another_without_asking_anybody() -> None:
    given(initiated(), started(), accepted(), failed()).when(calls.reissue, at=NOON).then(
        reissued()
    )


def test_the_third_number_that_lapses_calls_people() -> None:
    history = [initiated(), started(), failed()]
    for generation in (1, 2):
        number = NUMBERS[generation]
        history += [reissued(generation), started(number=number), failed(number=number)]
    asked = given(*history).when(calls.reissue, at=NOON)
    asked.then(escalated("failed_again", "3 numbers failed"))


def test_an_account_that_takes_nothing_calls_people_at_once() -> None:
    asked = given(initiated(), started(), failed("ACCOUNT_FROZEN")).when(calls.reissue, at=NOON)
    asked.then(escalated("rejected", "it failed: ACCOUNT_FROZEN"))


def test_two_people_may_send_it_again_by_the_bank() -> None:
    agreed = (escalated("rejected"), proposed("reissue_by_bank", "sealed:openid"))
    history = (started(), failed("ACCOUNT_FROZEN"), *agreed, approved("reissue_by_bank"))
    given(initiated(), *history).when(calls.reissue, at=NOON).then(reissued(route="bank_file"))


# --- by the bank --------------------------------------------------------------------------------


def test_what_goes_by_the_bank_waits_for_a_file_and_is_in_one_only() -> None:
    assert next_step(PAYOUT.fold([initiated("bank_file")]), NOON + DAY) == "wait"
    put = {"batch": WORKER, "request_sha256": "ab" * 32, "at": NOON}
    given(initiated("bank_file")).when(calls.put_into_file, **put).then(in_file())
    again = given(initiated("bank_file"), in_file()).when(
        calls.put_into_file, **put | {"batch": OTHER}
    )
    again.rejected(NotForTheFile)
    given(initiated()).when(calls.put_into_file, **put).rejected(NotForTheFile)


def test_a_bank_that_says_nothing_for_days_is_missed_and_nothing_is_tried() -> None:
    history = (initiated("bank_file"), in_file())
    silent = NOON + BANK_ANSWERS_WITHIN
    assert next_step(PAYOUT.fold(history), silent - SECOND) == "wait"
    given(*history).when(calls.miss_the_bank, at=silent).then(
        escalated("bank_silent", f"{ONE}: no answer to the file", silent)
    )
    assert next_step(PAYOUT.fold((*history, escalated("bank_silent"))), silent + DAY) == "people"


# --- the step ---------------------------------------------------------------------------------


def test_what_is_next_follows_from_the_state_alone() -> None:
    soon, later = NOON + SECOND, NOON + 5 * MINUTE
    steps: tuple[tuple[Payout, str], ...] = (
        (payout(), "call"),
        (payout(started()), "wait"),
        (payout(started(), doubt()), "wait"),
        (payout(started(), accepted()), "wait"),
        (payout(started(), accepted(), confirmed()), "over"),
        (payout(started(), accepted(), failed()), "reissue"),
        (payout(started(), accepted(), confirmed(), returned(was_confirmed=True)), "reissue"),
    )
    for state, step in steps:
        assert next_step(state, soon) == step
    assert next_step(payout(started(), accepted()), later) == "query"
    assert next_step(payout(started(), no()), later) == "call"


def test_the_same_number_has_the_same_name_for_ever() -> None:
    assert out_bill_no(P, 0) == ONE
    assert ONE == NUMBERS[0] != NUMBERS[1]
