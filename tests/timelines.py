"""Timelines made from a log by another way than the projection: an event at a time, no batches, no tables."""

from collections import defaultdict
from uuid import UUID

from tests.delivery.history import Fact

Steps = dict[UUID, list[tuple[int, str]]]
"""Order -> position and stored name of everything that concerns it. Positions are counted from 1."""


def expected(facts: list[Fact]) -> Steps:
    """What a timeline must hold when these facts are the whole log."""
    owner: dict[UUID, UUID] = {}
    members: dict[UUID, set[UUID]] = defaultdict(set)
    leader: dict[UUID, UUID] = {}
    told: Steps = defaultdict(list)
    for position, (category, stream, event, *_) in enumerate(facts, 1):
        kind = event.__struct_config__.tag
        orders: set[UUID] = set()
        if category in ("order", "payment", "refund"):
            if hasattr(event, "order_id"):
                owner.setdefault(stream, event.order_id)
            orders = {owner[stream]}
        elif category == "group":
            match kind.split(".")[1]:
                case "opened" | "seat_held":
                    members[stream].add(event.order_id)
                    leader.setdefault(stream, event.order_id)
                    orders = {event.order_id}
                case "seat_filled":
                    orders = {event.order_id}
                case "seat_released":
                    members[stream].discard(event.order_id)
                    orders = {event.order_id}
                case "voided":
                    orders = {leader[stream]}
                case "succeeded" | "failed":
                    orders = members[stream] | set(event.orders)
                case _:
                    orders = set(members[stream])
        for order in orders:
            told[order].append((position, kind))
    return told
