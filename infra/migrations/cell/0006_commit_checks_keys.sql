-- migrate:up
-- The commit itself looks the batch's keys up, so that a batch without repeats needs no round trip before it.
-- `commit_batch` stays for engines of older code that are still running.

-- Write one batch behind the fence: same epoch, same head as this engine last saw, or nothing at all. False
-- when a key of it has an answer already: then nothing was written, and it is to be decided knowing the answer.
-- The fence is looked at after the keys, so none that another owner took meanwhile is missed; and who no longer
-- owns the cell hears that rather than of keys.
create function write_batch(
  my_epoch bigint, old_position bigint, old_hash bytea, old_seq bigint,
  new_hash bytea, new_command_hash bytea, batch_at timestamptz, revision text,
  e_tenant text[], e_category text[], e_stream uuid[], e_version int[], e_type text[], e_data bytea[],
  e_command uuid[], e_hash bytea[],
  c_id uuid[], c_tenant text[], c_principal text[], c_name text[], c_key text[], c_digest uuid[], c_body bytea[],
  c_mac bytea[], c_facts bytea[], c_outcome text[], c_reply bytea[], c_seen bigint[], c_first bigint[],
  c_last bigint[], c_correlation uuid[], c_causation uuid[], c_hash bytea[],
  d_of uuid[], d_name text[],
  t_of uuid[], t_name text[], t_due timestamptz[], t_tenant text[], t_body bytea[], t_cause uuid[],
  i_id uuid[], i_done_as uuid[],
  s_stream uuid[], s_tenant text[], s_category text[], s_version int[], s_shape text[], s_state bytea[]
) returns boolean language plpgsql as $$
begin
  perform from idempotency where key_digest = any(c_digest);  -- inside `exists` it would be planned for the first row
  if found then
    perform from owner
      where epoch = my_epoch and head_position = old_position and head_hash = old_hash and command_seq = old_seq;
    if found then return false; end if;
    raise exception 'epoch % no longer owns this cell', my_epoch using errcode = 'TU001';
  end if;
  update owner set head_position = old_position + cardinality(e_stream), head_hash = new_hash,
    command_seq = old_seq + cardinality(c_id), command_hash = new_command_hash, last_at = batch_at,
    heartbeat_at = clock_timestamp()
  where epoch = my_epoch and head_position = old_position and head_hash = old_hash and command_seq = old_seq;
  if not found then
    raise exception 'epoch % no longer owns this cell', my_epoch using errcode = 'TU001';
  end if;
  if cardinality(e_stream) > 0 then
    insert into events
    select old_position + n, my_epoch, tenant, category, stream, version, type, data, command, batch_at, hash
    from unnest(e_tenant, e_category, e_stream, e_version, e_type, e_data, e_command, e_hash)
      with ordinality as e(tenant, category, stream, version, type, data, command, hash, n);
  end if;
  insert into commands
  select old_seq + n, id, tenant, principal, name, key, body, mac, facts, outcome, reply, seen, first, last,
         revision, correlation, causation, batch_at, hash
  from unnest(c_id, c_tenant, c_principal, c_name, c_key, c_body, c_mac, c_facts, c_outcome, c_reply, c_seen,
              c_first, c_last, c_correlation, c_causation, c_hash)
    with ordinality as c(id, tenant, principal, name, key, body, mac, facts, outcome, reply, seen, first, last,
                         correlation, causation, hash, n);
  insert into idempotency
  select digest, batch_at, mac, old_seq + n
  from unnest(c_digest, c_mac) with ordinality as k(digest, mac, n) where digest is not null;
  if cardinality(d_of) > 0 then
    delete from timers t using unnest(d_of, d_name) as d(of_id, name) where t.of_id = d.of_id and t.name = d.name;
  end if;
  if cardinality(t_of) > 0 then
    insert into timers select * from unnest(t_of, t_name, t_due, t_tenant, t_body, t_cause)
    on conflict (of_id, name) do update set due_at = excluded.due_at, tenant = excluded.tenant,
      body = excluded.body, cause_id = excluded.cause_id;
  end if;
  if cardinality(i_id) > 0 then
    update inbox i set done_as = d.done_as from unnest(i_id, i_done_as) as d(id, done_as) where i.command_id = d.id;
  end if;
  if cardinality(s_stream) > 0 then
    insert into snapshots select * from unnest(s_stream, s_tenant, s_category, s_version, s_shape, s_state)
    on conflict (stream_id) do update set version = excluded.version, shape = excluded.shape, state = excluded.state;
  end if;
  return true;
end $$;

do $$ begin
  execute format('revoke execute on function %I.write_batch from public', current_schema());
  execute format('grant execute on function %I.write_batch to tuan_engine', current_schema());
end $$;

-- migrate:down
do $$ begin raise exception 'migrations only go forward'; end $$;
