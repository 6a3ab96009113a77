-- migrate:up
-- The files that a bill came in, as the log names them: by them a line of a bill is found again.

create function read.files_of_bills(cell text, ids uuid[])
  returns table (bill_id uuid, place bigint, event text, channel text, mchid text, kind text, bill_date text,
                 sha256 text)
  language plpgsql stable security definer set search_path = pg_catalog, pg_temp as $$
begin
  return query execute format(
    'select stream_id, position, type, said ->> ''channel'', said ->> ''mchid'', said ->> ''kind'',
            said ->> ''bill_date'', said ->> ''sha256''
     from (select stream_id, position, type, convert_from(data, ''UTF8'')::jsonb as said from %I.events
           where stream_id = any($1) and tenant = current_setting(''app.tenant'', true)
             and type = any(array[''bill.fetched.v1'', ''bill.restated.v1''])) e
     order by position', cell) using ids;
end $$;

revoke all on function read.files_of_bills(text, uuid[]) from public;
grant execute on function read.files_of_bills(text, uuid[]) to tuan_reader;

-- migrate:down
do $$ begin raise exception 'migrations only go forward'; end $$;
