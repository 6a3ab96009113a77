"""What the channel and the bank say about a payout: accepted is not paid, and nothing is believed twice."""

from datetime import timedelta
from itertools import permutations
from typing import Any

import pytest

from domain import payout as payouts
from domain import payout_words as words
from domain.attempts import UNSEEN_GAP
from domain.events.payout import (
    PayoutConfirmed,
    PayoutQueried,
    PayoutRetried,
    PayoutWitnessesDiffer,
)
from domain.money import Money
from domain.payout import PAYOUT, PayoutNotFound, Status, next_step
from tests.builders import HOUR, MINUTE, NOON, SECOND
from tests.given import Given, given_for
from tests.payouts import (
    EVEN,
    ONE,
    TWO,
    P,
    accepted,
    awaiting,
    confirmed,
    doubt,
    escalated,
    failed,
    in_file,
    initiated,
    payout,
    reissued,
    returned,
    said,
    started,
)

given = given_for(PAYOUT)


def heard(*history: Any, **word: Any) -> Given:
    at = word.pop("at", NOON)
    return given(*history).when(words.hear, word=said(**word), at=at, dice=EVEN)


def test_accepted_is_in_transit_and_not_paid() -> None:
    heard(initiated(), started(), seen="processing", evidence="reply").then(accepted())
    assert payout(started(), accepted()).status is Status.IN_TRANSIT


def test_a_payee_who_has_to_confirm_is_not_paid_either() -> None:
    asked = heard(
        initiated(), started(), seen="awaiting_payee", evidence="reply", package="package"
    )
    asked.then(accepted(), awaiting())
    waits = payout(started(), accepted(), awaiting())
    assert waits.status is Status.AWAITING_PAYEE
    assert next_step(waits, NOON + HOUR) == "query"


def test_only_what_is_confirmed_is_paid() -> None:
    asked = heard(initiated(), started(), accepted(), seen="confirmed")
    asked.then(confirmed())
    assert payout(started(), accepted(), confirmed()).status is Status.CONFIRMED


def test_a_payee_who_lets_it_lapse_leaves_it_payable() -> None:
    asked = heard(initiated(), started(), accepted(), awaiting(), seen="failed", code="OVERDUE_CLOSE")  # fmt: skip
    asked.then(failed())


def test_an_account_that_is_wrong_calls_people_with_the_failure() -> None:
    asked = heard(initiated(), started(), accepted(), seen="failed", code="ACCOUNT_FROZEN")
    asked.then(failed("ACCOUNT_FROZEN"), escalated("rejected", "it failed: ACCOUNT_FROZEN"))


def test_a_bank_that_sends_back_what_it_had_paid_says_that_it_had_left_us() -> None:
    by_bank: dict[str, Any] = {"route": "bank_file", "channel": "bank"}
    paid = (
        initiated("bank_file"),
        in_file(),
        accepted(evidence="bank_file", channel="bank"),
        confirmed(evidence="bank_file", **by_bank),
    )
    asked = heard(*paid, seen="returned", evidence="bank_file", code="NO_SUCH_ACCOUNT")
    asked.then(
        returned(was_confirmed=True),
        escalated("returned", "the bank sent it back: NO_SUCH_ACCOUNT"),
    )
    back = PAYOUT.fold((*paid, returned(was_confirmed=True)))
    assert back.status is Status.RETURNED


def test_a_number_that_never_was_ours_or_never_went_out_is_refused() -> None:
    heard(initiated(), seen="confirmed").rejected(PayoutNotFound)
    heard(initiated(), started(), seen="confirmed", number=TWO).rejected(PayoutNotFound)


def test_never_heard_of_it_is_believed_at_the_second_look() -> None:
    doubted = (initiated(), started(), doubt())
    at = NOON + 10 * SECOND
    first = PayoutQueried(P, ONE, "not_found", "query", at + 10 * SECOND, at)
    once = words.hear(PAYOUT.fold(doubted), said("not_found"), at=at, dice=EVEN)
    assert once == (first,)
    soon, later = at + UNSEEN_GAP - SECOND, at + UNSEEN_GAP
    again = words.hear(PAYOUT.fold((*doubted, first)), said("not_found"), at=soon, dice=EVEN)
    assert isinstance(again[0], PayoutQueried)
    believed = words.hear(PAYOUT.fold((*doubted, first)), said("not_found"), at=later, dice=EVEN)
    assert believed == (PayoutRetried(P, ONE, later, later),)


def test_a_number_that_was_taken_on_and_is_forgotten_is_for_people() -> None:
    state = payout(started(), accepted())
    at = NOON
    for _ in range(10):
        at += timedelta(minutes=40)
        events = words.hear(state, said("not_found"), at=at, dice=EVEN)
        state = payouts.after(state, events)
    assert state.trouble == "witnesses_differ"
    assert state.status is Status.IN_TRANSIT  # and nothing is tried under another number


@pytest.mark.parametrize("seen", ["confirmed", "failed"])
def test_a_word_against_the_last_one_is_kept_and_people_are_called(seen: str) -> None:
    first = confirmed() if seen == "failed" else failed()
    known = "confirmed" if seen == "failed" else "failed"
    asked = heard(initiated(), started(), accepted(), first, seen=seen)
    told = PayoutWitnessesDiffer(P, ONE, known, seen, "query", NOON)
    detail = f"{ONE}: {known}, but the query says {seen}"
    asked.then(told, escalated("witnesses_differ", detail))


def test_another_amount_is_no_word_about_this_payout() -> None:
    asked = heard(initiated(), started(), seen="confirmed", amount=Money(1))
    told = PayoutWitnessesDiffer(P, ONE, "7920 fen", "1 fen", "query", NOON)
    detail = f"{ONE}: 7920 fen, but the query says 1 fen"
    asked.then(told, escalated("witnesses_differ", detail))


def test_an_old_number_that_pays_after_all_calls_people_while_the_new_one_waits() -> None:
    history = (started(), accepted(), failed(), reissued(), started(2, number=TWO))
    state = payout(*history)
    events = words.hear(state, said("confirmed"), at=NOON, dice=EVEN)
    after = payouts.after(state, events)
    assert after.trouble == "witnesses_differ"
    assert not any(isinstance(event, PayoutConfirmed) for event in events)


WORDS = (
    said("processing", "reply"),
    said("awaiting_payee", package="package"),
    said("awaiting_payee"),
    said("confirmed"),
    said("not_found"),
)


@pytest.mark.parametrize("order", list(permutations(range(len(WORDS)))), ids=str)
def test_in_whatever_order_words_come_it_is_confirmed_once(order: tuple[int, ...]) -> None:
    state = payout(started())
    happened: list[Any] = []
    for turn, index in enumerate((*order, *order)):
        at = NOON + turn * MINUTE
        events = words.hear(state, WORDS[index], at=at, dice=EVEN)
        happened += events
        state = payouts.after(state, events)
    assert state.status is Status.CONFIRMED
    assert sum(isinstance(event, PayoutConfirmed) for event in happened) == 1
    assert state.trouble is None
