"""Bank files over HTTP: accounts are opened into the file and nowhere else, and a bad answer changes nothing."""

from typing import Any
from uuid import UUID

import httpx
import msgspec
import pytest

from commands.api.bank_files import bank_file_routes
from commands.bank_files import TOLD, TOTAL
from commands.hear_bank import BankHeard
from commands.ports import Answer, Erased, Overloaded, Submission
from commands.send_payouts_by_bank import BankBatch, BankLine
from tests.api.edge import Edge, accepted, code_of, token
from tests.payouts import DUE, ONE, M, P

BATCH = BankBatch(UUID(int=7), (BankLine(P, M, ONE, DUE.fen, "sealed"),), 1, DUE.fen)
ANSWER = "\n".join(
    (
        ",".join(TOLD),
        f"{ONE},成功,79.20,2026-11-25 10:00:00,B1,1.00,",
        f"{TOTAL},1,79.20,,,,",
    )
)


class OpeningVault:
    """Opens everything, unless told otherwise."""

    trouble: Exception | None = None

    async def seal(self, tenant: str, subject: str, plaintext: str) -> str:
        raise AssertionError("nothing is sealed here")

    async def unseal(self, tenant: str, sealed: str) -> str:
        if self.trouble is not None:
            raise self.trouble
        return "6222|王大锤|中国银行"


class Desk:
    def __init__(self) -> None:
        self.edge = Edge()
        self.edge.engine.decide = decided
        self.vault = OpeningVault()

    async def post(self, what: str, body: Any, scope: str = "payout:send", key: str = "k1") -> httpx.Response:  # fmt: skip
        others = bank_file_routes(self.edge.counter, self.vault)
        return await self.edge.post(
            f"/v1/payouts/{what}", body, key=key, others=others, who=token(scope)
        )


@pytest.fixture
def desk() -> Desk:
    return Desk()


def decided(submission: Submission) -> Answer:
    reply = BATCH if submission.name == "send_payouts_by_bank" else BankHeard(1, 1, 0)
    return accepted(submission, msgspec.json.encode(reply))


async def test_the_file_names_accounts_that_no_record_does(desk: Desk) -> None:
    answer = await desk.post("bank-file", {"payouts": [str(P)]})
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/csv")
    assert 'filename="payouts-' in answer.headers["content-disposition"]
    assert "王大锤" in answer.content.decode("utf-8-sig")
    (sent,) = desk.edge.engine.got
    assert "王大锤".encode() not in sent.body
    again = await desk.post("bank-file", {"payouts": [str(P)]})
    assert again.content == answer.content


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (Erased(), (409, "payee_unreadable")),
        (ValueError(), (409, "payee_unreadable")),
        (Overloaded(1), (503, "overloaded")),
    ],
)
async def test_an_account_that_cannot_be_opened_gives_no_file(
    desk: Desk, trouble: Exception, told: Any
) -> None:
    desk.vault.trouble = trouble
    assert code_of(await desk.post("bank-file", {"payouts": [str(P)]})) == told


async def test_an_answer_is_read_in_whole(desk: Desk) -> None:
    answer = await desk.post("bank-answer", {"csv": ANSWER})
    assert (answer.status_code, answer.json()) == (200, {"lines": 1, "new": 1, "troubled": 0})
    (heard,) = desk.edge.engine.got
    assert heard.name == "hear_bank"
    assert msgspec.json.decode(heard.body)["lines"][0]["number"] == ONE


async def test_a_bad_answer_names_its_lines_and_records_nothing(desk: Desk) -> None:
    answer = await desk.post("bank-answer", {"csv": ANSWER.replace("79.20,2026", "79.2,2026")})
    assert code_of(answer) == (422, "bank_file_invalid")
    assert answer.json()["errors"][0]["line"] == 2
    assert desk.edge.engine.got == []


@pytest.mark.parametrize("what", ["bank-file", "bank-answer"])
async def test_only_who_may_send_payouts_does(desk: Desk, what: str) -> None:
    assert (await desk.post(what, {}, scope="finance:read")).status_code == 403
    assert (await desk.post(what, {"nonsense": 1})).status_code == 422
