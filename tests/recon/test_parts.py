"""A large bill in parts on disk comes to the same as the whole in memory, in as many processes as there are cores."""

from pathlib import Path

import pytest

from domain.matching import conclude
from domain.matching_join import Join
from infra.recon import parts as spilled
from infra.recon.judge import date_of, story, told
from infra.recon.oracle_words import TODAY


@pytest.mark.parametrize(("total", "cores"), [(1, 1), (5, 2)])
def test_parts_on_disk_settle_what_the_whole_settles(
    total: int, cores: int, tmp_path: Path
) -> None:
    of = date_of(story(7))
    lines = [*of.carried, *of.trades()]
    parts = spilled.Parts(tmp_path, total, TODAY)
    spilled.spill_lines(parts, lines)
    spilled.spill_rows(parts, of.rows)
    leftovers = spilled.settle_all(parts, cores)
    apart = [*spilled.settled(parts), *conclude(leftovers, bill_date=TODAY, known=of.known)]
    join = Join(of.rows, TODAY)
    join.hear(lines)
    whole = [*join.equal(), *conclude([join.leftover()], bill_date=TODAY, known=of.known)]
    assert len(whole) > 50
    assert sorted(map(told, apart)) == sorted(map(told, whole))


def test_a_part_has_so_many_rows_that_memory_stays_small() -> None:
    assert [spilled.parts_for(rows) for rows in (0, 1, 50_000, 50_001, 1_000_000)] == [
        1, 1, 1, 2, 20,
    ]  # fmt: skip
