"""S12: people decide in pairs, bound to what both were shown, and never anything that could pay twice."""

from datetime import datetime
from typing import Any

import msgspec
import pytest

from domain import four_eyes
from domain import refund_desk as desk
from domain.attempts import ATTEMPT_LIFE, WORDS_LIVE
from domain.events.refund import (
    Action,
    RefundEvent,
    RefundPaidElsewhere,
    RefundResolutionApproved,
    RefundResolutionDeclined,
    RefundReturned,
)
from domain.ids import ProposalId
from domain.money import Money
from domain.refund import REFUND, RefundNotFound, Status, after
from tests.builders import DAY, NOON, SECOND, order
from tests.given import Given, given_for
from tests.refunds import (
    ONE,
    REQUESTED,
    P,
    R,
    abnormal,
    accepted,
    closed,
    doubt,
    escalated,
    no,
    refund,
    started,
)

RETURNED = RefundReturned(R, order(1), ONE, Money(990), "query", NOON)
IN_TROUBLE: dict[str, tuple[RefundEvent, ...]] = {
    "never asked": (escalated("too_old"),),
    "rejected": (started(1), no(1), escalated("rejected")),
    "in doubt": (started(1), doubt(1), escalated("worker_crashed")),
    "processing": (started(1), accepted(1), escalated("witnesses_differ")),
    "closed": (started(1), accepted(1), closed(), escalated("closed_again")),
    "abnormal": (started(1), accepted(1), abnormal(), escalated("abnormal")),
    "return refused": (
        *(started(1), accepted(1), abnormal(), escalated("abnormal")),
        *(started(2, call="return"), no(2), escalated("rejected")),
    ),
    "returned": (started(1), accepted(1), abnormal(), RETURNED, escalated("returned")),
}
OPEN: dict[str, set[Action]] = {  # written out by hand: this is what costs money
    "never asked": {"retry", "reissue", "paid_elsewhere"},
    "rejected": {"retry", "reissue", "paid_elsewhere"},
    "in doubt": {"retry"},
    "processing": {"retry"},
    "closed": {"reissue", "paid_elsewhere"},
    "abnormal": {"return"},
    "return refused": {"retry"},
    "returned": {"paid_elsewhere"},
}
ACTIONS: tuple[Action, ...] = ("retry", "reissue", "return", "paid_elsewhere", "keep", "pay")
LATER = NOON + DAY


def given(*history: RefundEvent) -> Given:
    return given_for(REFUND)(REQUESTED, *history)


def wish(action: Action, *history: RefundEvent, at: datetime = LATER, **more: Any) -> Any:
    said = {"reference": "回单 77", "note": "", "by": "cat", "proposal_id": P, **more}
    (proposed,) = desk.propose(refund(*history), action=action, at=at, **said)
    return proposed


def agreeing(proposed: Any, **more: Any) -> dict[str, Any]:
    return {"proposal_id": P, "shown": proposed.shown, "by": "dan", "at": LATER} | more


def changed(field: str) -> dict[str, Any]:
    return {field: "别的"}


@pytest.mark.parametrize("name", IN_TROUBLE)
def test_only_what_cannot_pay_twice_may_be_proposed(name: str) -> None:
    found = set()
    for action in ACTIONS:
        if action in OPEN[name]:
            found.add(wish(action, *IN_TROUBLE[name]).action)
            continue
        with pytest.raises(desk.ActionUnsafe) as unsafe:
            wish(action, *IN_TROUBLE[name])
        assert set(str(unsafe.value.facts["allowed"]).split()) == OPEN[name]
    assert found == OPEN[name]


def test_nothing_is_proposed_for_what_goes_on_by_itself() -> None:
    facts = {"reference": "", "note": "", "by": "cat", "at": NOON, "proposal_id": P}
    for history in ((), (started(1),), (started(1), doubt(1)), (started(1), accepted(1))):
        given(*history).when(desk.propose, action="retry", **facts).rejected(desk.NothingToDecide)
    given_for(REFUND)().when(desk.propose, action="retry", **facts).rejected(RefundNotFound)


def test_one_proposal_at_a_time_and_the_same_again_is_the_same() -> None:
    facts = {"reference": "", "note": "", "by": "cat", "at": LATER, "action": "retry"}
    rejected = IN_TROUBLE["rejected"]
    first = wish("retry", *rejected, reference="")
    given(*rejected).when(desk.propose, proposal_id=P, **facts).then(first)
    another = ProposalId(order(77))
    given(*rejected, first).when(desk.propose, proposal_id=another, **facts).rejected(
        four_eyes.ProposalPending
    )


def test_a_payment_by_another_way_needs_its_reference() -> None:
    facts = {"note": "", "by": "cat", "at": LATER, "proposal_id": P, "reference": ""}
    given(*IN_TROUBLE["closed"]).when(desk.propose, action="paid_elsewhere", **facts).rejected(
        desk.ReferenceMissing
    )


def test_another_person_who_was_shown_the_same_agrees() -> None:
    closed_again = IN_TROUBLE["closed"]
    proposed = wish("reissue", *closed_again)
    yes = RefundResolutionApproved(R, P, "reissue", "dan", LATER, LATER)
    given(*closed_again, proposed).when(desk.approve, **agreeing(proposed)).then(yes)
    given(*closed_again, proposed).when(desk.approve, **agreeing(proposed, by="cat")).rejected(
        four_eyes.SamePerson
    )
    unknown = agreeing(proposed, proposal_id=ProposalId(order(77)))
    given(*closed_again, proposed).when(desk.approve, **unknown).rejected(four_eyes.ProposalUnknown)


