"""The payout desk: two people, bound to what both saw, and never anything that could pay twice."""

from typing import Any

import pytest

from domain import payout as payouts
from domain import payout_desk as desk
from domain.attempts import ATTEMPT_LIFE, WORDS_LIVE
from domain.events.payout import PayoutEvent, PayoutFailed, PayoutResolutionApproved
from domain.four_eyes import ProposalPending, ProposalStale, ProposalUnknown, SamePerson
from domain.ids import ProposalId
from domain.payout import PAYOUT, Payout, PayoutNotFound, Status
from domain.payout_desk import (
    BankAccountMissing,
    PayoutActionUnsafe,
    PayoutCallUnderWay,
    PayoutGoesOn,
)
from tests.builders import HOUR, NOON
from tests.given import given_for
from tests.payouts import (
    ONE,
    OTHER,
    WISH,
    accepted,
    awaiting,
    confirmed,
    doubt,
    escalated,
    failed,
    initiated,
    no,
    payout,
    proposed,
    returned,
    started,
)

given = given_for(PAYOUT)
REFUSED = (started(), no(retry="needs_human"), escalated("rejected"))
LONG_AFTER = NOON + HOUR
ASK: dict[str, Any] = {
    "proposal_id": WISH,
    "action": "reissue",
    "payee": "",
    "note": "",
    "by": "cat",
    "at": LONG_AFTER,
}


def shown(state: Payout, **changes: Any) -> tuple[Payout, str]:
    events = desk.propose(state, **ASK | changes)
    return payouts.after(state, events), events[0].shown


def test_a_number_that_was_never_taken_on_is_given_up_when_two_agree() -> None:
    state, digest = shown(payout(*REFUSED))
    yes = desk.approve(state, proposal_id=WISH, shown=digest, by="dan", at=LONG_AFTER)
    assert [type(event) for event in yes] == [PayoutResolutionApproved, PayoutFailed]
    after = payouts.after(state, yes)
    assert (after.status, after.ended, after.trouble) == (Status.FAILED, {ONE: "failed"}, None)


def test_another_account_of_the_merchant_is_paid_when_two_agree() -> None:
    state, digest = shown(
        payout(started(), accepted(), failed("X"), escalated("rejected")),
        payee="sealed:another",
    )
    yes = desk.approve(state, proposal_id=WISH, shown=digest, by="dan", at=LONG_AFTER)
    assert payouts.after(state, yes).payee == "sealed:another"


def test_who_proposed_may_not_approve_and_who_saw_something_else_neither() -> None:
    state, digest = shown(payout(*REFUSED))
    yes = {"proposal_id": WISH, "shown": digest, "by": "dan", "at": LONG_AFTER}
    asked = given(initiated(), *REFUSED, proposed("reissue"))
    asked.when(desk.approve, **yes | {"by": "cat"}).rejected(SamePerson)
    asked.when(desk.approve, **yes | {"shown": "0" * 64}).rejected(ProposalStale)
    asked.when(desk.approve, **yes | {"proposal_id": OTHER}).rejected(ProposalUnknown)
    changed = payouts.after(state, (doubt(),))
    with pytest.raises(ProposalStale):
        desk.approve(changed, **yes)  # type: ignore[arg-type]


def test_one_proposal_at_a_time_and_it_can_be_declined() -> None:
    asked = given(initiated(), *REFUSED, proposed("reissue"))
    asked.when(desk.propose, **ASK | {"proposal_id": ProposalId(OTHER)}).rejected(ProposalPending)
    state = payout(*REFUSED, proposed("reissue"))
    declined = desk.decline(state, proposal_id=WISH, note="no", by="cat", at=NOON)
    assert payouts.after(state, declined).proposal is None


def test_nobody_decides_over_a_payout_that_goes_on_by_itself() -> None:
    given(initiated()).when(desk.propose, **ASK).rejected(PayoutGoesOn, status="WAITING")
    given().when(desk.propose, **ASK).rejected(PayoutNotFound)


def test_going_over_to_the_bank_needs_a_bank_account() -> None:
    asked = given(initiated(), *REFUSED)
    asked.when(desk.propose, **ASK | {"action": "reissue_by_bank"}).rejected(BankAccountMissing)


def test_the_account_of_a_live_number_is_never_changed() -> None:
    asked = given(initiated(), *REFUSED)
    asked.when(desk.propose, **ASK | {"action": "retry", "payee": "x"}).rejected(PayoutActionUnsafe)


def test_paying_again_waits_until_a_sleeping_worker_can_do_nothing_any_more() -> None:
    state, digest = shown(payout(*REFUSED))
    until = NOON + ATTEMPT_LIFE + WORDS_LIVE
    with pytest.raises(PayoutCallUnderWay):
        desk.approve(state, proposal_id=WISH, shown=digest, by="dan", at=NOON)
    assert desk.approve(state, proposal_id=WISH, shown=digest, by="dan", at=until)


LIVE: tuple[tuple[PayoutEvent, ...], ...] = (
    (started(),),
    (started(), doubt()),
    (started(), accepted()),
    (started(), accepted(), awaiting()),
    (started(), accepted(), doubt()),
    (started(), accepted(), confirmed()),
)


@pytest.mark.parametrize("history", LIVE)
@pytest.mark.parametrize("action", ["reissue", "reissue_by_bank"])
def test_while_the_money_may_still_arrive_no_other_number_can_be_proposed(
    history: tuple[PayoutEvent, ...], action: str
) -> None:
    asked = given(initiated(), *history, escalated("worker_crashed"))
    asked.when(desk.propose, **ASK | {"action": action}).rejected(PayoutActionUnsafe)


def test_what_came_back_may_go_out_again() -> None:
    back = payout(started(), accepted(), confirmed(), returned(was_confirmed=True))
    assert desk.allowed(back) == ["reissue", "reissue_by_bank"]
