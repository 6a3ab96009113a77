"""Our refund numbers at the channel: one for each generation of a refund, and whose it is can be read from it."""

from uuid import UUID

from domain.ids import RefundId


def out_refund_no(refund_id: RefundId, generation: int) -> str:
    """34 characters of [0-9a-f]; the same on every retry."""
    return f"{refund_id.hex}{generation:02d}"


def refund_of(number: str) -> RefundId:
    """The refund that a number belongs to. Raises: ValueError when it is none of ours."""
    if len(number) != 34 or not number[32:].isdecimal():
        raise ValueError(f"{number!r} is no refund number of ours")
    return RefundId(UUID(hex=number[:32]))
