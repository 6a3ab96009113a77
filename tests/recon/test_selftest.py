"""The oracle proves the matcher right, and would notice if it were wrong: every mutant of it is caught."""

import ast
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from domain import bank_flow, fund_flow, matching, matching_join, matching_run, matching_tests
from domain.matching_rows import RULES, Row, Rules, Void
from infra.recon import oracle
from infra.recon.judge import judge, report
from infra.services import reconcile
from infra.settings import load

SEEDS = range(1, 33)
agree, failing, legs = matching_tests.agree, matching_tests.failing, matching_tests.legs


def test_every_break_is_found_and_none_is_invented() -> None:
    verdict = judge(SEEDS)
    assert verdict.wrong == ()
    assert {score.code: (score.precision, score.recall) for score in verdict.scores} == {
        score.code: (1.0, 1.0) for score in verdict.scores
    }
    assert verdict.perfect


def blind_to(*codes: str) -> Callable[[pytest.MonkeyPatch], None]:
    """A matcher that does not see that these tests fail."""

    def mutate(patch: pytest.MonkeyPatch) -> None:
        def sees(line: Any, row: Row) -> tuple[Any, ...]:
            return tuple(code for code in failing(line, row) if code not in codes)

        patch.setattr(matching, "failing", sees)
        patch.setattr(matching_join, "agree", lambda line, row: not sees(line, row))

    return mutate


def tolerant(patch: pytest.MonkeyPatch) -> None:
    """One fen more or less is nothing."""

    def sees(line: Any, row: Row) -> tuple[Any, ...]:
        near = abs(line.settled_fen - row.amount_fen) <= 1
        return tuple(it for it in failing(line, row) if not (near and it.startswith("AMOUNT")))

    patch.setattr(matching, "failing", sees)
    patch.setattr(matching_join, "agree", lambda line, row: not sees(line, row))


def ruled(**limits: Any) -> Callable[[pytest.MonkeyPatch], None]:
    rules = Rules(**limits)

    def mutate(patch: pytest.MonkeyPatch) -> None:
        concluded, compared = matching.conclude, fund_flow.compare_bills
        patch.setattr(
            matching_run,
            "conclude",
            lambda parts, **of: concluded(parts, **(of | {"rules": rules})),
        )
        patch.setattr(
            matching_run,
            "compare_bills",
            lambda *bills, **of: compared(*bills, **(of | {"rules": rules})),
        )

    return mutate


def put(module: Any, name: str, instead: Any) -> Callable[[pytest.MonkeyPatch], None]:
    return lambda patch: patch.setattr(module, name, instead)


def without_held(patch: pytest.MonkeyPatch) -> None:
    concluded = matching.conclude
    patch.setattr(
        matching_run, "conclude", lambda parts, **of: concluded(parts, **(of | {"held": None}))
    )


def unknowing(patch: pytest.MonkeyPatch) -> None:
    concluded = matching.conclude
    blind: dict[str, Any] = {"known": lambda numbers: {}}
    patch.setattr(matching_run, "conclude", lambda parts, **of: concluded(parts, **(of | blind)))


def by_looks(patch: pytest.MonkeyPatch) -> None:
    """K3 matches: the same amount is the same payment."""

    def of_sum(row: Row) -> str:
        return str(row.amount_fen)

    more = (*matching.KEYS, (lambda line: str(line.settled_fen), of_sum))
    patch.setattr(matching, "KEYS", more)


def alone_at_bank(transfers: Iterable[bank_flow.Transfer], *rest: Any, **of: Any) -> Any:
    return compare_bank([one._replace(batch="") for one in transfers], *rest, **of)


compare_bank = bank_flow.compare_bank
MUTANTS = {
    "a fen is nothing": tolerant,
    "amounts are not compared": blind_to("AMOUNT_OVER", "AMOUNT_UNDER"),
    "status is not compared": blind_to("STATUS_LEDGER_PAID"),
    "dead refunds are not seen": blind_to("REFUND_ABNORMAL_STALE"),
    "fees are not compared": blind_to("FEE_DIFF"),
    "currency is not compared": blind_to("CURRENCY_DIFF"),
    "merchant is not compared": blind_to("MERCHANT_DIFF"),
    "our number is no key": put(matching, "KEYS", matching.KEYS[:1]),
    "looks are a key": by_looks,
    "looks are not shown": put(matching, "looks_like", lambda line, row, rules: False),
    "nothing waits": ruled(window_days=1, window_max=1),
    "everything waits a day longer": ruled(window_days=3),
    "midnight is like noon": ruled(midnight=timedelta(0)),
    "midnight is a minute longer": ruled(midnight=timedelta(minutes=31)),
    "no limit of a day for fees": ruled(fee_day_fen=10**9),
    "a tighter limit of a day": ruled(fee_day_fen=RULES.fee_day_fen - 1),
    "two fen of a fee are small": ruled(fee_line_fen=2),
    "no fee is small": ruled(fee_line_fen=0),
    "second payments are dropped": put(
        matching, "double", lambda line: Void(line.line, line.bill.date)
    ),
    "suspense is forgotten": without_held,
    "nothing is known": unknowing,
    "all of ours goes through": put(
        matching, "legs", lambda line, row, tests, line_held: matching_tests.Legs(row.net_fen)
    ),
    "balances are not chained": put(matching_run, "gap", lambda lines, opening: None),
    "the opening balance is not known": put(
        matching_run, "gap", lambda lines, opening: fund_flow.gap(lines, None)
    ),
    "fees are not of the trade": put(fund_flow, "OF_TRADE", frozenset({"交易", "退款"})),
    "the fund flow is not compared": put(matching_run, "compare_bills", lambda *a, **of: ()),
    "closed refunds are refunds": put(fund_flow, "REFUND_CLOSED", ""),
    "batches are single lines": put(bank_flow, "compare_bank", alone_at_bank),
    "freezes end without warning": put(bank_flow, "EXPIRING_TENTHS", 10),
}


@pytest.mark.parametrize("mutate", MUTANTS.values(), ids=MUTANTS.keys())
def test_a_mutant_of_the_matcher_is_caught(
    mutate: Callable[[pytest.MonkeyPatch], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    mutate(monkeypatch)
    assert not judge(SEEDS).perfect


def test_the_report_names_each_code_with_its_figures() -> None:
    lines: list[str] = []
    report(judge(range(1, 9)), lines.append)
    (over,) = (line for line in lines if line.startswith("AMOUNT_OVER"))
    assert over.split()[-2:] == ["1.0000", "1.0000"]


def test_the_command_fails_when_the_matcher_does(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = load()
    assert reconcile.main(settings, selftest=True, seeds=32, first=1) == 0
    tolerant(monkeypatch)
    assert reconcile.main(settings, selftest=True, seeds=32, first=1) == 1


SHAPES = {
    "TradeLine", "FundLine", "BillKey", "BankLine", "SplitDue", "Transfer", "Payout", "Row", "Known",
    "BreakId", "OrderId",
}  # fmt: skip


HERE = Path(oracle.__file__).parent
ORACLE = [*HERE.glob("oracle*.py"), *HERE.glob("injections*.py")]


@pytest.mark.parametrize("path", sorted(ORACLE), ids=lambda path: str(path.stem))
def test_the_oracle_knows_the_shapes_of_the_matcher_and_none_of_its_rules(path: Path) -> None:
    taken = {
        name.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("domain")
        for name in node.names
    }
    assert taken <= SHAPES
