"""Asking the channel: announced before the call, one worker at a time, one number until the channel ends it."""

from datetime import timedelta

import pytest

from domain import refund as refunds
from domain import refund_calls as calls
from domain.attempts import ATTEMPT_LIFE, DOUBT, FUNDS, JITTER, POLL, RETRY, NotYourAttempt, later
from domain.events.order import RefundOwed
from domain.events.refund import (
    RefundAttemptRejected,
    RefundEscalated,
    RefundEvent,
    RefundReissued,
    RefundRequested,
    RefundSucceeded,
)
from domain.money import Money
from domain.refund import REFUND, Status, next_step
from domain.refund_rules import TABLES, WECHATPAY, retry_class
from tests.builders import DAY, HOUR, MINUTE, NOON, SECOND, ann, order
from tests.given import Given, given_for
from tests.refunds import (
    EVEN,
    NUMBERS,
    ONE,
    OTHER,
    OWED,
    REQUESTED,
    WORKER,
    R,
    abnormal,
    accepted,
    closed,
    doubt,
    escalated,
    no,
    proposed,
    refund,
    started,
)

plain = given_for(REFUND)
STARTING = {"worker": WORKER, "request_sha256": "ab" * 32, "fee_back": Money(6)}
DEADLINE = NOON + ATTEMPT_LIFE


def given(*history: RefundEvent) -> Given:
    return plain(REQUESTED, *history)


def test_s15_a_debt_begins_one_refund_that_names_the_rules_it_began_under() -> None:
    facts = {"buyer": ann, "channel": "wechatpay", "paid": Money(990), "at": NOON}
    plain().when(refunds.request, debt=OWED, **facts).then(REQUESTED)
    assert isinstance(OWED, RefundOwed)
    assert REQUESTED.saga_version == 1


def test_s4_an_attempt_is_announced_with_its_worker_and_its_deadline() -> None:
    given().when(calls.start_attempt, **STARTING, at=NOON).then(started(1))


def test_s4_while_one_worker_calls_no_other_does() -> None:
    given(started(1)).when(calls.start_attempt, **STARTING, at=DEADLINE - SECOND).then_nothing()
    given(started(1)).when(calls.start_attempt, **STARTING, at=DEADLINE).then_nothing()


def test_s4_an_attempt_without_an_outcome_is_in_doubt_at_its_deadline_and_not_before() -> None:
    given(started(1)).when(calls.give_up_on_worker, at=DEADLINE - SECOND, dice=EVEN).then_nothing()
    died = doubt(1, "worker_died", DEADLINE)
    given(started(1)).when(calls.give_up_on_worker, at=DEADLINE, dice=EVEN).then(died)


