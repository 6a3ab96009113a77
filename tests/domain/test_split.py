"""Channel splits: who gets what is settled once, within the ratio, before the freeze ends, and comes back pro rata."""

from itertools import permutations
from typing import Any
from uuid import UUID

import pytest

from domain import split as splits
from domain import split_calls as calls
from domain import split_plans as plans
from domain import split_words as words
from domain.attempts import ATTEMPT_LIFE, NotYourAttempt
from domain.events.split import (
    Receiver,
    SplitEvent,
    SplitFinished,
    SplitFreezeWarned,
    SplitReturned,
    SplitReturnRequested,
    SplitUnfrozen,
)
from domain.ids import RefundId
from domain.money import ZERO, Money
from domain.split import SPLIT, SplitNotFound, next_step
from domain.split_calls import SplitGoesOn
from domain.split_plans import (
    ChannelCannotSplit,
    FreezeOver,
    NothingToReturn,
    SplitOverRatio,
    SplitReceiverTwice,
    SplitShareUnfit,
    warn_at,
)
from domain.split_rules import TERMS, WECHATPAY, part_back, retry_class
from tests.builders import DAY, HOUR, MINUTE, NOON, payment
from tests.given import given_for
from tests.splits import (
    ENDS,
    EVEN,
    LEADER,
    OTHER,
    PAID,
    PAID_AT,
    US,
    WORKER,
    O,
    S,
    U,
    X,
    accepted,
    back,
    closed,
    escalated,
    finished,
    requested,
    split,
    started,
    told,
    unfrozen,
)

given = given_for(SPLIT)
PLAN: dict[str, Any] = {
    "split_id": X,
    "order_id": O,
    "payment_id": payment(1),
    "channel": "wechatpay",
    "transaction_id": "T1",
    "paid": PAID,
    "paid_at": PAID_AT,
    "receivers": [US, LEADER],
    "max_ratio": None,
    "at": NOON,
}
REFUND = RefundId(UUID(int=0x3F))
SHARED = (requested(), started(), accepted(), finished(US), finished(LEADER))


def test_a_plan_stands_once_for_an_order() -> None:
    given().when(plans.request, **PLAN).then(requested())


def test_a_plan_beyond_the_ratio_is_refused_and_one_at_it_is_not() -> None:
    at_it = [Receiver("platform", "a", Money(21_00), ZERO)]
    beyond = [*at_it, Receiver("leader", "b", Money(1), ZERO)]
    assert given().when(plans.request, **PLAN | {"receivers": at_it})._act()
    given().when(plans.request, **PLAN | {"receivers": beyond}).rejected(
        SplitOverRatio, max_ratio=3000
    )
    less = PLAN | {"max_ratio": 1000}
    given().when(plans.request, **less).rejected(SplitOverRatio, max_ratio=1000)


def test_a_plan_that_makes_no_sense_is_refused() -> None:
    given().when(plans.request, **PLAN | {"receivers": [US, US]}).rejected(SplitReceiverTwice)
    for unfit in (Receiver("platform", "a", ZERO, ZERO), Receiver("platform", "a", Money(1), Money(2))):  # fmt: skip
        given().when(plans.request, **PLAN | {"receivers": [unfit]}).rejected(SplitShareUnfit)
    given().when(plans.request, **PLAN | {"channel": "cash"}).rejected(ChannelCannotSplit)
    given().when(plans.request, **PLAN | {"at": ENDS}).rejected(FreezeOver)


def test_an_ordinary_merchants_money_is_frozen_for_30_days_and_a_platform_merchants_for_180() -> (
    None
):
    assert TERMS["wechatpay"].freeze == 30 * DAY
    assert TERMS["wechatpay_ecommerce"].freeze == 180 * DAY
    assert warn_at(PAID_AT, ENDS) == PAID_AT + 24 * DAY


# --- the sharing, then the rest --------------------------------------------------------------------


def test_when_everybody_has_a_share_the_rest_is_unfrozen_and_then_nothing_is_left() -> None:
    both = told(S, (US.account, "success", 880), (LEADER.account, "success", 300))
    asked = given(requested(), started()).when(words.hear, word=both, at=NOON, dice=EVEN)
    asked.then(accepted(), finished(US), finished(LEADER))
    state = SPLIT.fold(SHARED)
    assert (state.call, state.asking.number, state.frozen) == ("unfreeze", U, Money(58_20))
    assert next_step(state, NOON) == "call"
    rest = words.hear(
        splits.after(state, (started(2, "unfreeze", U),)),
        told(U, ("MERCHANT", "success", 5820)),
        at=NOON,
        dice=EVEN,
    )
    assert rest[-1] == unfrozen(Money(58_20))
    over = splits.after(state, (started(2, "unfreeze", U), *rest))
    assert (over.frozen, next_step(over, NOON)) == (ZERO, "over")


