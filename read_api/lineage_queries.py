"""What lineage reads: entries by anything that leads to them, and what the log says of where they come from."""

from typing import Final, LiteralString

MOST: Final = 400  # entries, and events, of one answer

# By each kind of id: which lines of the ledger it leads to.
OF: Final[dict[str, LiteralString]] = {
    "entry": "(entry_id = %(id)s or corrects = %(id)s)",
    "event": "position = %(position)s",
    "command": "position between %(first)s and %(last)s",
    "bill_line": "bill_id = %(id)s and bill_line = %(line)s",
    "order": "order_id = %(id)s",
    "refund": "refund_id = %(id)s",
    "payout": "account = '2130' and sub_key = %(id)s::text",
}
ENTRIES: LiteralString = """
select l.* from read.ledger_lines_v2 l join (
  select position, nth from read.ledger_lines_v2 where tenant = %(tenant)s and {which}
  group by position, nth order by position, nth limit %(most)s) wanted using (position, nth)
where l.tenant = %(tenant)s order by l.position, l.nth, l.line"""

STREAM: LiteralString = """
select read.places_of_stream(%(cell)s, %(id)s, %(most)s) as places"""
EVENTS: LiteralString = "select * from read.origins(%(cell)s, %(places)s) limit %(most)s"
COMMANDS: LiteralString = "select * from read.commands_behind(%(cell)s, %(ids)s)"
FILES: LiteralString = "select * from read.files_of_bills(%(cell)s, %(ids)s)"