@pytest.mark.parametrize(
    ("history", "at", "step"),
    [
        ((), NOON, "call"),
        ((started(1),), DEADLINE - SECOND, "wait"),
        ((started(1),), DEADLINE, "give_up_on_worker"),
        ((started(1), doubt(1)), NOON + 9 * SECOND, "wait"),
        ((started(1), doubt(1)), NOON + 10 * SECOND, "query"),
        ((started(1), accepted(1)), NOON + 59 * SECOND, "wait"),
        ((started(1), accepted(1)), NOON + MINUTE, "query"),
        ((started(1), no(1)), NOON + 59 * SECOND, "wait"),
        ((started(1), no(1)), NOON + MINUTE, "call"),
        ((started(1), accepted(1), closed()), NOON, "reissue"),
        ((started(1), accepted(1), abnormal(), escalated("abnormal")), NOON + DAY, "people"),
        ((started(1), no(1), escalated("rejected")), NOON + DAY, "people"),
        ((started(1), doubt(1), escalated("worker_crashed")), NOON + DAY, "query"),
        ((started(1), accepted(1), escalated("witnesses_differ")), NOON + DAY, "query"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_s10_the_state_decides_what_is_to_be_done(
    history: tuple[RefundEvent, ...], at: object, step: str
) -> None:
    """Whatever woke us: early, late, twice, or for nothing."""
    assert next_step(refund(*history), at) == step  # type: ignore[arg-type]


def test_s5_a_doubt_is_recorded_once_and_asked_about_before_anything_else() -> None:
    mine = {"attempt": 1, "worker": WORKER, "cause": "timeout", "at": NOON, "dice": EVEN}
    given(started(1)).when(calls.doubt, **mine).then(doubt(1))
    given(started(1), doubt(1)).when(calls.start_attempt, **STARTING, at=NOON + DAY).then_nothing()


@pytest.mark.parametrize(("attempt", "worker"), [(1, OTHER), (2, WORKER), (0, WORKER)])
def test_s17_who_does_not_hold_the_attempt_records_nothing(attempt: int, worker: object) -> None:
    not_mine = {"attempt": attempt, "worker": worker, "at": NOON, "dice": EVEN}
    given(started(1)).when(calls.doubt, **not_mine, cause="reset").rejected(NotYourAttempt)
    no_of = {"code": "NO_AUTH", "message": ""}
    given(started(1)).when(calls.reject, **not_mine, **no_of).rejected(NotYourAttempt, attempt=1)


def test_s17_a_worker_that_was_given_up_changes_nothing_by_its_late_report() -> None:
    late = {"attempt": 1, "worker": WORKER, "at": NOON + HOUR, "dice": EVEN}
    gone = (started(1), doubt(1, "worker_died", DEADLINE))
    given(*gone).when(calls.reject, **late, code="NO_AUTH", message="").then_nothing()
    given(*gone).when(calls.doubt, **late, cause="timeout").then_nothing()
    after = (*gone, started(2, worker=OTHER, at=NOON + HOUR))
    given(*after).when(calls.reject, **late, code="NO_AUTH", message="").rejected(NotYourAttempt)


@pytest.mark.parametrize(("code", "retry"), sorted(WECHATPAY.items()))
def test_s8_each_code_of_the_channel_has_one_consequence(code: str, retry: str) -> None:
    events = calls.reject(
        refund(started(1)), attempt=1, worker=WORKER, code=code, message="不行", at=NOON, dice=EVEN
    )
    after = refunds.after(refund(started(1)), events)
    expected = {
        "retry_same": (Status.WAITING, None, NOON + RETRY[0]),
        "query_first": (Status.IN_DOUBT, None, NOON + DOUBT[0]),
        "needs_funds": (Status.NO_FUNDS, None, NOON + FUNDS[0]),
        "needs_human": (Status.WAITING, "rejected", NOON + RETRY[0]),
    }
    assert (after.status, after.trouble, after.next_at) == expected[retry]
    first = events[0]
    assert not isinstance(first, RefundAttemptRejected) or first.table_version == 1


def test_s8_what_the_table_does_not_know_is_for_people() -> None:
    assert retry_class("wechatpay", "SOMETHING_NEW") == "needs_human"
    assert retry_class("elsewhere", "NOT_ENOUGH") == "needs_human"
    assert set(TABLES) == {"wechatpay"}


def test_s8_without_money_it_is_asked_again_later_and_later_and_never_dropped() -> None:
    history: tuple[RefundEvent, ...] = ()
    at, pauses = NOON, list[timedelta]()
    for attempt in range(1, 9):
        (start,) = calls.start_attempt(refund(*history), **STARTING, at=at)  # type: ignore[arg-type]
        history += (start,)
        (said,) = calls.reject(
            refund(*history), attempt=attempt, worker=WORKER, code="NOT_ENOUGH", message="", at=at, dice=EVEN
        )  # fmt: skip
        assert isinstance(said, RefundAttemptRejected)
        history += (said,)
        pauses.append(said.next_at - at)
        at = said.next_at
    assert pauses == [*FUNDS, *[FUNDS[-1]] * 4]
    assert refund(*history).number == ONE  # one number, however often


def test_s9_jitter_is_a_fifth_either_way_and_the_last_step_is_the_cap() -> None:
    every = {later(NOON, (MINUTE,), 0, dice) - NOON for dice in range(1000)}
    assert (min(every), max(every)) == (48 * SECOND, 72 * SECOND)
    assert len(every) == 2 * JITTER + 1
    for steps in (DOUBT, POLL, RETRY, FUNDS):
        assert list(steps) == sorted(steps)
        assert later(NOON, steps, 10**6, EVEN) - NOON == steps[-1]
    assert (
        POLL[:5] == (MINUTE,) * 5
    )  # as the channel advises: a minute, for five; then 5, 10, 20, 30
    assert POLL[5:] == tuple(timedelta(minutes=m) for m in (5, 10, 20, 30))


def test_s6_a_new_number_only_after_the_channel_closed_the_old_one() -> None:
    new = RefundReissued(R, NUMBERS[1], ONE, 1, NOON, NOON)
    given(started(1), accepted(1), closed()).when(calls.reissue, at=NOON).then(new)
    for history in (
        (),
        (started(1),),
        (started(1), doubt(1)),
        (started(1), accepted(1)),
        (started(1), no(1)),
        (started(1), accepted(1), abnormal()),
    ):
        given(*history).when(calls.reissue, at=NOON + DAY).then_nothing()


def test_s6_after_three_closed_numbers_people_look() -> None:
    history: tuple[RefundEvent, ...] = ()
    for generation in range(2):
        (new,) = calls.reissue(refund(*history, closed(NUMBERS[generation])), at=NOON)
        history += (closed(NUMBERS[generation]), new)
    history += (closed(NUMBERS[2]),)
    (people,) = calls.reissue(refund(*history), at=NOON)
    assert people == RefundEscalated(R, order(1), "closed_again", "3 numbers were closed", NOON)
    given(*history).when(calls.reissue, at=NOON).then(people)
    agreed = (*history, people, proposed("reissue"))
    (fourth,) = calls.reissue(refund(*agreed), at=NOON)  # with the consent of two
    assert isinstance(fourth, RefundReissued)
    assert fourth.number == NUMBERS[3]


def test_s3_the_number_is_the_refunds_own_and_its_generations() -> None:
    assert len(set(NUMBERS)) == len(NUMBERS)
    assert all(len(number) == 34 and number.startswith(R.hex) for number in NUMBERS)
    assert (
        refund().number == refund(started(1)).number == refund(started(1), doubt(1)).number == ONE
    )


def test_people_are_called_once() -> None:
    given(started(1)).when(refunds.trouble, what="worker_crashed", detail="", at=NOON).then(
        escalated("worker_crashed")
    )


def test_s14_what_is_over_stays_over() -> None:
    """The terminal guard, whatever the step would have been."""
    over = RefundSucceeded(R, order(1), ONE, "50", Money(990), "", NOON, "query", NOON)
    done = (started(1), accepted(1), over)
    assert next_step(refund(*done), NOON + DAY) == "over"
    given(*done).when(calls.start_attempt, **STARTING, at=NOON + DAY).then_nothing()
    given(*done).when(calls.give_up_on_worker, at=NOON + DAY, dice=EVEN).then_nothing()
    given(*done).when(calls.reissue, at=NOON + DAY).then_nothing()
    facts = {"buyer": ann, "channel": "wechatpay", "paid": Money(990), "at": NOON}
    given(*done).when(refunds.request, debt=OWED, **facts).then_nothing()
    assert isinstance(REQUESTED, RefundRequested)
