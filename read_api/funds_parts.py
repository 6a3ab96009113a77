"""What the numbers of the funds calendar are made of, as SQL."""

from typing import LiteralString

PARTS: LiteralString = """
select f.kind, f.id, f.due_at, f.fen, l.order_id, coalesce(s.merchant_id, p.merchant_id, l.merchant_id) as merchant_id
from read.funds_due_v1 f
left join read.statements_v1 s on f.kind = 'statement' and s.statement_id = f.id
left join read.payout_desk_v1 p on f.kind = 'payout' and p.payout_id = f.id
left join read.earning_lots_v1 l on f.kind = 'earning' and l.lot_id = f.id
where f.tenant = %(tenant)s and not f.over and f.kind = %(kind)s and f.by_bank = %(by_bank)s and f.fen <> 0
  and greatest((f.due_at at time zone 'Asia/Shanghai')::date, %(today)s) = %(day)s
  and (%(after)s::uuid is null or f.id > %(after)s::uuid) order by f.id limit %(limit)s"""
# Groups count to the day of the whole hour before their deadline, as the calendar has it.
REFUNDS: LiteralString = """
select * from (
  select 'refund' as kind, refund_id as id, requested_at as due_at, amount_fen as fen, order_id,
    null::integer as missing, null::integer as left_minutes
  from read.refund_desk_v1 where tenant = %(tenant)s and ended_at is null and %(today)s = %(day)s
    and status in ('WAITING', 'NO_FUNDS', 'ATTEMPTING', 'IN_DOUBT', 'CLOSED')
  union all
  select 'group', g.group_id, g.closes_at, coalesce((select sum(o.paid_fen) from read.order_status_v2 o
      where o.group_id = g.group_id and o.status = 'GROUPING'), 0)::bigint, null, g.seats - g.filled,
    (select max(step) from unnest(%(left)s::integer[]) step
     where step = 0 or step * 60 <= extract(epoch from g.closes_at - %(now)s))
  from read.group_board_v1 g where g.tenant = %(tenant)s and g.status in ('OPEN', 'DECIDING')
    and ((%(now)s + make_interval(hours => greatest(floor(extract(epoch from g.closes_at - %(now)s) / 3600), 0)::integer))
      at time zone 'Asia/Shanghai')::date = %(day)s) found
where fen <> 0 and (%(after)s::uuid is null or id > %(after)s::uuid) order by id limit %(limit)s"""
