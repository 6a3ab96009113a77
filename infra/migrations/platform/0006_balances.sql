-- migrate:up
-- What the payment channels hold of each tenant's money, as they last said. It stands in no event: it is theirs.

create table read.channel_balances (
  tenant        text        not null,
  channel       text        not null,
  available_fen bigint,                          -- refunds are paid from it; null: never told
  pending_fen   bigint,                          -- the channel still keeps it back
  told_at       timestamptz,                     -- when it last said so, by the shared clock
  error         text,                            -- why the latest question was not answered; null: it was
  asked_at      timestamptz not null,
  short_since   timestamptz,                     -- less than the refunds of the next hours may need; null: enough
  primary key (tenant, channel)
);
select read.tenants_apart('read.channel_balances');
create policy all_of_it on read.channel_balances to tuan_projector using (true) with check (true);
grant select, insert, update on read.channel_balances to tuan_projector;

-- Whose channels a runner of this cell asks.
create function read.tenants_of(which text) returns setof text
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select tenant from platform.tenants where cell = which order by tenant
$$;
revoke all on function read.tenants_of(text) from public;
grant execute on function read.tenants_of(text) to tuan_projector;

-- migrate:down
do $$ begin raise exception 'migrations only go forward'; end $$;
