-- migrate:up
-- Live feeds: what lets a client go on where it was, and the tickets by which browsers come in.

-- Rows at or before a checkpoint are normally never touched again, so a feed goes on after its client's
-- position. A rebuild that found differences, and parked events that followed late, are the exceptions.
alter table read.checkpoints
  add column remade_position bigint not null default 0,   -- the checkpoint when that last happened
  add column remade_times bigint not null default 0;      -- how often it did

-- The event at a position: is it still the one that a client has seen, and when was it recorded?
create function read.event_at(cell text, place bigint, out epoch bigint, out at timestamptz)
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  execute format('select epoch, recorded_at from %I.events where position = $1', cell)
    into epoch, at using place;
end $$;

-- Does the tenant have this stream at all? Read models know a campaign only once somebody buys.
create function read.has_stream(cell text, category text, stream uuid) returns boolean
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  found_it boolean;
begin
  execute format('select exists (select from %I.events where stream_id = $1 and version = 1
                    and category = $2 and tenant = current_setting(''app.tenant'', true))', cell)
    into found_it using stream, category;
  return found_it;
end $$;

revoke all on function read.event_at(text, bigint), read.has_stream(text, text, uuid) from public;
grant execute on function read.event_at(text, bigint), read.has_stream(text, text, uuid) to tuan_reader;

-- One use each: a browser's EventSource cannot send a token, and a token does not belong into a URL.
create table platform.live_tickets (
  digest           bytea       primary key,      -- HMAC-SHA256 of the ticket; the ticket is shown once
  tenant           text        not null,
  subject          text        not null,
  scopes           text[]      not null,
  marks            text[]      not null,          -- names under which the token behind it can be revoked
  token_expires_at timestamptz not null,          -- of the token behind it, by the shared clock
  good_until       timestamptz not null           -- of the ticket, by the database's clock
);
create index live_tickets_by_subject on platform.live_tickets (tenant, subject);
create index live_tickets_by_end on platform.live_tickets (good_until);
grant select, insert, delete on platform.live_tickets to tuan_api;

-- migrate:down
do $$ begin raise exception 'migrations only go forward'; end $$;
