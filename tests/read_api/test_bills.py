"""What finance finds of the channels' bills: which are in force, what came, and every file byte for byte."""

import asyncio
import random
from datetime import date, timedelta
from hashlib import sha256
from io import BytesIO
from uuid import UUID

import pytest

from domain.bill import BILL, bill_id
from domain.bill_lines import BillKey, BillKind, TradeSums
from domain.events.bill import BillAbsent, BillError, BillFetched, BillRejected, BillRestated
from infra.bills.store import keep
from infra.delivery.connect import connect
from tests.builders import NOON
from tests.delivery.history import Fact, History
from tests.read_api.conftest import Readers, tell
from tests.servers import Database

BILLS = "/v1/bills"
MCHID = "1900007299"  # an account that only this module knows
CFO = "acme/cfo/finance:read"
KINDS: tuple[BillKind, ...] = ("trade", "fundflow")
FIRST_DAY = date(2026, 5, 1)
SUMS = TradeSums(2, 1980, 0, 0, 12)
TEXTS = [random.Random(n).randbytes(2_300_000) for n in range(3)]
DIGESTS = [sha256(text).hexdigest() for text in TEXTS]


def key(n: int = 0, kind: BillKind = "trade") -> BillKey:
    account = "BASIC" if kind == "fundflow" else ""
    return BillKey("wechatpay", MCHID, kind, FIRST_DAY + timedelta(days=n), account)


def told(of: BillKey, tenant: str = "acme", digest: str = DIGESTS[0], before: str = "") -> Fact:
    id = bill_id(tenant, of)
    whose = (id, of.channel, of.mchid)
    what = (of.kind, of.account, of.date)
    size, hash = len(TEXTS[0]), "sha1:" + "a" * 40
    if before:
        restated = BillRestated(*whose, *what, before, digest, hash, size, 2, 0, SUMS, NOON)
        return Fact(BILL.category, id, restated)
    fetched = BillFetched(*whose, *what, digest, hash, size, 2, 0, SUMS, NOON)
    return Fact(BILL.category, id, fetched)


@pytest.fixture(scope="module", autouse=True)
def bills(database: Database, history: History, delivered: None) -> None:
    asyncio.run(given(database, history))


async def given(database: Database, history: History) -> None:
    """A bill of each kind for nine days; that of the first was restated, and then something else came."""
    async with await connect(database.dsn_as("tuan_projector"), "test") as conn:
        for digest, text in zip(DIGESTS, TEXTS, strict=True):
            await keep(conn, "acme", digest, BytesIO(text), NOON)
    facts = [told(key(n, kind)) for n in range(9) for kind in KINDS]
    first = key()
    id = bill_id("acme", first)
    head = (id, first.channel, first.mchid, first.kind, first.account, first.date)
    fault = BillError(2, "手续费", "不是五位小数的手续费 no fee of five decimals: 'x'")
    nothing = key(9)
    none = bill_id("acme", nothing)
    facts += [
        told(first, digest=DIGESTS[1], before=DIGESTS[0]),
        Fact(BILL.category, id, BillRejected(*head, DIGESTS[2], "", 7, 9, (fault,), NOON)),
        Fact(
            BILL.category,
            none,
            BillAbsent(
                none, nothing.channel, nothing.mchid, nothing.kind, "", nothing.date, "", NOON
            ),
        ),
    ]
    await tell(database, history, facts, "acme")
    await tell(database, history, [told(key(), "other")], "other")


async def test_bills_are_listed_the_latest_days_first_and_none_twice(readers: Readers) -> None:
    found = await readers.pages(f"{BILLS}?mchid={MCHID}", CFO)
    assert len(found) == len({it["bill_id"] for it in found}) == 19
    assert [it["bill_date"] for it in found] == sorted(
        (it["bill_date"] for it in found), reverse=True
    )
    assert found[0]["state"] == "absent"
    assert found[1]["sums"]["pay_fen"] == 1980


@pytest.mark.parametrize(
    ("asked", "many"),
    [
        ("kind=fundflow", 9), ("state=absent", 1), ("state=in_force&kind=trade", 9), ("mchid=1", 0),
        ("since=2026-05-03&through=2026-05-04", 4), ("channel=wechatpay", 19), ("channel=alipay", 0),
    ],
)  # fmt: skip
async def test_filters_all_apply(readers: Readers, asked: str, many: int) -> None:
    found = await readers.pages(f"{BILLS}?{asked}", CFO)
    assert len([it for it in found if it["mchid"] == MCHID]) == many


async def test_a_bill_tells_every_file_that_came(readers: Readers) -> None:
    bill = await readers.json(f"{BILLS}/{bill_id('acme', key())}", CFO)
    assert (bill["state"], bill["sha256"]) == ("in_force", DIGESTS[1])
    assert [(it["came_as"], it["sha256"]) for it in bill["files"]] == [
        ("accepted", DIGESTS[0]), ("accepted", DIGESTS[1]), ("rejected", DIGESTS[2]),
    ]  # fmt: skip
    assert bill["files"][2]["error_count"] == 9
    assert bill["files"][2]["errors"][0]["column"] == "手续费"


async def test_every_file_is_given_out_byte_for_byte(readers: Readers) -> None:
    path = f"{BILLS}/{bill_id('acme', key())}/raw"
    for asked, n in (("", 1), *((f"?sha256={digest}", n) for n, digest in enumerate(DIGESTS))):
        answer = await readers.get(path + asked, CFO)
        assert answer.status_code == 200
        assert answer.content == TEXTS[n]
        assert answer.headers["etag"] == f'"{DIGESTS[n]}"'
        assert DIGESTS[n][:8] in answer.headers["content-disposition"]


async def test_what_there_is_not_and_what_is_another_tenants_is_not_found(readers: Readers) -> None:
    mine, theirs = bill_id("acme", key()), bill_id("other", key())
    for path in (
        f"{theirs}", f"{theirs}/raw", f"{UUID(int=1)}/raw", f"{mine}/raw?sha256={'0' * 64}",
        f"{bill_id('acme', key(9))}/raw", f"{bill_id('acme', key(1))}/raw?sha256={DIGESTS[2]}",
    ):  # fmt: skip
        assert (await readers.get(f"{BILLS}/{path}", CFO)).status_code == 404, path
    assert (await readers.get(f"{BILLS}/{mine}/raw?sha256=x", CFO)).status_code == 422
    assert (await readers.get(f"{BILLS}?cursor=WyJiaWxscyIsIngiXQ", CFO)).status_code == 400


async def test_only_finance_reads_bills(readers: Readers) -> None:
    for path in ("", f"/{bill_id('acme', key())}", f"/{bill_id('acme', key())}/raw"):
        assert (await readers.get(BILLS + path, "acme/boss/read:all")).status_code == 403
