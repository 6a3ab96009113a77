"""What a second person is shown of corrections, and what the books show once they are booked."""

from uuid import UUID

from commands.approve_correction import ApproveCorrection
from commands.decline_correction import DeclineCorrection
from commands.propose_correction import ProposeCorrection
from domain.events.correction import Correction, CorrectionLine
from tests.delivery.history import History, cell_of, facts_of
from tests.read_api.conftest import Readers, tell
from tests.servers import Database

BOSS = "righted/boss/finance:read"
PATH = "/v1/ledger/corrections"


def wish(entry: int, fen: int) -> ProposeCorrection:
    lines = CorrectionLine("4090", "coupon", fen, 0), CorrectionLine("5110", "m", 0, fen)
    return ProposeCorrection((Correction(UUID(int=entry), lines),), f"entry {entry}")


async def test_what_is_shown_is_what_is_approved_and_booked(
    readers: Readers, database: Database, history: History
) -> None:
    cell = cell_of("righted")
    wishes = [cell.ask(wish(entry, entry * 100), by="ann") for entry in (1, 2, 3)]
    cell.wait(minutes=1)
    cell.ask(ApproveCorrection(wishes[0].correction_id, wishes[0].shown), by="bob")
    cell.ask(DeclineCorrection(wishes[1].correction_id, "不同意"), by="bob")
    await tell(database, history, facts_of(cell), "righted")

    (waits,) = await readers.pages(f"{PATH}?state=open", BOSS)
    assert (waits["reason"], waits["proposed_by"], waits["decided_by"]) == ("entry 3", "ann", None)
    assert waits["shown"] == wishes[2].shown
    assert waits["corrections"][0]["corrects"] == str(UUID(int=3))
    every = await readers.pages(PATH, BOSS)
    assert {it["reason"]: it["state"] for it in every} == {
        "entry 1": "booked",
        "entry 2": "declined",
        "entry 3": "open",
    }
    booked = await readers.json(f"{PATH}/{wishes[0].correction_id}", BOSS)
    assert (booked["state"], booked["decided_by"]) == ("booked", "bob")

    (entry,) = await readers.pages("/v1/ledger/entries", BOSS)
    assert (entry["corrects"], entry["rule"]) == (str(UUID(int=1)), "K1")
    assert [(it["account"], it["debit_fen"], it["credit_fen"]) for it in entry["lines"]] == [
        ("4090", 100, 0),
        ("5110", 0, 100),
    ]
    stranger = await readers.get(f"{PATH}/{wishes[0].correction_id}", "acme/boss/finance:read")
    assert stranger.status_code == 404
