"""Statement: lines add up to what is paid, and the root stands for just these lines."""

from datetime import timedelta
from typing import Any

from hypothesis import given as any_of
from hypothesis import strategies as st

from domain import merkle
from domain import statement as statements
from domain.agreement import Agreement
from domain.events.earning import NOTHING
from domain.events.statement import StatementClosed, StatementEvent, StatementLineAdded
from domain.ids import StatementId, merchant_id, statement_id
from domain.money import ZERO, Money
from domain.policies import BookPolicy
from domain.statement import STATEMENT, NewLine
from tests.builders import DAY, NOON, SECOND, order
from tests.given import given_for

given = given_for(STATEMENT)

MERCHANT = merchant_id("acme", "tea-house")
ID = statement_id(MERCHANT, "2026-06-01")
BOOKS = BookPolicy(1, money_mode="platform_collect")
TERMS = Agreement(1, NOON, (), vat_rate_bp=600, settle_days=1, period="day", close_hours=2)
ENDS = NOON + timedelta(hours=4)  # midnight in Shanghai


def opened() -> tuple[StatementEvent, ...]:
    return statements.open_(STATEMENT.empty(), merchant_id=MERCHANT, agreement=TERMS, at=NOON)


def line(fen: int) -> NewLine:
    to: Any = "payable" if fen > 0 else "receivable"
    return NewLine("earning", order(1), order(2), 1, NOTHING, Money(fen), to)


def with_lines(*fen: int) -> tuple[StatementEvent, ...]:
    history = opened()
    for one in fen:
        statement = STATEMENT.fold(history)
        new = [line(one)]
        history += statements.add(statement, new, of=ID, merchant_id=MERCHANT, at=NOON)
    return history


def closing(*history: StatementEvent, owed: int = 0, at: Any = ENDS + DAY) -> Any:
    return statements.close(STATEMENT.fold(history), owed=Money(owed), books=BOOKS, at=at)


def test_a_period_has_one_statement_and_it_is_opened_once() -> None:
    (begun,) = opened()
    asked = {"merchant_id": MERCHANT, "agreement": TERMS, "at": NOON}
    given().when(statements.open_, **asked).then(begun)
    assert STATEMENT.fold((begun,)).closes_at == ENDS + timedelta(hours=2)
    assert STATEMENT.fold((begun,)).id == ID


def test_it_closes_after_its_time_and_once() -> None:
    due = ENDS + timedelta(hours=2)
    assert closing(*opened(), at=due - SECOND) == ()
    (closed,) = closing(*opened(), at=due)
    assert closing(*opened(), closed, at=due) == ()


def test_what_is_unknown_is_not_closed() -> None:
    at = {"owed": ZERO, "books": BOOKS, "at": NOON}
    given().when(statements.close, **at).rejected(statements.StatementNotFound)


@any_of(st.lists(st.integers(-500, 500), max_size=12), st.integers(0, 800))
def test_lines_and_what_was_owed_are_what_is_paid_and_what_is_owed(
    fen: list[int], owed: int
) -> None:
    (closed,) = closing(*with_lines(*fen), owed=owed)
    assert isinstance(closed, StatementClosed)
    assert closed.net.fen == sum(fen)
    assert closed.net + closed.carried_in == closed.payable - closed.carried_out
    assert ZERO in (closed.payable, closed.carried_out)
    assert closed.payable >= ZERO
    assert closed.carried_out >= ZERO
    # 2120 holds just what is paid, 1310 just what is owed.
    payable, receivable = sum(one for one in fen if one > 0), sum(one for one in fen if one <= 0)
    assert payable - closed.netted.fen == closed.payable.fen
    assert owed - receivable - closed.netted.fen == closed.carried_out.fen


@any_of(st.lists(st.integers(-500, 500), max_size=20))
def test_the_root_stands_for_these_lines_in_this_order(fen: list[int]) -> None:
    history = with_lines(*fen)
    tree = merkle.Frontier()
    for event in history:
        if isinstance(event, StatementLineAdded):
            tree.add(statements.line_hash(event))
    (closed,) = closing(*history)
    assert closed.root == tree.root().hex()
    assert closed.lines == len(fen)
    if len(set(fen)) > 1:
        swapped = with_lines(*sorted(fen), 1)
        assert closing(*swapped)[0].root != closed.root


def test_lines_count_from_one() -> None:
    numbers = [one.line for one in with_lines(5, 6) if isinstance(one, StatementLineAdded)]
    assert numbers == [1, 2]
    assert StatementId(ID) == STATEMENT.fold(with_lines(5)).id
