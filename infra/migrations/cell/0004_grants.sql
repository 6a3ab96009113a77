-- migrate:up
-- What each role may do in this cell. Nobody may change or delete what was decided.

select set_config('search_path', current_schema() || ', pg_temp', true);

-- Where the log ends: all that a reader may know of the write side.
create function head(out epoch bigint, out head_position bigint, out last_at timestamptz)
language sql stable security definer set search_path from current as
  'select epoch, head_position, last_at from owner';

do $$
declare
  cell constant text := current_schema();
begin
  execute format('grant usage on schema %I to tuan_engine, tuan_projector, tuan_reader, tuan_api', cell);
  execute format('grant select on all tables in schema %I to tuan_projector', cell);
  execute format('revoke execute on all functions in schema %I from public', cell);
  execute format('grant execute on all functions in schema %I to tuan_engine', cell);
end $$;

grant select, insert on events, commands, idempotency to tuan_engine;
grant select, update on owner to tuan_engine;
grant select, insert, update, delete on timers, inbox, snapshots to tuan_engine;
grant select on events_readable to tuan_engine;

grant select, insert on inbox to tuan_api;
grant select on commands, idempotency, owner to tuan_api;
grant execute on function head() to tuan_reader, tuan_projector, tuan_api;

-- migrate:down
do $$ begin raise exception 'migrations only go forward'; end $$;
