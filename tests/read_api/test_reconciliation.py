"""What finance is shown of a bill date and its breaks: lights, both sides of each line, age, and what is proposed."""

from typing import Any
from urllib.parse import urlencode

import pytest

from commands.assign_break import AssignBreak
from domain.ids import BreakId
from tests.delivery.history import History, cell_of, facts_of
from tests.read_api.conftest import Readers, tell
from tests.recon_desk import Recon
from tests.servers import Database

BOSS = "recon/boss/finance:read"
DAY = "/v1/reconciliation/days/wechatpay/2026-06-01"


class Desk:
    """A date with a line that matched, one that nobody knows, and a row that waits."""

    def __init__(self) -> None:
        self.cell = cell_of("recon")
        self.day = Recon(self.cell)
        self.day.begins()
        self.day.matches(1)
        self.broken: BreakId = self.day.breaks().break_id
        self.day.waits(3)
        self.cell.ask(AssignBreak(self.broken, "carl"), by="dan")
        self.wish = self.day.proposes(self.day.breaks(), "order_found", 9_58, order_id=self.broken)


@pytest.fixture(scope="module")
def desk() -> Desk:
    return Desk()


@pytest.fixture
async def boss(readers: Readers, desk: Desk, database: Database, history: History) -> Readers:
    (known,) = history.rows("select count(*) from cell_0.events where tenant = 'recon'")
    if known == (0,):
        await tell(database, history, facts_of(desk.cell), "recon")
    return readers


async def got(readers: Readers, path: str, **params: Any) -> Any:
    answer = await readers.get(f"{path}?{urlencode(params)}" if params else path, BOSS)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_a_date_is_listed_with_its_light_and_totals(boss: Readers) -> None:
    (day,) = (await got(boss, "/v1/reconciliation/days"))["items"]
    assert (day["bill_date"], day["light"], day["matched"]) == ("2026-06-01", "red", 1)
    assert (day["pays_fen"], day["fees_fen"]) == (70_00, 42)
    assert (day["waiting"], day["open_breaks"], day["suspense_long_fen"]) == (1, 1, 69_58)
    assert (await got(boss, "/v1/reconciliation/days", state="closed"))["items"] == []


async def test_the_checklist_says_what_keeps_a_date_open(boss: Readers) -> None:
    day = await got(boss, DAY)
    lights = {check["name"]: check["light"] for check in day["checklist"]}
    assert lights["begun"] == lights["lines"] == lights["chain"] == "green"
    assert lights["bills"] == lights["breaks"] == lights["closed"] == "amber"
    lines = next(check for check in day["checklist"] if check["name"] == "lines")
    assert (lines["expected"], lines["found"]) == (2, 2)
    assert {each["code"]: each["lines"] for each in day["codes"]} == {
        "CHANNEL_ONLY_PAY": 1, "MATCHED": 1, "PENDING_CUTOFF": 1,
    }  # fmt: skip
    assert day["balance_fen"] == 2 * 69_58


async def test_lines_stand_side_by_side_and_pages_follow_each_other(boss: Readers) -> None:
    first = await got(boss, f"{DAY}/lines", limit=2)
    rest = await got(boss, f"{DAY}/lines", limit=2, cursor=first["next"])
    matched, unknown, waits = first["items"] + rest["items"]
    assert (matched["ours_fen"], matched["theirs_fen"]) == (70_00, 70_00)
    assert (unknown["ours_fen"], unknown["theirs_fen"], unknown["break_owner"]) == (
        None,
        70_00,
        "carl",
    )
    assert (waits["code"], waits["theirs_fen"], waits["line"]) == ("PENDING_CUTOFF", None, None)
    assert rest["next"] is None
    different = await got(boss, f"{DAY}/lines", code="different")
    assert [each["code"] for each in different["items"]] == ["CHANNEL_ONLY_PAY", "PENDING_CUTOFF"]


async def test_a_break_shows_its_age_its_owner_and_what_a_second_person_must_see(
    boss: Readers, desk: Desk
) -> None:
    (listed,) = (await got(boss, "/v1/breaks", owner="carl", state="proposed"))["items"]
    assert (listed["code"], listed["age_days"], listed["bucket"]) == ("CHANNEL_ONLY_PAY", 7, "T+7")
    one = await got(boss, f"/v1/breaks/{desk.broken}")
    assert one["proposal"]["shown"] == desk.wish.shown
    assert one["theirs"]["amount_fen"] == 70_00
    assert one["ours"] is None
    for age, found in (("T+7", 1), ("T+3", 0), ("T+30", 0)):
        assert len((await got(boss, "/v1/breaks", age=age))["items"]) == found
    assert (await got(boss, "/v1/breaks", owner="nobody"))["items"] == []


async def test_strangers_and_unknown_dates_get_nothing(boss: Readers, desk: Desk) -> None:
    for path in (DAY, f"{DAY}/lines", f"/v1/breaks/{desk.broken}"):
        assert (await boss.get(path, "rival/eve/finance:read")).status_code == 404
        assert (await boss.get(path, "recon/eve/read:own")).status_code == 403
    theirs = (await boss.get(DAY, "acme/eve/finance:read")).json()  # who has bills of that date too
    assert theirs["pays_fen"] != (await got(boss, DAY))["pays_fen"]
    assert (await boss.get("/v1/reconciliation/days?cursor=nonsense", BOSS)).status_code == 400
