"""An order's timeline in plain words: what happened, when, and the facts that matter about it."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from markupsafe import Markup

from read_api.console.formats import moment
from read_api.console.pieces import Step, timeline
from read_api.console.texts_events import EVENTS
from read_api.console.view import View

TONES: Final = {
    "good": {
        "order.paid.v1", "order.readied.v1", "order.refunded.v1", "group.succeeded.v1", "group.started.v1",
        "refund.succeeded.v1", "refund.paid_elsewhere.v1", "payment.captured.v1", "refund.confirmed_by_bill.v1",
    },
    "info": {
        "order.placed.v1", "order.payment_started.v1", "payment.requested.v1", "payment.prepared.v1",
        "refund.requested.v1", "refund.attempt_started.v1", "refund.attempt_accepted.v1", "refund.reissued.v1",
        "refund.retried.v1", "refund.resolution_approved.v1",
    },
    "warn": {
        "order.late_paid.v1", "order.refund_owed.v1", "group.failed.v1", "refund.attempt_in_doubt.v1",
        "refund.closed.v1", "refund.returned.v1", "refund.proposed.v1", "refund.resolution_proposed.v1",
        "refund.resolution_declined.v1",
    },
    "bad": {
        "order.refund_escalated.v1", "refund.attempt_rejected.v1", "refund.abnormal.v1", "refund.escalated.v1",
        "refund.witnesses_differ.v1",
    },
}  # fmt: skip
TONE_OF: Final = {kind: tone for tone, kinds in TONES.items() for kind in kinds}


def steps(view: View, entries: Iterable[Mapping[str, Any]]) -> Markup:
    return timeline(step(view, entry) for entry in entries)


def step(view: View, entry: Mapping[str, Any]) -> Step:
    """A short title of ours, and the sentence that the API makes of this very event."""
    kind = entry["kind"]
    title = view.either(*EVENTS[kind]) if kind in EVENTS else kind
    sentence = view.either(entry["zh"], entry["en"])
    return Step(moment(entry["at"]), title, sentence, TONE_OF.get(kind, ""))
