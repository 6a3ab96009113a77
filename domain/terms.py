"""What a campaign promises. Terms are copied into the opening event of each group and order."""

from datetime import datetime
from typing import Annotated, TypeAlias

import msgspec

from domain.money import Money

Instant: TypeAlias = Annotated[datetime, msgspec.Meta(tz=True)]


class ClassicTerms(msgspec.Struct, frozen=True, tag="classic", forbid_unknown_fields=True):
    """The classic N-person group: everyone pays the group price once N seats are paid in time."""

    group_price: Money  # per unit
    single_price: Money  # per unit, bought alone without a group
    seats: int  # paid members that make a group succeed, the leader included
    hours: int  # life of a group, from the leader's payment
    per_user_limit: int  # units one user may hold or have bought in this campaign
    allotment: int  # units moved from the source pool to the campaign
    starts_at: Instant
    ends_at: Instant  # stops opening, not joining
    max_quantity: int = 1  # units per order
    pay_minutes: int = 15
    leader_price: Money | None = None  # per unit; None: the leader pays the group price


Terms: TypeAlias = ClassicTerms