def test_what_was_shown_names_everything_that_matters() -> None:
    """Whoever changes the reference, the note or the person behind a proposal changes the digest too."""
    usual = wish("paid_elsewhere", *IN_TROUBLE["closed"]).shown
    others = {
        wish("paid_elsewhere", *IN_TROUBLE["closed"], **changed(field)).shown
        for field in ("reference", "note", "by")
    }
    others.add(wish("reissue", *IN_TROUBLE["closed"]).shown)
    others.add(wish("paid_elsewhere", *IN_TROUBLE["rejected"]).shown)
    assert len(others | {usual}) == 6


def test_what_happened_since_the_proposal_makes_it_stale() -> None:
    history = IN_TROUBLE["processing"]
    proposed = wish("retry", *history)
    changed = (*history, proposed, abnormal())
    given(*changed).when(desk.approve, **agreeing(proposed)).rejected(four_eyes.ProposalStale)
    given(*history, proposed).when(desk.approve, **agreeing(proposed, shown="0" * 64)).rejected(
        four_eyes.ProposalStale
    )


def test_a_new_trouble_takes_the_proposal_away() -> None:
    history = IN_TROUBLE["processing"]
    proposed = wish("retry", *history)
    given(*history, proposed, escalated("abnormal")).when(
        desk.approve, **agreeing(proposed)
    ).rejected(four_eyes.ProposalUnknown)


@pytest.mark.parametrize("action", ["reissue", "paid_elsewhere"])
def test_s17_paying_again_waits_until_a_sleeping_worker_cannot_call_any_more(
    action: Action,
) -> None:
    """It signs before its deadline or not at all, and the channel hears nothing signed five minutes ago."""
    never_heard = (started(1), no(1), escalated("rejected"))
    proposed = wish(action, *never_heard)
    until = NOON + ATTEMPT_LIFE + WORDS_LIVE
    early = agreeing(proposed, at=until - SECOND)
    given(*never_heard, proposed).when(desk.approve, **early).rejected(
        desk.CallMayBeUnderWay, until=until.isoformat()
    )
    assert desk.approve(refund(*never_heard, proposed), **agreeing(proposed, at=until))


def test_s17_what_the_channel_ended_itself_does_not_have_to_wait() -> None:
    history = IN_TROUBLE["closed"]
    proposed = wish("reissue", *history)
    assert desk.approve(refund(*history, proposed), **agreeing(proposed, at=NOON))


def test_paid_elsewhere_is_the_end_and_says_where_our_money_is() -> None:
    for name, returned in (("closed", False), ("returned", True)):
        history = IN_TROUBLE[name]
        proposed = wish("paid_elsewhere", *history)
        yes, paid = desk.approve(refund(*history, proposed), **agreeing(proposed))
        assert isinstance(yes, RefundResolutionApproved)
        assert paid == RefundPaidElsewhere(R, order(1), Money(990), "回单 77", returned, LATER)
        assert after(refund(*history, proposed), (yes, paid)).status is Status.PAID_ELSEWHERE


@pytest.mark.parametrize(
    ("name", "action", "status"),
    [
        ("rejected", "retry", Status.WAITING),
        ("rejected", "reissue", Status.CLOSED),
        ("in doubt", "retry", Status.IN_DOUBT),
        ("processing", "retry", Status.PROCESSING),
        ("abnormal", "return", Status.WAITING),
        ("return refused", "retry", Status.WAITING),
    ],
)
def test_what_two_agreed_on_goes_on_by_itself(name: str, action: Action, status: Status) -> None:
    history = IN_TROUBLE[name]
    proposed = wish(action, *history)
    then = after(
        refund(*history, proposed), desk.approve(refund(*history, proposed), **agreeing(proposed))
    )
    assert (then.status, then.trouble, then.next_at) == (status, None, LATER)
    assert then.call == ("return" if name == "return refused" or action == "return" else "refund")


def test_a_declined_proposal_leaves_the_debt_with_people() -> None:
    history = IN_TROUBLE["rejected"]
    proposed = wish("retry", *history)
    no_thanks = {"proposal_id": P, "note": "先查", "by": "cat", "at": LATER}
    declined = RefundResolutionDeclined(R, P, "先查", "cat", LATER)
    given(*history, proposed).when(desk.decline, **no_thanks).then(declined)
    state = refund(*history, proposed, declined)
    assert (state.trouble, state.proposal, state.status) == ("rejected", None, Status.NO_FUNDS)
    given(*history).when(desk.decline, **no_thanks).rejected(four_eyes.ProposalUnknown)


def test_s14_what_is_over_is_only_kept() -> None:
    differs = (
        *(started(1), accepted(1), closed()),
        RefundPaidElsewhere(R, order(1), Money(990), "回单 77", False, NOON),
        escalated("witnesses_differ"),
    )
    proposed = wish("keep", *differs)
    for action in ACTIONS[:4]:
        facts = {"reference": "x", "note": "", "by": "cat", "at": LATER, "proposal_id": P}
        given(*differs).when(desk.propose, action=action, **facts).rejected(desk.ActionUnsafe)
    kept = desk.approve(refund(*differs, proposed), **agreeing(proposed))
    then = after(refund(*differs, proposed), kept)
    assert (then.status, then.trouble) == (Status.PAID_ELSEWHERE, None)
    assert msgspec.structs.asdict(then)["proposal"] is None
