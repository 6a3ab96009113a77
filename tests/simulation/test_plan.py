"""The same record and seed give the same world; the recorded people do what was recorded."""

from collections import Counter
from itertools import chain
from pathlib import Path

import pytest

from infra.simulator.world.plan import Loner, Mind, Party, World, plan, users
from infra.simulator.world.recorded import Record, from_beibei, made_up

GROUPS = 400


def world(seed: int = 1, groups: int = GROUPS) -> World:
    return plan(made_up(groups, seed), seed)


def parties(of: World) -> list[Party]:
    return [step for step in of.steps if isinstance(step, Party)]


@pytest.fixture
def beibei(tmp_path: Path) -> Path:
    """Files as the data set has them: 30 items; item n has n groups that succeeded and 2n that failed."""
    success = [
        f"{1000 + n}\t{item}\t{2000 + n}\t{3000 + n}" for item in range(30) for n in range(item)
    ]
    failed = [f"{4000 + n}\t{item}" for item in range(30) for n in range(2 * item)]
    (tmp_path / "success.tsv").write_text("\n".join(success) + "\n")
    (tmp_path / "failed.tsv").write_text("\n".join(failed) + "\n")
    return tmp_path


def test_the_same_seed_gives_the_same_world() -> None:
    assert world(7) == world(7)


def test_another_seed_gives_another_world() -> None:
    assert world(7).steps != world(8).steps


def test_a_person_is_the_same_buyer_under_every_seed(beibei: Path) -> None:
    first, second = (plan(from_beibei(beibei, 200, seed), seed) for seed in (1, 2))
    assert len(set(first.users()) & set(second.users())) > 20


def test_the_record_is_played_as_it_is(beibei: Path) -> None:
    record = from_beibei(beibei, 100, seed=3)
    assert len(record.groups) == 100
    recorded = [party for party in parties(plan(record, 3)) if party.outcome]
    for group, party in zip(record.groups, recorded, strict=True):
        assert party.outcome == ("succeeded" if group.succeeded else "failed")
        members = [other for other in party.others if other.mind is Mind.PAYS]
        assert len(members) == len(group.others)
        assert party.seats == 3, "failed groups waited for as many as their item's others had"
        assert party.leader.mind is Mind.PAYS


def test_no_item_fills_the_world(beibei: Path) -> None:
    items = Counter(group.item for group in from_beibei(beibei, 100, seed=3).groups)
    assert max(items.values()) <= 10


def test_a_record_without_its_files_is_refused(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        from_beibei(tmp_path, 10, 1)


def test_everything_that_goes_wrong_is_planned_somewhere() -> None:
    everybody = world(groups=2000)
    visitors = chain.from_iterable((step.leader, *step.others) for step in parties(everybody))
    minds = Counter(visitor.mind for visitor in visitors)
    assert set(minds) == set(Mind)
    assert minds[Mind.PAYS] > sum(minds.values()) * 0.8
    assert any(isinstance(step, Loner) for step in everybody.steps)


def test_every_deal_that_is_asked_for_is_on_sale_with_enough_stock() -> None:
    everything = world()
    on_sale = {(deal.terms.item, deal.terms.seats): deal for deal in everything.deals}
    assert len(on_sale) == len(everything.deals)
    need: Counter[tuple[int, int]] = Counter()
    for party in parties(everything):
        assert len({party.leader.user, *(other.user for other in party.others)}) == len(
            users(party)
        )
        need[party.item, party.seats] += party.seats
    for where, seats in need.items():
        assert on_sale[where].terms.scarce or on_sale[where].allotment >= seats


def test_a_made_up_record_is_like_the_real_one() -> None:
    record: Record = made_up(5000, seed=1)
    succeeded = [group for group in record.groups if group.succeeded]
    assert 0.38 < len(succeeded) / len(record.groups) < 0.46
    assert all(len(group.others) == group.seats - 1 for group in succeeded)
    assert all(not group.others for group in record.groups if not group.succeeded)
    popularity = Counter(group.item for group in record.groups).most_common()
    assert popularity[0][1] > 20 * popularity[len(popularity) // 2][1] > 0
