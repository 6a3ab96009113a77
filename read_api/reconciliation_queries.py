"""What reconciliation asks the read models."""

from typing import Final, LiteralString

SELECT: Final[LiteralString] = """
select d.*, b.open_now, b.long_fen, b.short_fen, b.oldest, b.gap, w.waiting, w.waiting_ours, w.waiting_theirs
from read.bill_days_v1 d
left join lateral (
  select count(*)::integer as open_now, coalesce(sum(x.long_fen), 0)::bigint as long_fen,
    coalesce(sum(x.short_fen), 0)::bigint as short_fen, min(x.opened_at) as oldest,
    coalesce(bool_or(x.code = 'BALANCE_GAP'), false) as gap
  from read.breaks_v1 x where (x.tenant, x.channel, x.mchid, x.bill_date)
    = (d.tenant, d.channel, d.mchid, d.bill_date) and x.closed is null) b on true
left join lateral (
  select count(*)::integer as waiting,
    coalesce(sum(l.net_fen) filter (where l.side = 'ledger' and l.booked = d.bill_date), 0)::bigint as waiting_ours,
    coalesce(sum(l.net_fen) filter (where l.side <> 'ledger'), 0)::bigint as waiting_theirs
  from read.bill_day_lines_v1 l where (l.tenant, l.channel, l.mchid, l.bill_date)
    = (d.tenant, d.channel, d.mchid, d.bill_date) and l.code = 'PENDING_CUTOFF'
    and not exists (select from read.bill_day_lines_v1 m where (m.tenant, m.channel, m.mchid)
      = (l.tenant, l.channel, l.mchid) and m.bill_date >= l.bill_date and m.code <> 'PENDING_CUTOFF'
      and m.channel_number = l.channel_number and (m.number = l.number or l.number = '')
      and m.kind = l.kind)) w on true
where d.tenant = %(tenant)s """
DAYS: Final[LiteralString] = (
    SELECT
    + """and (%(channel)s::text is null or d.channel = %(channel)s)
  and (%(state)s::text is null or (d.closed_at is not null) = (%(state)s = 'closed'))
  and (%(since)s::date is null or d.bill_date >= %(since)s)
  and (%(through)s::date is null or d.bill_date <= %(through)s)
  and (%(before)s::date is null or (d.bill_date, d.channel, d.mchid)
    < (%(before)s::date, %(before_channel)s::text, %(before_mchid)s::text))
order by d.bill_date desc, d.channel desc, d.mchid desc limit %(limit)s"""
)
DAY: Final[LiteralString] = (
    SELECT
    + """and d.channel = %(channel)s and d.bill_date = %(date)s
  and (%(mchid)s::text is null or d.mchid = %(mchid)s) order by d.mchid limit 1"""
)
SUMS: Final[LiteralString] = """
select (select coalesce(sum(debit_fen - credit_fen), 0)::bigint from read.ledger_lines_v2
    where tenant = %(tenant)s and account = '1120' and sub_key = %(clearing)s) as clearing_fen,
  (select coalesce(sum(debit_fen - credit_fen), 0)::bigint from read.ledger_lines_v2
    where tenant = %(tenant)s and account = '1121' and sub_key = any(%(places)s) and value_date <= %(date)s) as balance_fen,
  (select count(distinct line)::integer from read.bill_day_lines_v1 where tenant = %(tenant)s
    and channel = %(channel)s and mchid = %(mchid)s and bill_date = %(date)s and side = 'trade' and line is not null
    and (booked is null or booked = %(date)s or bill_id is not null)) as trade_placed,
  (select count(distinct line)::integer from read.bill_day_lines_v1 where tenant = %(tenant)s
    and channel = %(channel)s and mchid = %(mchid)s and bill_date = %(date)s and side = 'fund' and line is not null) as fund_placed,
  exists (select from read.parked where handler = %(handler)s and tenant = %(tenant)s) as degraded,
  (select closed_at is not null from read.bill_days_v1 where tenant = %(tenant)s and channel = %(channel)s
    and mchid = %(mchid)s and bill_date = %(date)s - 1) as earlier_closed"""
FILES: Final[LiteralString] = """
select bill_id, kind, account, state from read.bills_v1
where tenant = %(tenant)s and channel = %(channel)s and mchid = %(mchid)s and bill_date = %(date)s
order by kind, account"""
COUNTS: Final[LiteralString] = """
select code, count(*)::integer as lines, coalesce(sum(net_fen), 0)::bigint as net_fen from read.bill_day_lines_v1
where tenant = %(tenant)s and channel = %(channel)s and mchid = %(mchid)s and bill_date = %(date)s
group by code order by code"""
LINES: Final[LiteralString] = """
select l.*, b.closed as break_closed, b.owner as break_owner from read.bill_day_lines_v1 l
left join read.breaks_v1 b on b.break_id = l.break_id
where l.tenant = %(tenant)s and l.channel = %(channel)s and l.mchid = %(mchid)s and l.bill_date = %(date)s
  and (%(code)s::text is null or l.code = %(code)s or (%(code)s = 'different' and l.code <> 'MATCHED'))
  and (%(side)s::text is null or l.side = %(side)s)
  and (%(after)s::bigint is null or (l.position, l.nth) > (%(after)s::bigint, %(after_nth)s::integer))
order by l.position, l.nth limit %(limit)s"""
