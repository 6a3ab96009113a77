"""Hearing the channel: by whatever way, in whatever order, however often, the same in the end."""

from collections.abc import Sequence
from itertools import permutations
from typing import Any

import msgspec
import pytest
from hypothesis import given as given_by
from hypothesis import strategies as st

from domain import refund_words as words
from domain.attempts import FORGOTTEN_LOOKS
from domain.events.refund import (
    RefundConfirmedByBill,
    RefundEscalated,
    RefundEvent,
    RefundQueried,
    RefundRetried,
    RefundReturned,
    RefundSucceeded,
    RefundWitnessesDiffer,
)
from domain.money import Money
from domain.refund import REFUND, Refund, RefundNotFound, Status, after
from domain.refund_words import Word
from tests.builders import DAY, MINUTE, NOON, SECOND, order
from tests.given import Given, given_for
from tests.refunds import (
    AT_THE_CHANNEL,
    EVEN,
    NUMBERS,
    ONE,
    REQUESTED,
    R,
    abnormal,
    accepted,
    closed,
    doubt,
    escalated,
    refund,
    said,
    started,
)

HEARING: dict[str, Any] = {"at": NOON, "dice": EVEN}
SUCCEEDED = RefundSucceeded(
    R, order(1), ONE, AT_THE_CHANNEL, Money(990), "零钱", NOON, "query", NOON
)


def given(*history: RefundEvent, counts: bool = False) -> Given:
    return given_for(REFUND, counts=counts)(REQUESTED, *history)


def queried(seen: str, evidence: str = "query", after: object = MINUTE) -> RefundQueried:
    return RefundQueried(R, ONE, seen, evidence, NOON + after, NOON)  # type: ignore[arg-type, operator]


def arrived(evidence: str) -> Word:
    return said("succeeded", evidence, received_by="零钱", succeeded_at=NOON)  # type: ignore[arg-type]


def test_a_reply_says_that_it_is_taken_on() -> None:
    given(started(1)).when(words.hear, word=said("processing", "reply"), **HEARING).then(
        accepted(1)
    )


def test_a_notification_before_the_reply_says_it_too_and_the_reply_adds_nothing() -> None:
    told = accepted(1, evidence="notification")
    happy = msgspec.structs.replace(SUCCEEDED, evidence="notification")
    given(started(1)).when(words.hear, word=arrived("notification"), **HEARING).then(told, happy)
    given(started(1), told, happy).when(
        words.hear, word=said("processing", "reply"), **HEARING
    ).then_nothing()


def test_s5_a_query_settles_a_doubt_either_way() -> None:
    in_doubt = (started(1), doubt(1))
    given(*in_doubt).when(words.hear, word=arrived("query"), **HEARING).then(
        accepted(1, evidence="query"), SUCCEEDED
    )
    first = words.hear(refund(*in_doubt), said("processing"), **HEARING)
    assert first == (accepted(1, evidence="query"),)


def test_s7_never_heard_of_it_is_believed_at_the_second_look_ten_seconds_after_the_first() -> None:
    looks: list[RefundEvent] = [started(1), doubt(1)]
    unknown = said("not_found")
    for seconds in (0, 5, 9):
        (look,) = words.hear(refund(*looks), unknown, at=NOON + seconds * SECOND, dice=EVEN)
        assert isinstance(look, RefundQueried)
        looks.append(look)
    (believed,) = words.hear(refund(*looks), unknown, at=NOON + 10 * SECOND, dice=EVEN)
    assert isinstance(believed, RefundRetried)
    assert (believed.number, refund(*looks, believed).status) == (ONE, Status.WAITING)


def test_s7_a_single_look_however_late_is_not_believed() -> None:
    (look,) = words.hear(refund(started(1), doubt(1)), said("not_found"), at=NOON + DAY, dice=EVEN)
    assert isinstance(look, RefundQueried)


def test_s7_each_attempt_is_looked_for_anew() -> None:
    seen_off = RefundRetried(R, ONE, NOON, NOON)
    history = (started(1), doubt(1), queried("not_found"), seen_off, started(2), doubt(2))
    (look,) = words.hear(refund(*history), said("not_found"), at=NOON + DAY, dice=EVEN)
    assert isinstance(look, RefundQueried)


