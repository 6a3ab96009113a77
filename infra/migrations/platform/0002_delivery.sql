-- migrate:up
-- What stands around the read models: who consumes, how far, what is parked, what went wrong.
-- The read models themselves are made by their projections, which own their tables.

create table read.leases (
  consumer   text        not null,               -- a group of handlers that one process runs at a time
  cell       text        not null,
  holder     uuid        not null,               -- the process that runs them
  renewed_at timestamptz not null,               -- the database's clock: silence hands the lease over
  primary key (consumer, cell)
);

create table read.checkpoints (
  handler      text        not null,             -- a projection with its version, or a process
  cell         text        not null,
  epoch        bigint      not null default 0,
  position     bigint      not null default 0,   -- everything up to here is in the read model
  hash         bytea       not null default decode(repeat('00', 32), 'hex'),
  at           timestamptz,                      -- when the event at `position` was recorded
  stream_epoch bigint      not null default 0,   -- life of the JetStream stream it was last fed from
  parked       bigint      not null default 0,   -- events waiting in read.parked
  halted       text,                             -- why it stands still; null while it runs
  halted_at    timestamptz,
  primary key (handler, cell)
) with (fillfactor = 50);

create table read.parked (
  handler   text        not null,
  cell      text        not null,
  epoch     bigint      not null,
  stream_id uuid        not null,
  position  bigint      not null,
  tenant    text        not null,
  type      text        not null,
  raw       bytea       not null,                -- the event as recorded; decoded again at replay
  at        timestamptz not null,                -- when it was recorded
  error     text,                                -- null: it only follows an earlier one of its stream
  parked_at timestamptz not null default clock_timestamp(),
  primary key (handler, cell, position)
);
create index parked_by_stream on read.parked (stream_id, handler, cell);
create index parked_by_tenant on read.parked (tenant, handler);
alter table read.parked enable row level security;
create policy tenant_only on read.parked for select to tuan_reader
  using (tenant = current_setting('app.tenant', true));
create policy all_of_it on read.parked to tuan_projector using (true) with check (true);

create table read.streams (
  cell           text        not null,
  stream_epoch   bigint      not null,           -- counts the lives of the cell's JetStream stream
  after_position bigint      not null,           -- this life carries the positions after it
  reason         text        not null,
  at             timestamptz not null default clock_timestamp(),
  primary key (cell, stream_epoch)
);

create table read.alarms (
  alarm_id bigint      generated always as identity primary key,
  cell     text        not null,
  kind     text        not null,
  detail   text        not null,
  at       timestamptz not null default clock_timestamp()
);

-- Every table of a read model calls this once: each tenant sees its own rows only, whatever a query forgets.
create function read.tenants_apart(which regclass) returns void language plpgsql as $$
begin
  execute format('alter table %s enable row level security', which);
  execute format('create policy tenant_only on %s for select to tuan_reader
                  using (tenant = current_setting(''app.tenant'', true))', which);
  execute format('grant select on %s to tuan_reader', which);
end $$;

-- The reader has no access to cells. These two answer what it may know about them.

create function read.cell_of_tenant() returns text
  language sql stable security definer set search_path = pg_catalog, pg_temp as $$
  select cell from platform.tenants where tenant = current_setting('app.tenant', true)
$$;

-- Where the log (events or commands) of a cell ends, and when the first entry after `done` was recorded.
create function read.waiting_since(cell text, log text, done bigint, out head bigint, out since timestamptz)
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  counted constant text := case log when 'events' then 'position' when 'commands' then 'seq' end;
  told    constant text := case log when 'events' then 'recorded_at' when 'commands' then 'at' end;
begin
  execute format('select coalesce(max(%I), 0) from %I.%I', counted, cell, log) into head;
  execute format('select %I from %I.%I where %I = $1', told, cell, log, counted) into since using done + 1;
end $$;

revoke all on function read.cell_of_tenant(), read.waiting_since(text, text, bigint),
  read.tenants_apart(regclass) from public;
grant execute on function read.cell_of_tenant(), read.waiting_since(text, text, bigint)
  to tuan_reader, tuan_projector;
grant execute on function read.tenants_apart(regclass) to tuan_projector;

-- Read models are made again here, beside the ones in use, and then take their place.
create schema rebuild authorization tuan_projector;

grant select, insert, update, delete on all tables in schema read to tuan_projector;
grant select on read.checkpoints, read.parked, read.streams to tuan_reader;

-- migrate:down
do $$ begin raise exception 'migrations only go forward'; end $$;
