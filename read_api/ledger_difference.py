"""GET /v1/ledger/difference: two views of the same books, and every entry that makes them differ.

A view is a day and a moment: the money that counts to days through the one, as it was recorded by the other.
What one view has and the other has not is all of the difference; it adds up to it, account by account.
"""

from typing import Annotated, Any, LiteralString

from fastapi import APIRouter, Depends, Query
from pydantic import Field

from projections import ledger
from read_api.access import ALL, FINANCE
from read_api.asked import Day, Instant
from read_api.ledger import degraded, place
from read_api.ledger_asked import POSITION_MAX, AccountCode, SubKey
from read_api.ledger_difference_view import Difference, Group, apart, compared
from read_api.pages import Paged, next_key, read_key
from read_api.reports.asked import position_of
from read_api.reports.books import CREDITS, GROWTH
from read_api.snapshot import Reading, Snapshot

router = APIRouter(prefix="/v1/ledger", tags=["ledger"])

READING = Reading(ledger.NAME, needs=frozenset({FINANCE, ALL}))

LEFT: LiteralString = """
(position <= %(left_known)s and (%(left_as_of)s::date is null or value_date <= %(left_as_of)s))"""
RIGHT: LiteralString = """
(position <= %(right_known)s and (%(right_as_of)s::date is null or value_date <= %(right_as_of)s))"""
LINES: LiteralString = f""" from read.ledger_lines_v2 where tenant = %(tenant)s
  and (%(account)s::text is null or account = %(account)s)
  and (%(sub_key)s::text is null or sub_key = %(sub_key)s) and ({LEFT} or {RIGHT})"""
APART: LiteralString = f"{LINES} and not ({LEFT} and {RIGHT})"

# Why the other view lacks it: it was not recorded by then, or it counts to a day that is not in it.
SIDE: LiteralString = f"case when {LEFT} then 'left' else 'right' end as side"
WHY: LiteralString = f"""case when position > (case when {LEFT} then %(right_known)s else %(left_known)s end)
  then 'recorded_later' else 'of_a_later_day' end as why"""

ACCOUNTS: LiteralString = f"""
select account, coalesce(sum({GROWTH}) filter (where {LEFT}), 0)::bigint as left_fen,
  coalesce(sum({GROWTH}) filter (where {RIGHT}), 0)::bigint as right_fen
{LINES} group by account having bool_or(not ({LEFT} and {RIGHT})) order by account"""
GROUPS: LiteralString = f"""
select account, {SIDE}, {WHY}, event, rule, count(distinct (position, nth))::bigint as entries,
  (sum({GROWTH}) * min(case when {LEFT} then -1 else 1 end))::bigint as fen
{APART} group by 1, 2, 3, 4, 5 order by 1, 2, 3, 4, 5"""
ENTRIES: LiteralString = f"""
select l.*, side, why from (select position, nth, min(side) as side, min(why) as why
  from (select position, nth, {SIDE}, {WHY} {APART}) parts
  where (%(after)s::bigint is null or (position, nth) > (%(after)s::bigint, %(after_nth)s::smallint))
  group by position, nth order by position, nth limit %(limit)s) apart
join read.ledger_lines_v2 l using (position, nth)
where l.tenant = %(tenant)s order by position, nth, line"""

Known = Annotated[int, Field(ge=0, le=POSITION_MAX)] | Instant


class Two(Paged):
    """The two views. What is absent is all there is now."""

    left_as_of: Day | None = None
    left_known_at: Known | None = None
    right_as_of: Day | None = None
    right_known_at: Known | None = None
    account: AccountCode | None = None
    sub_key: SubKey | None = None


@router.get("/difference")
async def get_difference(
    snapshot: Annotated[Snapshot, Depends(READING)], asked: Annotated[Two, Query()]
) -> Difference:
    """Right less left, explained event by event."""
    values: dict[str, Any] = {
        "tenant": snapshot.tenant,
        "credits": CREDITS,
        "left_known": await position_of(snapshot, asked.left_known_at),
        "right_known": await position_of(snapshot, asked.right_known_at),
        **asked.model_dump(include={"left_as_of", "right_as_of", "account", "sub_key"}),
    }
    of = "ledger-difference"
    after, after_nth = place(read_key(asked.cursor, of, str))
    page = {"after": after, "after_nth": after_nth, "limit": asked.limit + 1}
    rows = await snapshot.rows(ENTRIES, **values, **page)
    found = apart(rows, asked.account, asked.sub_key)
    return Difference(
        left_known_position=values["left_known"],
        right_known_position=values["right_known"],
        accounts=[compared(row) for row in await snapshot.rows(ACCOUNTS, **values)],
        groups=[Group(**row) for row in await snapshot.rows(GROUPS, **values)],
        items=found[: asked.limit],
        next=next_key(of, [f"{it.position}.{it.nth}" for it in found], asked.limit),
        degraded=await degraded(snapshot),
    )