def test_a_receiver_that_is_shut_out_is_for_people_before_the_rest_is_unfrozen() -> None:
    both = told(S, (US.account, "success", 880), (LEADER.account, "closed", 300, "NO_RELATION"))
    asked = given(requested(), started()).when(words.hear, word=both, at=NOON, dice=EVEN)
    asked.then(
        accepted(),
        finished(US),
        closed(),
        escalated("receiver_closed", f"{LEADER.account}: NO_RELATION"),
    )
    state = SPLIT.fold((*SHARED[:4], closed(), escalated("receiver_closed", "")))
    assert (next_step(state, NOON), state.frozen) == ("people", Money(61_20))
    (retried,) = calls.retry(state, at=NOON)
    assert next_step(splits.after(state, (retried,)), NOON) == "call"


def test_what_goes_on_by_itself_is_not_retried_by_people() -> None:
    given(requested()).when(calls.retry, at=NOON).rejected(SplitGoesOn)
    given().when(calls.retry, at=NOON).rejected(SplitNotFound)


WORDS = (
    told(S, (US.account, "pending", 880), (LEADER.account, "pending", 300)),
    told(S, (US.account, "success", 880), (LEADER.account, "pending", 300), evidence="query"),
    told(S, (US.account, "success", 880), (LEADER.account, "success", 300), evidence="query"),
    told(S, known=False, evidence="query"),
)


@pytest.mark.parametrize("turns", list(permutations(range(len(WORDS)))), ids=str)
def test_in_whatever_order_words_come_everybody_gets_a_share_once(turns: tuple[int, ...]) -> None:
    state = split(started())
    happened: list[SplitFinished] = []
    for n, index in enumerate((*turns, *turns)):
        events = words.hear(state, WORDS[index], at=NOON + n * MINUTE, dice=EVEN)
        happened += [event for event in events if isinstance(event, SplitFinished)]
        state = splits.after(state, events)
    assert [event.receiver for event in happened] in ([US, LEADER], [LEADER, US])
    assert state.trouble is None
    assert state.call == "unfreeze"


def test_a_word_against_the_last_one_is_for_people() -> None:
    other = told(S, (US.account, "closed", 880, "X"), evidence="query")
    asked = given(*SHARED).when(words.hear, word=other, at=NOON, dice=EVEN)
    asked.then(escalated("witnesses_differ", f"{S} {US.account}: finished, told closed"))
    less = told(S, (US.account, "success", 879))
    asked = given(requested(), started()).when(words.hear, word=less, at=NOON, dice=EVEN)
    asked.then(escalated("witnesses_differ", f"{S} {US.account}: 880 fen, told 879"))


def test_a_number_of_nobody_is_refused() -> None:
    given(requested()).when(words.hear, word=told(S), at=NOON, dice=EVEN).rejected(SplitNotFound)
    asked = given(requested(), started()).when(words.hear, word=told("x"), at=NOON, dice=EVEN)
    asked.rejected(SplitNotFound)


def test_a_dead_worker_leaves_a_doubt_and_a_late_one_records_nothing() -> None:
    (doubt,) = calls.give_up_on_worker(split(started()), at=NOON + ATTEMPT_LIFE, dice=EVEN)
    assert doubt.cause == "worker_died"
    late = {"attempt": 1, "worker": OTHER, "cause": "reset", "at": NOON, "dice": EVEN}
    given(requested(), started()).when(calls.doubt, **late).rejected(NotYourAttempt)


@pytest.mark.parametrize("code", sorted(WECHATPAY))
def test_every_no_of_the_channel_has_a_class(code: str) -> None:
    no = {"attempt": 1, "worker": WORKER, "message": "不行", "at": NOON, "dice": EVEN}
    state = split(started())
    after = splits.after(state, calls.reject(state, code=code, **no))  # type: ignore[arg-type]
    people = retry_class("wechatpay", code) == "needs_human"
    assert (after.trouble == "rejected") is people


def test_a_no_that_says_to_ask_first_for_ever_ends_with_people() -> None:
    no: dict[str, Any] = {"worker": WORKER, "message": "", "at": NOON, "dice": EVEN}
    state = split(started(10))
    events = calls.reject(state, attempt=10, code="INVALID_REQUEST", **no)
    assert splits.after(state, events).trouble == "rejected"


# --- what refunds ask back --------------------------------------------------------------------------


