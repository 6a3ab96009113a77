-- migrate:up
-- What an operator of the platform may see of it beside the read models: who owns a cell, and what went wrong.

-- The owner of a cell: its epoch, the end of its logs, where it listens, and how long it has been silent.
create function read.owner_of(cell text, out epoch bigint, out head_position bigint, out command_seq bigint,
                              out address text, out silent_seconds double precision, out last_at timestamptz)
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  execute format('select epoch, head_position, command_seq, address,
                    extract(epoch from clock_timestamp() - heartbeat_at)::double precision, last_at
                  from %I.owner', cell)
    into epoch, head_position, command_seq, address, silent_seconds, last_at;
end $$;

revoke all on function read.owner_of(text) from public;
grant execute on function read.owner_of(text) to tuan_reader;
grant select on read.alarms to tuan_reader;

-- migrate:down
do $$ begin raise exception 'migrations only go forward'; end $$;
