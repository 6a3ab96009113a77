"""Where routes hand commands in: what they need for it, and what can come back instead of an answer."""

from typing import Final, NamedTuple

from commands.api.door import Door
from commands.api.problems import KEY_REUSED, NO_OWNER, OVERLOADED, Refused
from commands.api.wire import Macs
from commands.ports import (
    Answer,
    Forwarder,
    Inbox,
    KeyReused,
    MintId,
    NotOwner,
    Overloaded,
    Submission,
    Submitter,
    Unreachable,
)

TROUBLE: Final = (KeyReused, Overloaded, NotOwner, Unreachable)
RETRY_SECONDS: Final = 1  # a takeover needs a few of them


class Counter(NamedTuple):
    """What every route that submits commands needs."""

    door: Door
    submitter: Submitter
    forwarder: Forwarder
    inbox: Inbox
    macs: Macs
    new_id: MintId


def refused(trouble: Exception) -> Refused:
    """The problem that tells the client about one of `TROUBLE`."""
    match trouble:
        case KeyReused():
            return Refused(KEY_REUSED)
        case Overloaded(retry_after_seconds=seconds):
            return Refused(OVERLOADED, retry_after_seconds=seconds)
        case _:
            return Refused(NO_OWNER, retry_after_seconds=RETRY_SECONDS)


async def submit(counter: Counter, submission: Submission) -> Answer:
    """Have a command of our own decided, by whichever process owns the cell. Raises: Refused."""
    try:
        try:
            return await counter.submitter.submit(submission)
        except NotOwner as elsewhere:
            if not elsewhere.address:
                raise
            return await counter.forwarder.submit(elsewhere.address, submission)
    except TROUBLE as trouble:
        raise refused(trouble) from None


async def insist(counter: Counter, submission: Submission) -> Answer:
    """The same for what must not stay refused: an old no is asked again, as a new command.

    Only for commands that count once by themselves. Raises: Refused.
    """
    answer = await submit(counter, submission)
    if answer.replayed and answer.outcome != "accepted":
        fresh = f"{submission.idempotency_key}:{submission.command_id}"
        answer = await submit(counter, submission._replace(idempotency_key=fresh))
    return answer
