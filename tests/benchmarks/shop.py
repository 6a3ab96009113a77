"""What a measurement sells: campaigns with open groups, and joins nobody has made yet."""

import secrets
import uuid
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import msgspec

from tests.benchmarks.loadgen import Plan
from tests.benchmarks.platform import Platform

SEATS = 500
JOINS_PER_GROUP = 480  # the leader has one seat, and a few stay free so that no group decides
BUYERS = 2_000
OPERATOR = ("catalog:write", "payment:record", "process:act", "read:all", "bench")


class Offer(NamedTuple):
    """A launched campaign with groups that have room for `joins` orders."""

    campaign_id: str
    pool_id: str
    groups: list[str]


class Shop:
    """Sets up what is sold, and hands out joins as load plans."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.operator = platform.tokens(["bench-operator"], OPERATOR)[0]
        self.buyers = [str(uuid.uuid4()) for _ in range(BUYERS)]
        self.tokens = platform.tokens(self.buyers, ("shop", "bench"))
        self.leader = platform.tokens(self.buyers[-1:], ("shop", "payment:start", "bench"))[0]

    def do(self, name: str, token: str = "", **body: Any) -> dict[str, Any]:
        return self.platform.command(token or self.operator, name, secrets.token_hex(12), **body)

    def offer(self, joins: int, *, seats: int = SEATS) -> Offer:
        """One SKU, one campaign, and enough open groups for `joins` members."""
        units = 10 * (joins + seats)
        sku = self.do(
            "register_sku",
            merchant="bench",
            title="草莓",
            list_price_fen=1000,
            fulfilment="physical",
        )
        pool = self.do(
            "open_pool", sku_id=sku["sku_id"], kind="warehouse", location="hz", oversell_cap=0
        )
        self.do("receive_stock", pool_id=pool["pool_id"], quantity=units, reference="bench")
        now = datetime.now(UTC)
        campaign = self.do(
            "launch_campaign",
            title="bench",
            sku_id=sku["sku_id"],
            source_pool=pool["pool_id"],
            terms={
                "type": "classic",
                "group_price": {"fen": 800},
                "single_price": {"fen": 900},
                "seats": seats,
                "hours": 24,
                "per_user_limit": 100_000,
                "allotment": units,
                "starts_at": (now - timedelta(hours=1)).isoformat(),
                "ends_at": (now + timedelta(days=9)).isoformat(),
            },
        )
        room = min(JOINS_PER_GROUP, seats - 2)
        groups = [self.open_group(campaign["campaign_id"]) for _ in range(-(-joins // room))]
        return Offer(campaign["campaign_id"], campaign["pool_id"], groups)

    def open_group(self, campaign_id: str) -> str:
        """A group whose leader has paid."""
        leader = self.leader
        order = self.do("open_group", leader, campaign_id=campaign_id, province="33")
        payment = self.do(
            "start_payment", leader, order_id=order["order_id"], channel="wechatpay", payer="sealed"
        )
        self.do(
            "record_capture",
            payment_id=payment["payment_id"],
            transaction_id=secrets.token_hex(12),
            amount_fen=800,
            paid_at=datetime.now(UTC).isoformat(),
        )
        return str(order["group_id"])

    def joins(self, groups: list[str], count: int, room: int = JOINS_PER_GROUP) -> Iterator[Any]:
        """(group, buyer) pairs, no pair twice, neighbouring requests by different buyers."""
        for index in range(count):
            yield groups[index // room % len(groups)], index % (BUYERS - 1)

    def plan(self, url: str, pairs: Iterator[Any], **how: Any) -> Plan:
        bodies, owners = [], []
        for group, buyer in pairs:
            bodies.append(msgspec.json.encode({"group_id": group, "province": "33"}))
            owners.append(buyer)
        return Plan(url, self.tokens, bodies, owners, secrets.token_hex(6), **how)