def test_each_receiver_bears_its_part_of_a_refund_under_a_number_of_its_own() -> None:
    ask = {"refund_id": REFUND, "amount": Money(35_00), "at": NOON}
    given(*SHARED).when(plans.ask_back, **ask).then(
        SplitReturnRequested(
            X, O, REFUND, Money(35_00), back(0), Receiver("platform", US.account, Money(4_40), Money(25)), NOON, NOON
        ),
        SplitReturnRequested(
            X, O, REFUND, Money(35_00), back(1), Receiver("leader", LEADER.account, Money(1_50), ZERO), NOON, NOON
        ),
    )  # fmt: skip


@pytest.mark.parametrize("parts", [(7000,), (1, 6999), (3333, 3333, 334), (10, 20, 30, 6940)])
def test_refunds_in_parts_take_back_what_one_refund_of_their_sum_would(parts: tuple[int, ...]) -> None:  # fmt: skip
    state = SPLIT.fold(SHARED)
    for n, fen in enumerate(parts):
        refund = RefundId(UUID(int=n + 1))
        state = splits.after(
            state, plans.ask_back(state, refund_id=refund, amount=Money(fen), at=NOON)
        )
    taken = {US.account: 0, LEADER.account: 0}
    tax = 0
    for one in state.returns.values():
        taken[one.receiver.account] += one.receiver.amount.fen
        tax += one.receiver.vat.fen
        assert one.receiver.amount.fen >= one.receiver.vat.fen >= 0
    assert taken == {US.account: 880, LEADER.account: 300}
    assert tax == 50


def test_nothing_comes_back_of_an_order_that_was_not_shared_out() -> None:
    ask = {"refund_id": REFUND, "amount": Money(35_00), "at": NOON}
    given(requested()).when(plans.ask_back, **ask).rejected(NothingToReturn)
    given().when(plans.ask_back, **ask).rejected(SplitNotFound)


def test_returns_go_before_the_unfreezing_and_one_that_fails_is_for_people() -> None:
    state = SPLIT.fold((requested(), started(), accepted(), finished(US)))
    wanted = plans.ask_back(state, refund_id=REFUND, amount=PAID, at=NOON)
    state = splits.after(state, (*wanted, finished(LEADER)))
    assert (state.call, state.asking.number) == ("return", back(0))
    begun = splits.after(state, (started(2, "return", back(0)),))
    heard = words.hear(begun, told(back(0), (US.account, "closed", 880, "BALANCE_NOT_ENOUGH")), at=NOON, dice=EVEN)  # fmt: skip
    after = splits.after(begun, heard)
    assert after.trouble == "return_failed"
    heard = words.hear(begun, told(back(0), (US.account, "success", 880)), at=NOON, dice=EVEN)
    assert isinstance(heard[-1], SplitReturned)
    assert splits.after(begun, heard).call == "unfreeze"


@pytest.mark.parametrize("refunded", range(0, 7001, 500))
def test_a_part_back_is_never_more_than_the_share_nor_less_than_its_part(refunded: int) -> None:
    part = part_back(Money(880), PAID, Money(refunded)).fen
    assert 880 * refunded / 7000 <= part <= 880


# --- the freeze -------------------------------------------------------------------------------------


def test_the_guard_warns_once_while_something_is_frozen() -> None:
    at = PAID_AT + 24 * DAY
    warned = SplitFreezeWarned(X, O, PAID, ENDS, at)
    given(requested()).when(plans.warn, at=at).then(warned)
    rest: tuple[SplitEvent, ...] = (*SHARED, unfrozen(Money(58_20)))
    given(*rest).when(plans.warn, at=at).then_nothing()


def test_what_unfreezes_by_itself_is_lost_to_the_plan_and_people_hear_of_it() -> None:
    events = plans.end_freeze(split(), at=ENDS)
    after = splits.after(split(), events)
    assert isinstance(events[0], SplitUnfrozen)
    assert (events[0].amount, events[0].evidence) == (PAID, "expiry")
    assert (after.trouble, next_step(after, ENDS)) == ("frozen_out", "over")
    assert plans.end_freeze(split(), at=ENDS - MINUTE) == ()
    assert plans.end_freeze(after, at=ENDS + HOUR) == ()


def test_while_a_call_is_under_way_over_the_end_the_channel_is_asked() -> None:
    state = split(started(at=ENDS - MINUTE))
    assert splits.after(state, plans.end_freeze(state, at=ENDS)).trouble == "frozen_out"
    assert not splits.after(state, plans.end_freeze(state, at=ENDS)).unfrozen


def test_after_the_shares_only_the_rest_unfreezes() -> None:
    events = plans.end_freeze(SPLIT.fold(SHARED), at=ENDS)
    assert [type(event) for event in events] == [SplitUnfrozen]
