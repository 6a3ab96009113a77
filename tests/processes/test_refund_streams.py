"""S15: refunds that were lived under the code of an earlier day are read by today's, to the same state."""

from pathlib import Path

import msgspec
import pytest

from domain.events.refund import RefundEvent, RefundRequested
from domain.refund import REFUND
from tests.processes.recorded_streams import STREAMS

RECORDED = sorted(STREAMS.glob("*.jsonl"))


@pytest.mark.parametrize("path", RECORDED, ids=lambda path: str(path.stem))
def test_s15_every_recorded_refund_folds_to_the_state_beside_it(path: Path) -> None:
    *facts, state = path.read_bytes().splitlines()
    history = [msgspec.json.decode(fact, type=RefundEvent) for fact in facts]
    folded = msgspec.json.decode(msgspec.json.encode(REFUND.fold(history)))
    then = msgspec.json.decode(state)
    assert {name: folded[name] for name in then} == then  # fields may be added, none may change
    first = history[0]
    assert isinstance(first, RefundRequested)
    assert first.saga_version >= 1


def test_s15_the_corpus_knows_every_way_a_refund_goes() -> None:
    said = b"".join(path.read_bytes() for path in RECORDED).decode()
    for kind in ("in_doubt", "rejected", "reissued", "abnormal", "returned", "paid_elsewhere"):
        assert f"{kind}.v1" in said, kind
    assert len(RECORDED) >= 6
