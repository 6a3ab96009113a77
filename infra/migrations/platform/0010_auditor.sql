-- migrate:up
-- Whoever anchors the logs and puts evidence together: reads what was decided, and adds anchors.

do $$
begin
  begin
    create role tuan_auditor nologin;
  exception when duplicate_object or unique_violation then null;  -- made by another database of this server
  end;
  if not (select rolsuper from pg_roles where rolname = current_user) then
    execute format('grant tuan_auditor to %I', current_user);
  end if;
end $$;

-- Anchors name no tenant: readers may see those of their cell. The latest first, before a day.
create function read.anchors_of(cell text, before date, most integer)
returns table (day date, epoch bigint, "position" bigint, head_hash bytea, root bytea, command_seq bigint,
               command_hash bytea, command_root bytea, at timestamptz, note text)
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return query execute format(
    'select day, epoch, position, head_hash, root, command_seq, command_hash, command_root, at, note
     from %I.anchors where $1 is null or day < $1 order by day desc limit $2', cell) using before, most;
end $$;
revoke all on function read.anchors_of(text, date, integer) from public;
grant execute on function read.anchors_of(text, date, integer) to tuan_reader;

-- migrate:down
do $$ begin raise exception 'migrations only go forward'; end $$;
