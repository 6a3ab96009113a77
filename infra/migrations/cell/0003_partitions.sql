-- migrate:up
-- Tables that grow for ever are cut into ranges: keys by week, so that old ones can be dropped at once, and
-- commands by number, so that old ones can be archived. A default partition takes what no range covers:
-- a clock may show anything, and still nothing may fail.

select set_config('search_path', current_schema() || ', pg_temp', true);

create table idempotency_default partition of idempotency default;
create table commands_default partition of commands default;

-- Makes the missing weeks of the `days` days before `until`; returns how many it made.
create function ensure_idempotency_partitions(until timestamptz, days integer) returns integer
language plpgsql security definer set search_path from current as $$
declare
  week constant bigint := 7 * 86400;  -- seconds; weeks are counted from 1970
  made integer := 0;
begin
  perform pg_advisory_xact_lock('idempotency'::regclass::oid::bigint);
  for n in floor(extract(epoch from until - make_interval(days => days)) / week)::bigint
        .. floor(extract(epoch from until) / week)::bigint loop
    if to_regclass(format('%I', 'idempotency_w' || n)) is null then
      begin
        execute format('create table %I partition of idempotency for values from (%L) to (%L)',
                       'idempotency_w' || n, to_timestamp(n * week), to_timestamp((n + 1) * week));
        made := made + 1;
      exception when check_violation then null;  -- keys of that week are in the default partition: they stay
      end;
    end if;
  end loop;
  return made;
end $$;

-- Forgets the keys of whole weeks before this instant; returns how many weeks it dropped.
create function drop_idempotency_before(before timestamptz) returns integer
language plpgsql security definer set search_path from current set lock_timeout = '2s' as $$
declare
  week text;
  dropped integer := 0;
begin
  for week in
    select c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
    where i.inhparent = 'idempotency'::regclass and c.relname ~ '^idempotency_w[0-9]+$'
      and to_timestamp((substr(c.relname, 14)::bigint + 1) * 7 * 86400) <= before
  loop
    execute format('drop table %I', week);
    dropped := dropped + 1;
  end loop;
  delete from idempotency_default where at < before;
  return dropped;
end $$;

-- Makes the missing ranges of 50,000,000 commands up to this number; returns how many it made.
create function ensure_commands_partitions(until_seq bigint) returns integer
language plpgsql security definer set search_path from current as $$
declare
  size constant bigint := 50000000;
  made integer := 0;
  part text;
begin
  perform pg_advisory_xact_lock('commands'::regclass::oid::bigint);
  for n in 0 .. (until_seq - 1) / size loop
    part := 'commands_' || n;
    if to_regclass(part) is null then
      begin
        execute format('create table %I partition of commands for values from (%s) to (%s)',
                       part, n * size + 1, (n + 1) * size + 1);
        execute format('create trigger commands_append_only before update or delete or truncate on %I '
                       'for each statement execute function refuse_change()', part);
        made := made + 1;
      exception when check_violation then null;  -- some of them are in the default partition: they stay
      end;
    end if;
  end loop;
  return made;
end $$;

-- A trigger on the whole does not see what is done to a part directly.
create trigger commands_append_only before update or delete or truncate on commands_0
  for each statement execute function refuse_change();
create trigger commands_append_only before update or delete or truncate on commands_1
  for each statement execute function refuse_change();
create trigger commands_append_only before update or delete or truncate on commands_default
  for each statement execute function refuse_change();

select ensure_idempotency_partitions(now() + interval '14 days', 54);

-- migrate:down
do $$ begin raise exception 'migrations only go forward'; end $$;
