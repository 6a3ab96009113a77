"""Money is exact: what is split adds up to what there was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import Money


@given(
    st.integers(-(10**12), 10**12),
    st.lists(st.integers(0, 10**6), min_size=1, max_size=20).filter(any),
)
def test_a_split_adds_up_to_the_fen(fen: int, weights: list[int]) -> None:
    shares = Money(fen).split(weights)
    assert sum(share.fen for share in shares) == fen
    total = sum(weights)
    for share, weight in zip(shares, weights, strict=True):
        assert abs(share.fen * total - fen * weight) < total


def test_odd_fen_go_to_the_largest_remainder_and_then_to_the_first() -> None:
    assert Money(100).split([1, 1, 1]) == (Money(34), Money(33), Money(33))
    assert Money(10).split([1, 2]) == (Money(3), Money(7))


@pytest.mark.parametrize("weights", [[], [0], [1, -1], [2, -1]])
def test_weights_must_make_sense(weights: list[int]) -> None:
    with pytest.raises(ValueError, match="weights"):
        Money(1).split(weights)
