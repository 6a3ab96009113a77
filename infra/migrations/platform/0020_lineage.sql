-- migrate:up
-- Where a fact comes from: the event at a place of the log, its stream, and the command that recorded it.
-- The reader has no access to cells; these answer for the tenant of the session, and never what was said in a body.

create function read.origins(cell text, places bigint[])
  returns table (place bigint, epoch bigint, stream_id uuid, category text, version integer, type text,
                 command_id uuid, recorded_at timestamptz, hash text)
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return query execute format(
    'select position, epoch, stream_id, category, version, type, command_id, recorded_at, encode(hash, ''hex'')
     from %I.events where position = any($1) and tenant = current_setting(''app.tenant'', true)
     order by position', cell) using places;
end $$;

-- Places of a stream's events, the first ones.
create function read.places_of_stream(cell text, stream uuid, most integer) returns bigint[]
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
declare
  found_them bigint[];
begin
  execute format(
    'select array_agg(position) from (select position from %I.events where stream_id = $1
     and tenant = current_setting(''app.tenant'', true) order by version limit $2) e', cell)
    into found_them using stream, most;
  return coalesce(found_them, '{}');
end $$;

create function read.commands_behind(cell text, ids uuid[])
  returns table (command_id uuid, seq bigint, name text, principal text, outcome text, at timestamptz,
                 first_position bigint, last_position bigint, code_rev text, correlation_id uuid,
                 causation_id uuid, hash text)
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return query execute format(
    'select command_id, seq, name, principal, outcome, at, first_position, last_position, code_rev,
            correlation_id, causation_id, encode(hash, ''hex'')
     from %I.commands where command_id = any($1) and tenant = current_setting(''app.tenant'', true)
     order by seq', cell) using ids;
end $$;

revoke all on function read.origins(text, bigint[]), read.places_of_stream(text, uuid, integer),
  read.commands_behind(text, uuid[]) from public;
grant execute on function read.origins(text, bigint[]), read.places_of_stream(text, uuid, integer),
  read.commands_behind(text, uuid[]) to tuan_reader;

-- migrate:down
do $$ begin raise exception 'migrations only go forward'; end $$;