def test_what_was_taken_on_and_is_forgotten_again_and_again_is_for_people() -> None:
    looks: list[RefundEvent] = [started(1), accepted(1)]
    for _ in range(FORGOTTEN_LOOKS):
        (look,) = words.hear(refund(*looks), said("not_found"), at=NOON + DAY, dice=EVEN)
        assert isinstance(look, RefundQueried)
        looks.append(look)
    differ, people = words.hear(refund(*looks), said("not_found"), **HEARING)
    assert isinstance(differ, RefundWitnessesDiffer)
    assert isinstance(people, RefundEscalated)
    given(*looks).when(words.hear, word=said("not_found"), **HEARING).then(differ, people)


def test_polls_that_change_nothing_come_later_and_later() -> None:
    polling = given(started(1), accepted(1), counts=True)
    polling.when(words.hear, word=said("processing"), **HEARING).then(queried("processing"))
    given(started(1), accepted(1)).when(
        words.hear, word=said("processing", "notification"), **HEARING
    ).then_nothing()


def test_s6_closed_ends_the_number_and_its_late_words_change_nothing() -> None:
    given(started(1), accepted(1)).when(words.hear, word=said("closed"), **HEARING).then(closed())
    for late in ("processing", "not_found", "closed"):
        given(started(1), accepted(1), closed()).when(
            words.hear,
            word=said(late, "notification"),
            **HEARING,
        ).then_nothing()


def test_an_abnormal_refund_is_for_people_once() -> None:
    found = RefundEscalated(R, order(1), "abnormal", "the buyer's account took nothing", NOON)
    given(started(1), accepted(1)).when(words.hear, word=said("abnormal"), **HEARING).then(
        abnormal(), found
    )


def test_an_abnormal_refund_may_still_arrive_when_the_buyer_mends_the_account() -> None:
    dead = (started(1), accepted(1), abnormal(), escalated("abnormal"))
    happy = msgspec.structs.replace(SUCCEEDED, evidence="notification")
    given(*dead).when(words.hear, word=arrived("notification"), **HEARING).then(happy)
    assert refund(*dead, happy).trouble is None


RETURNING = (
    started(1),
    accepted(1),
    abnormal(),
    escalated("abnormal"),
    started(2, call="return"),
)


def test_s16_returned_money_is_owed_by_another_route() -> None:
    taken = queried("processing", "reply")
    given(*RETURNING).when(words.hear, word=said("processing", "reply"), **HEARING).then(taken)
    back = RefundReturned(R, order(1), ONE, Money(990), "query", NOON)
    detail = "to be paid to the buyer by another route"
    given(*RETURNING, taken).when(words.hear, word=said("succeeded"), **HEARING).then(
        back, RefundEscalated(R, order(1), "returned", detail, NOON)
    )


def test_s16_an_old_word_about_the_abnormal_refund_does_not_undo_its_return() -> None:
    for history in (RETURNING, (*RETURNING, queried("processing", "reply"))):
        given(*history).when(
            words.hear, word=said("abnormal", "notification"), **HEARING
        ).then_nothing()


def test_s16_a_return_that_was_not_heard_is_asked_for_again() -> None:
    unheard = (*RETURNING, doubt(2))
    again = RefundRetried(R, ONE, NOON, NOON)
    given(*unheard).when(words.hear, word=said("abnormal"), **HEARING).then(again)


def test_s16_a_return_that_came_to_nothing_is_for_people_again() -> None:
    taken = (*RETURNING[:3], started(2, call="return"), queried("processing", "reply"))
    people = RefundEscalated(R, order(1), "abnormal", "the buyer's account took nothing", NOON)
    given(*taken).when(words.hear, word=said("abnormal"), **HEARING).then(abnormal(), people)


