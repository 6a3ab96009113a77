"""What is read of the ledger's tables. Parameters are named as in the requests."""

from typing import Final, LiteralString

PARTS: LiteralString = "sum(debit_fen)::bigint as debit_fen, sum(credit_fen)::bigint as credit_fen"
LINES: LiteralString = """ from read.ledger_lines_v2 where tenant = %(tenant)s
  and (%(as_of_position)s::bigint is null or position <= %(as_of_position)s)
  and (%(as_of_time)s::timestamptz is null or recorded_at <= %(as_of_time)s)
  and (%(through)s::date is null or value_date <= %(through)s)"""

ACCOUNTS_NOW: LiteralString = (
    "select account, "
    + PARTS
    + """ from read.ledger_days_v2
where tenant = %(tenant)s and (%(through)s::date is null or value_date <= %(through)s) group by account"""
)
ACCOUNTS_AS_OF: LiteralString = "select account, " + PARTS + LINES + " group by account"

SUB_KEYS_NOW: LiteralString = """
select sub_key, debit_fen, credit_fen from read.ledger_balances_v2
where tenant = %(tenant)s and account = %(account)s"""
SUB_KEYS_AS_OF: LiteralString = (
    "select sub_key, " + PARTS + LINES + " and account = %(account)s group by sub_key"
)
PAGE_OF: LiteralString = "select * from ("
SUB_KEY_PAGE: LiteralString = """) parts where (%(zero)s or debit_fen <> credit_fen)
  and (%(sub_key)s::text is null or sub_key = %(sub_key)s)
  and (%(after)s::text is null or sub_key > %(after)s) order by sub_key limit %(limit)s"""

# An entry is wanted when one of its lines fits, and shown with all of them.
ENTRY_PAGE: LiteralString = """
select l.* from read.ledger_lines_v2 l join (
  select position, nth from read.ledger_lines_v2 where tenant = %(tenant)s
    and (%(order)s::uuid is null or order_id = %(order)s)
    and (%(refund)s::uuid is null or refund_id = %(refund)s)
    and (%(account)s::text is null or account = %(account)s)
    and (%(sub_key)s::text is null or sub_key = %(sub_key)s)
    and (%(value_date)s::date is null or value_date = %(value_date)s)
    and (%(merchant)s::uuid is null or merchant_id = %(merchant)s)
    and (%(entry)s::uuid is null or entry_id = %(entry)s)
    and (%(bill)s::uuid is null or bill_id = %(bill)s)
    and (%(bill_line)s::integer is null or bill_line = %(bill_line)s)
    and (%(before)s::bigint is null or (position, nth) < (%(before)s, %(before_nth)s))
  group by position, nth order by position desc, nth desc limit %(limit)s
) wanted using (position, nth)
where l.tenant = %(tenant)s order by l.position desc, l.nth desc, l.line"""

PARKED: Final = """
select from read.parked where handler = %(handler)s and tenant = %(tenant)s limit 1"""
