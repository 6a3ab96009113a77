"""How often money moved, told by the attempts alone: every call stands in the log before it is made.

A channel pays one number once, however often it is asked: that is its promise, and ours is to use no second
number before the first has ended. This is what is checked here, event by event.
"""

import json
from hashlib import sha256
from typing import Any

from infra.evidence.verifier.fail import demand
from infra.evidence.verifier.logs import Row

MOVED = ("refund.succeeded", "payout.confirmed")
ENDED = ("refund.closed", "refund.returned", "payout.failed", "payout.returned")
ELSEWHERE = ("refund.paid_elsewhere",)
NOT_IN_HAND = ("attempt_rejected", "retried")  # the channel said no, or surely knows nothing of it


def fact(row: Row) -> tuple[str, dict[str, Any]]:
    """The event's name without its version, and what it says."""
    return str(row["type"]).rpartition(".")[0], json.loads(row["data"])


def by_stream(rows: list[Row], category: str) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in rows:
        if row["category"] == category:
            found.setdefault(row["stream_id"], []).append(row)
    return found


def attempts(rows: list[Row], commands: dict[str, Row]) -> list[dict[str, Any]]:
    """Every call to a channel with the digests of what was asked and answered, and every other word of it."""
    told: list[dict[str, Any]] = []
    for row in rows:
        name, says = fact(row)
        kind, _, what = name.partition(".")
        if kind not in ("refund", "payout", "split"):
            continue
        if what == "attempt_started":
            told.append(
                {
                    "stream_id": row["stream_id"],
                    "position": row["position"],
                    "attempt": says["attempt"],
                    "number": says["number"],
                    "request_sha256": says["request_sha256"],
                    "started_at": says["at"],
                }
            )
        elif "number" in says or "evidence" in says:
            asked = commands[row["command_id"]]
            told.append(
                {
                    "stream_id": row["stream_id"],
                    "position": row["position"],
                    "number": says.get("number", ""),
                    "word": what,
                    "evidence": says.get("evidence", ""),
                    "reported_by": asked["principal"],
                    "response_sha256": sha256(asked["body"].encode()).hexdigest(),
                }
            )
    return told


class Numbers:
    """The numbers under which one debt was to be paid, in the order of its stream."""

    def __init__(self, stream: str) -> None:
        self._of = stream
        self.attempts = 0
        self.doubts = 0
        self.live = ""  # the number that was tried last
        self.in_hand = False  # the channel may be paying it
        self.ended: set[str] = set()
        self.moved: list[str] = []  # numbers that were paid, or the reference of another route
        self.proposed: dict[str, str] = {}  # proposal -> who made it
        self.agreed: set[str] = set()  # what two people decided

    def take(self, name: str, says: dict[str, Any]) -> None:
        """One event. Raises: Failed when money could have moved twice."""
        what = name.partition(".")[2]
        number = says.get("number", "")
        if what == "attempt_started":
            self.start(number, says["attempt"])
        elif what == "attempt_in_doubt":
            self.doubts += 1
        elif what in NOT_IN_HAND:
            self.in_hand = False
        elif what == "reissued":
            self.end(says["of"], told="reissue" not in self.agreed)
        elif name in ENDED:
            self.ended.add(number)
            self.in_hand = False
            if says.get("was_confirmed") and number in self.moved:
                self.moved.remove(number)
        elif name in MOVED:
            demand(number not in self.ended, f"{self._of}: {number} was paid after it had ended")
            self.move(number)
        elif name in ELSEWHERE:
            demand(
                "paid_elsewhere" in self.agreed, f"{self._of}: paid elsewhere by one person alone"
            )
            demand(not self.in_hand, f"{self._of}: paid elsewhere while the channel had it in hand")
            self.move(f"elsewhere: {says['reference']}")
        elif what in ("proposed", "resolution_proposed"):  # an operator's wish, or a way out
            self.proposed[says["proposal_id"]] = says["by"]
        elif what == "resolution_approved":
            other = self.proposed.get(says["proposal_id"], says["by"])
            demand(other != says["by"], f"{self._of}: one person proposed and approved")
            self.agreed.add(says["action"].removesuffix("_by_bank"))

    def start(self, number: str, attempt: int) -> None:
        self.attempts += 1
        demand(attempt == self.attempts, f"{self._of}: attempt {self.attempts} is missing")
        demand(number not in self.ended, f"{self._of}: {number} was tried after it had ended")
        demand(not self.moved, f"{self._of}: {number} was tried after the money had moved")
        if self.live and self.live != number:
            demand(self.live in self.ended, f"{self._of}: {number} and {self.live} were both alive")
        self.live, self.in_hand = number, True

    def end(self, number: str, *, told: bool) -> None:
        """A new number takes its place: the channel has ended the old one, or two people have."""
        demand(
            number in self.ended or not told,
            f"{self._of}: {number} was replaced while it was alive",
        )
        demand(
            not self.in_hand, f"{self._of}: {number} was replaced while the channel had it in hand"
        )
        self.ended.add(number)

    def move(self, number: str) -> None:
        if number not in self.moved:
            self.moved.append(number)
        demand(len(self.moved) == 1, f"{self._of}: money moved twice: {' and '.join(self.moved)}")


def moved_once(rows: list[Row], category: str) -> list[str]:
    """A sentence for every refund or payout that is here. Raises: Failed when money could have moved twice."""
    told = []
    for stream, events in by_stream(rows, category).items():
        numbers = Numbers(f"{category} {stream}")
        for row in events:
            numbers.take(*fact(row))
        how = f"once ({numbers.moved[0]})" if numbers.moved else "not at all so far"
        told.append(
            f"{category} {stream}: money moved {how}; {numbers.attempts} attempts, "
            f"{numbers.doubts} of them in doubt, one number alive at a time"
        )
    return told


def within_captures(rows: list[Row]) -> list[str]:
    """A sentence for every transaction: what may go back is never more than came in. Raises: Failed."""
    told = []
    for stream, events in by_stream(rows, "payment").items():
        captured: dict[str, int] = {}
        alive: dict[str, tuple[str, int]] = {}
        for row in events:
            name, says = fact(row)
            if name == "payment.captured":
                captured[says["transaction_id"]] = says["amount"]["fen"]
            elif name == "payment.refund_started":
                alive[says["number"]] = (says["transaction_id"], says["amount"]["fen"])
            elif name == "payment.refund_ended":
                alive.pop(says["number"], None)
            for transaction, (of, _) in alive.items():
                back = sum(fen for other, fen in alive.values() if other == of)
                most = captured.get(of, 0)
                demand(
                    back <= most,
                    f"payment {stream}: {transaction} would give back {back} of {most} fen",
                )
        for transaction, fen in captured.items():
            back = sum(amount for of, amount in alive.values() if of == transaction)
            told.append(
                f"payment {stream}: {fen} fen came in, no more than {back} may have gone back"
            )
    return told
