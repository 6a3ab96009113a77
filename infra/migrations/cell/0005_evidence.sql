-- migrate:up
-- What the logs of this cell amount to: Merkle trees over their hashes, and a signed anchor a day.

select set_config('search_path', current_schema() || ', pg_temp', true);

-- Complete subtrees of 256, 65536, ... entries; everything else is made again from these and the logs.
create table merkle_nodes (
  log    text     not null check (log in ('events', 'commands')),
  level  integer  not null check (level > 0 and level % 8 = 0),
  number bigint   not null,                      -- of its level, from 0
  hash   bytea    not null,
  primary key (log, level, number)
);

create table anchors (
  day          date        primary key,          -- Asia/Shanghai: the logs as they were when it ended
  epoch        bigint      not null,             -- of the last event
  position     bigint      not null,             -- of the last event: as many there are
  head_hash    bytea       not null,
  root         bytea       not null,             -- of the tree over the hashes of all events
  command_seq  bigint      not null,
  command_hash bytea       not null,
  command_root bytea       not null,
  at           timestamptz not null,             -- when it was made
  note         text        not null              -- the same, signed: a C2SP checkpoint
);

create trigger merkle_nodes_append_only before update or delete or truncate on merkle_nodes
  for each statement execute function refuse_change();
create trigger anchors_append_only before update or delete or truncate on anchors
  for each statement execute function refuse_change();

do $$
begin
  execute format('grant usage on schema %I to tuan_auditor', current_schema());
end $$;
grant select on events, commands, owner to tuan_auditor;
grant select, insert on merkle_nodes, anchors to tuan_auditor;

-- migrate:down
do $$ begin raise exception 'migrations only go forward'; end $$;
