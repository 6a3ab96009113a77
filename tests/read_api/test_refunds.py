"""What the refund desk is shown: who waits for money, why, and what two people have to agree on."""

from typing import Any

import pytest

from commands.advance_refund import AdvanceRefund
from commands.propose_refund import ProposedResolution
from commands.propose_resolution import ProposeResolution
from commands.record_refund_doubt import RecordRefundDoubt
from domain.events.order import RefundOwed
from domain.ids import GroupId, RefundId
from tests.builders import DAY, MINUTE, NOON, ann, bob, cat, dan, eve
from tests.delivery.history import History, cell_of, facts_of
from tests.read_api.conftest import Readers, tell
from tests.servers import Database
from tests.shop import Shop

BOSS = "desk/boss/read:all"


class Desk:
    """A failed group of four: one refund succeeded, one is on its way, one in doubt, one abnormal."""

    def __init__(self) -> None:
        self.shop = Shop(cell_of("desk"), seats=5)
        group = self.shop.opens_and_pays(ann).group_id
        assert group is not None
        self.group: GroupId = group
        for who in (bob, cat, dan):
            self.shop.joins_and_pays(who, self.group)
        self.shop.joins(eve, self.group)  # never pays
        self.shop.cell.wait(minutes=25 * 60)
        self.shop.follows_up()
        debts = self.shop.cell.happened(RefundOwed)
        self.good, self.slow, self.unclear, self.dead = (debt.refund_id for debt in debts)
        for refund_id, seen in (
            (self.good, "succeeded"),
            (self.slow, "processing"),
            (self.dead, "abnormal"),
        ):
            self.shop.cell.ask(AdvanceRefund(refund_id, refund_id))
            self.shop.hears(refund_id, seen)  # type: ignore[arg-type]
        self.shop.cell.ask(AdvanceRefund(self.unclear, self.unclear))
        self.shop.cell.ask(RecordRefundDoubt(self.unclear, 1, self.unclear, "http_502"))
        wish = ProposeResolution(self.dead, "return", "客户已销卡")
        self.wish: ProposedResolution = self.shop.cell.ask(wish, by="cat")


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def readers_of(readers: Readers, desk: Desk, database: Database, history: History) -> Readers:
    (known,) = history.rows("select count(*) from cell_0.events where tenant = 'desk'")
    if known == (0,):
        await tell(database, history, facts_of(desk.shop.cell), "desk")
    return readers


def ids(items: list[Any]) -> set[RefundId]:
    return {it["refund_id"] for it in items}


async def test_refunds_come_oldest_first_and_each_once(readers_of: Readers, desk: Desk) -> None:
    items = await readers_of.pages("/v1/refunds", BOSS)
    assert len(items) == len(ids(items)) == 4
    order = [(it["requested_at"], it["refund_id"]) for it in items]
    assert order == sorted(order)


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("status=SUCCEEDED", {"good"}),
        ("status=IN_DOUBT", {"unclear"}),
        ("trouble=any", {"dead"}),
        ("trouble=abnormal", {"dead"}),
        ("trouble=rejected", set()),
        ("open=true", {"slow", "unclear", "dead"}),
        ("open=false", {"good"}),
        ("open=true&status=PROCESSING", {"slow"}),
    ],
)
async def test_filters(readers_of: Readers, desk: Desk, asked: str, found: set[str]) -> None:
    items = await readers_of.pages(f"/v1/refunds?{asked}", BOSS)
    assert ids(items) == {str(getattr(desk, name)) for name in found}


async def test_the_refunds_of_one_order(readers_of: Readers, desk: Desk) -> None:
    order = desk.shop.refund(desk.slow).order_id
    (only,) = await readers_of.pages(f"/v1/refunds?order={order}", BOSS)
    assert only["refund_id"] == str(desk.slow)


async def test_a_second_person_sees_what_was_proposed(readers_of: Readers, desk: Desk) -> None:
    found = await readers_of.json(f"/v1/refunds/{desk.dead}", BOSS)
    assert (found["status"], found["trouble"]) == ("ABNORMAL", "abnormal")
    proposal = found["proposal"]
    assert proposal["id"] == str(desk.wish.proposal_id)
    assert (proposal["action"], proposal["by"], proposal["note"]) == ("return", "cat", "客户已销卡")
    assert proposal["shown"] == desk.wish.shown


async def test_every_call_is_shown(readers_of: Readers, desk: Desk) -> None:
    found = await readers_of.json(f"/v1/refunds/{desk.unclear}", BOSS)
    (call,) = found["calls"]
    assert (call["attempt"], call["outcome"], call["code"]) == (1, "in_doubt", "http_502")
    assert call["number"] == found["number"] == desk.shop.refund(desk.unclear).number
    assert found["next_at"] is not None


async def test_a_failed_group_tells_how_far_its_refunds_are(
    readers_of: Readers, desk: Desk
) -> None:
    assert await readers_of.json(f"/v1/groups/{desk.group}/refunds", BOSS) == {
        "group_id": str(desk.group),
        "status": "FAILED",
        "members": 4,
        "owed": 4,
        "done": 1,
        "under_way": 2,
        "with_people": 1,
        "owed_fen": 4 * 990,
        "done_fen": 990,
        "under_way_fen": 2 * 990,
        "with_people_fen": 990,
    }


async def test_strangers_and_shoppers_see_nothing(readers_of: Readers, desk: Desk) -> None:
    for path in (f"/v1/refunds/{desk.dead}", f"/v1/groups/{desk.group}/refunds"):
        assert (await readers_of.get(path, "other/boss/read:all")).status_code == 404
        assert (await readers_of.get(path, f"desk/{ann}/read:own")).status_code == 403
    assert await readers_of.pages("/v1/refunds", "other2/boss/read:all") == []
    assert (await readers_of.get("/v1/refunds?trouble=boredom", BOSS)).status_code == 422


async def test_the_account_is_held_against_what_refunds_need(
    readers_of: Readers, desk: Desk, history: History
) -> None:
    """Only the refund in doubt may still have to be paid: the channel has taken the others on."""
    unknown = await readers_of.json("/v1/refunds/liquidity", BOSS)
    assert (unknown["enough"], unknown["balance"], unknown["waiting_fen"]) == ("unknown", None, 990)
    history.conn.execute(
        "insert into read.channel_balances (tenant, channel, available_fen, pending_fen, told_at, asked_at)"
        " values ('desk', 'wechatpay', 989, 5, %(at)s, %(at)s)",
        {"at": NOON + 7 * DAY - MINUTE},
    )
    short = await readers_of.json("/v1/refunds/liquidity", BOSS)
    assert (short["enough"], short["short_at"]) == ("no", short["at"])
    assert short["balance"]["available_fen"] == 989
    assert short["balance"]["age_seconds"] == 60
    assert (short["waiting_refunds"], short["expected_fen"], len(short["hours"])) == (1, 990, 24)
    history.conn.execute("update read.channel_balances set available_fen = 990")
    assert (await readers_of.json("/v1/refunds/liquidity", BOSS))["enough"] == "yes"
    assert (await readers_of.json("/v1/refunds/liquidity", "else/boss/read:all"))["balance"] is None
