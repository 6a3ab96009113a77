"""Payouts that were lived under the code of an earlier day are read by today's, to the same state."""

from pathlib import Path

import msgspec
import pytest

from domain.events.payout import PayoutEvent, PayoutInitiated
from domain.payout import PAYOUT
from tests.architecture.test_catalogue import contains
from tests.processes.recorded_payouts import STREAMS

RECORDED = sorted(STREAMS.glob("*.jsonl"))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: str(path.stem))
def test_every_recorded_payout_folds_to_the_state_beside_it(path: Path) -> None:
    *facts, state = path.read_bytes().splitlines()
    history = [msgspec.json.decode(fact, type=PayoutEvent) for fact in facts]
    folded = msgspec.json.decode(msgspec.json.encode(PAYOUT.fold(history)))
    then = msgspec.json.decode(state)
    assert contains(folded, then)  # fields may be added, none may change
    first = history[0]
    assert isinstance(first, PayoutInitiated)
    assert first.saga_version >= 1


def test_the_corpus_knows_every_way_a_payout_goes() -> None:
    said = b"".join(path.read_bytes() for path in RECORDED).decode()
    ways = "in_doubt rejected awaiting_confirmation failed returned reissued escalated confirmed"
    for kind in ways.split():
        assert f"{kind}.v1" in said, kind
    assert len(RECORDED) >= 9