@pytest.mark.parametrize(
    ("last", "contradiction"),
    [
        (SUCCEEDED, "closed"),
        (SUCCEEDED, "abnormal"),
        (closed(), "succeeded"),
        (closed(), "abnormal"),
    ],
)
def test_words_that_cannot_both_be_true_are_both_kept_and_people_called_once(
    last: RefundEvent, contradiction: str
) -> None:
    known = "succeeded" if last is SUCCEEDED else "closed"
    word = said(contradiction, "notification")  # type: ignore[arg-type]
    differ = RefundWitnessesDiffer(R, ONE, known, contradiction, "notification", NOON)
    detail = f"{ONE}: {known}, but the notification says {contradiction}"
    people = RefundEscalated(R, order(1), "witnesses_differ", detail, NOON)
    given(started(1), accepted(1), last).when(words.hear, word=word, **HEARING).then(differ, people)


def test_another_amount_is_kept_and_for_people() -> None:
    odd = said("succeeded", "query", amount=Money(1))
    (differ, people) = words.hear(refund(started(1)), odd, **HEARING)
    assert isinstance(differ, RefundWitnessesDiffer)
    assert (differ.known, differ.told) == ("990 fen", "1 fen")
    assert isinstance(people, RefundEscalated)


def test_a_number_that_was_never_ours_or_never_sent_is_refused() -> None:
    given().when(words.hear, word=said("succeeded"), **HEARING).rejected(RefundNotFound)
    given(started(1)).when(words.hear, word=said("closed", number=NUMBERS[1]), **HEARING).rejected(
        RefundNotFound
    )
    bill = {"file_sha256": "0" * 64, "line": 3, "at": NOON}
    given().when(words.confirm_by_bill, number=ONE, **bill).rejected(RefundNotFound)
    given_for(REFUND)().when(words.confirm_by_bill, number=ONE, **bill).rejected(RefundNotFound)


def test_s18_the_bill_is_the_last_witness_once_a_file() -> None:
    bill = {"number": ONE, "line": 3, "at": NOON}
    for digest in ("0" * 64, "1" * 64):
        given(started(1), accepted(1), SUCCEEDED).when(
            words.confirm_by_bill, file_sha256=digest, **bill
        ).then(RefundConfirmedByBill(R, ONE, digest, 3, NOON))


# --- the same in the end ----------------------------------------------------------------------

STORIES: dict[str, Sequence[Word]] = {
    "succeeded": [
        said("processing", "reply"),
        arrived("notification"),
        arrived("notification"),
        arrived("query"),
        said("not_found"),
    ],
    "closed": [
        said("processing", "reply"),
        said("closed", "notification"),
        said("closed", "query"),
        said("processing", "notification"),
        said("not_found"),
    ],
    "abnormal": [
        said("processing", "reply"),
        said("abnormal", "notification"),
        said("abnormal", "query"),
        said("abnormal", "notification"),
        said("not_found"),
    ],
}


def outcome(state: Refund) -> tuple[object, ...]:
    """What money depends on: not how often, nor in which order, it was said."""
    return (
        state.status,
        state.trouble,
        state.number,
        state.ended,
        state.accepted and state.status is not Status.CLOSED,
        state.channel_refund_id,
        state.differing,
    )


def heard_in_order(story: Sequence[Word], start: Sequence[RefundEvent]) -> Refund:
    state = refund(*start)
    for n, word in enumerate(story):
        state = after(state, words.hear(state, word, at=NOON + n * SECOND, dice=n))
    return state


@pytest.mark.parametrize("story", STORIES)
@pytest.mark.parametrize("doubted", [False, True], ids=["answered", "in doubt"])
def test_however_the_words_are_ordered_they_end_alike(story: str, doubted: bool) -> None:
    start = (started(1), doubt(1)) if doubted else (started(1),)
    ends = [outcome(heard_in_order(order, start)) for order in permutations(STORIES[story])]
    assert all(end == ends[0] for end in ends)
    assert ends[0][0] == story.upper()


@given_by(
    st.sampled_from(sorted(STORIES)),
    st.lists(st.integers(0, 4), max_size=12),
    st.randoms(use_true_random=False),
)
def test_however_often_words_are_repeated_they_end_alike(
    story: str, repeats: list[int], random: object
) -> None:
    said_once = list(STORIES[story])
    said_often = said_once + [said_once[n] for n in repeats]
    random.shuffle(said_often)  # type: ignore[attr-defined]
    expected = outcome(heard_in_order(said_once, (started(1),)))
    assert outcome(heard_in_order(said_often, (started(1),))) == expected
