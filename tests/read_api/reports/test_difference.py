"""Two views of the same books: what makes them differ is told entry by entry, and adds up to the difference."""

from collections import Counter
from datetime import date

from domain.accounts import CHART
from tests.read_api.conftest import Readers
from tests.read_api.reports.telling import BOSS, Posting

PATH = "/v1/ledger/difference"


def views(books: list[Posting]) -> list[tuple[str, tuple[date, int], tuple[date, int]]]:
    """Queries with what each side of them is."""
    days = sorted({it.on for it in books})
    early, late = books[len(books) // 3].position, books[len(books) * 2 // 3].position
    all_days, all = date.max, 10**9
    return [
        (f"left_known_at={early}", (all_days, early), (all_days, all)),
        (f"left_known_at={late}&right_known_at={early}", (all_days, late), (all_days, early)),
        (f"left_as_of={days[0]}&right_as_of={days[-2]}", (days[0], all), (days[-2], all)),
        (
            f"left_as_of={days[-2]}&left_known_at={early}&right_as_of={days[0]}&right_known_at={late}",
            (days[-2], early),
            (days[0], late),
        ),
    ]


def seen(books: list[Posting], view: tuple[date, int]) -> list[Posting]:
    through, known = view
    return [it for it in books if it.on <= through and it.position <= known]


def balances(lines: list[Posting]) -> Counter[str]:
    found: Counter[str] = Counter()
    for it in lines:
        found[it.account] += it.growth
    return found


async def test_groups_and_entries_each_add_up_to_the_difference(
    readers: Readers, books: list[Posting]
) -> None:
    for query, left, right in views(books):
        told = await readers.json(f"{PATH}?{query}&limit=1", BOSS)
        ours, theirs = balances(seen(books, left)), balances(seen(books, right))
        expected = {code: theirs[code] - ours[code] for code in CHART}
        accounts = {it["account"]: it for it in told["accounts"]}
        for code in CHART:
            row = accounts.get(code, {"difference_fen": 0, "left_fen": 0, "right_fen": 0})
            assert row["difference_fen"] == expected[code]
            if code in accounts:
                assert (row["left_fen"], row["right_fen"]) == (ours[code], theirs[code])
        grouped: Counter[str] = Counter()
        for it in told["groups"]:
            grouped[it["account"]] += it["fen"]
        entries = await readers.pages(f"{PATH}?{query}", BOSS)
        changed: Counter[str] = Counter()
        for it in entries:
            changed.update(it["changes"])
        for code in CHART:
            assert grouped[code] == changed[code] == expected[code], (query, code)


async def test_each_entry_says_which_side_has_it_and_why_the_other_has_not(
    readers: Readers, books: list[Posting]
) -> None:
    for query, left, right in views(books):
        entries = await readers.pages(f"{PATH}?{query}", BOSS)
        mine = {(it.position, it.nth) for it in seen(books, left)}
        theirs = {(it.position, it.nth) for it in seen(books, right)}
        found = {(it["position"], it["nth"]): it for it in entries}
        assert len(found) == len(entries)
        assert set(found) == mine ^ theirs
        for place, it in found.items():
            assert it["side"] == ("left" if place in mine else "right")
            known = right[1] if it["side"] == "left" else left[1]
            assert (it["why"] == "recorded_later") == (it["position"] > known)


async def test_one_account_and_one_sub_key(readers: Readers, books: list[Posting]) -> None:
    query, left, _ = views(books)[0]
    for code in ("1120", "2210"):
        late = [it for it in books if it.position > left[1] and it.account == code]
        told = await readers.json(f"{PATH}?{query}&account={code}&limit=200", BOSS)
        assert [it["account"] for it in told["accounts"]] == [code]
        assert sum(it["changes"][code] for it in told["items"]) == sum(it.growth for it in late)
        key = late[0].sub_key
        one = await readers.json(f"{PATH}?{query}&account={code}&sub_key={key}&limit=200", BOSS)
        assert one["accounts"][0]["difference_fen"] == sum(
            it.growth for it in late if it.sub_key == key
        )


async def test_the_same_view_twice_differs_by_nothing(
    readers: Readers, books: list[Posting]
) -> None:
    told = await readers.json(PATH, BOSS)
    assert (told["accounts"], told["groups"], told["items"]) == ([], [], [])
    stranger = await readers.json(f"{PATH}?left_known_at=0", "nobody/boss/finance:read")
    assert stranger["items"] == []


async def test_a_moment_is_a_time_or_a_position(readers: Readers, books: list[Posting]) -> None:
    one = books[len(books) // 2]
    by_time = await readers.json(
        f"{PATH}?left_known_at={one.recorded_at.isoformat().replace('+00:00', 'Z')}", BOSS
    )
    last = max(it.position for it in books if it.recorded_at <= one.recorded_at)
    assert by_time["left_known_position"] == last
