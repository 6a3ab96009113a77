-- The design everyone writes first, written well: one call, row locks, the same checks and the same promises.
create schema row_locks;
set search_path to row_locks;
create table pools(pool_id uuid primary key, available int not null, held int not null);
create table groups(group_id uuid primary key, tenant text not null, campaign_id uuid not null, pool_id uuid not null,
  status text not null, seats int not null, taken int not null, closes_at timestamptz not null,
  price_fen bigint not null, per_user_limit int not null, pay_minutes int not null);
create table seats(group_id uuid not null, user_id uuid not null, order_id uuid not null, quantity int not null,
  primary key (group_id, user_id));
create table quotas(campaign_id uuid not null, user_id uuid not null, taken int not null, primary key (campaign_id, user_id));
create table orders(order_id uuid primary key, tenant text not null, group_id uuid not null, buyer uuid not null,
  quantity int not null, amount_fen bigint not null, province text not null, status text not null,
  pay_deadline timestamptz not null, placed_at timestamptz not null);
create index on orders (status, pay_deadline);
create table commands(tenant text not null, principal text not null, key text not null, body bytea not null,
  body_mac bytea not null, outcome text not null, reply jsonb not null, at timestamptz not null,
  primary key (tenant, principal, key));

create function join_group(my_tenant text, my_principal text, my_key text, my_body bytea, my_mac bytea,
  my_group uuid, my_buyer uuid, my_order uuid, my_quantity int, my_province text)
returns table (outcome text, reply jsonb) language plpgsql as $$
declare
  old commands%rowtype; g groups%rowtype; used int; answer jsonb; deadline timestamptz; said text := 'accepted';
begin
  select * into old from commands c where c.tenant = my_tenant and c.principal = my_principal and c.key = my_key;
  if found then
    if old.body_mac <> my_mac then raise exception 'key reused' using errcode = 'TU422'; end if;
    return query select old.outcome, old.reply; return;
  end if;
  select * into g from groups where group_id = my_group and tenant = my_tenant for update;
  if not found then said := 'group_not_found';
  elsif g.status <> 'open' then said := 'group_not_open';
  elsif now() + interval '90 seconds' > g.closes_at then said := 'too_late_to_join';
  elsif g.taken >= g.seats then said := 'group_full';
  elsif exists (select from seats s where s.group_id = my_group and s.user_id = my_buyer) then said := 'already_member';
  else
    insert into quotas as q values (g.campaign_id, my_buyer, my_quantity)
    on conflict (campaign_id, user_id) do update set taken = q.taken + excluded.taken returning taken into used;
    if used > g.per_user_limit then
      update quotas set taken = taken - my_quantity where campaign_id = g.campaign_id and user_id = my_buyer;
      said := 'limit_reached';
    end if;
  end if;
  if said = 'accepted' then
    deadline := least(now() + make_interval(mins => g.pay_minutes), g.closes_at);
    -- The unit itself is counted too, as a design without reserved groups has to.
    update pools set available = available - my_quantity, held = held + my_quantity
      where pool_id = g.pool_id and available >= my_quantity;
    if not found then raise exception 'sold out' using errcode = 'TU409'; end if;
    update groups set taken = taken + 1 where group_id = my_group;
    insert into seats values (my_group, my_buyer, my_order, my_quantity);
    insert into orders values (my_order, my_tenant, my_group, my_buyer, my_quantity, g.price_fen * my_quantity,
      my_province, 'pending_payment', deadline, now());
    answer := jsonb_build_object('order_id', my_order, 'group_id', my_group, 'amount_fen', g.price_fen * my_quantity,
      'pay_deadline', deadline, 'status', 'pending_payment');
  else
    answer := jsonb_build_object('code', said);
  end if;
  insert into commands values (my_tenant, my_principal, my_key, my_body, my_mac, said, answer, now());
  return query select said, answer;
end $$;
