-- migrate:up
-- One cell: the write side of whole tenants. Applied with search_path set to the cell's schema.

create table events (
  position    bigint      primary key,           -- dense from 1, assigned by the one writer
  epoch       bigint      not null,              -- ownership under which it was written
  tenant      text        not null,
  category    text        not null,
  stream_id   uuid        not null,
  version     integer     not null,              -- dense from 1 in its stream
  type        text        not null,
  data        bytea       not null,              -- JSON
  command_id  uuid        not null,
  recorded_at timestamptz not null,
  hash        bytea       not null,              -- chain over all events of the cell
  unique (stream_id, version)
);

create table commands (
  seq             bigint      not null,          -- dense from 1: the total order of decisions
  command_id      uuid        not null,
  tenant          text        not null,
  principal       text        not null,
  name            text        not null,
  idempotency_key text,                          -- null for timers
  body            bytea       not null,          -- JSON, personal fields sealed
  body_mac        bytea       not null,          -- keyed digest of the canonical body before sealing
  facts           bytea       not null,          -- JSON: outside facts the decision saw
  outcome         text        not null,          -- 'accepted', a refusal code, or 'error'
  reply           bytea       not null,          -- JSON
  seen_position   bigint      not null,          -- head of the log the decision saw
  first_position  bigint,
  last_position   bigint,
  code_rev        text        not null,
  correlation_id  uuid        not null,
  causation_id    uuid,
  at              timestamptz not null,          -- cell clock of the decision
  hash            bytea       not null,          -- chain over all commands of the cell
  primary key (seq)
) partition by range (seq);
create table commands_0 partition of commands for values from (1) to (50000001);
create table commands_1 partition of commands for values from (50000001) to (100000001);
create index commands_by_id on commands (command_id);

create table idempotency (
  key_digest  uuid        not null,              -- first 16 bytes of blake2b(tenant, principal, route, key)
  at          timestamptz not null,
  body_mac    bytea       not null,
  command_seq bigint      not null,
  primary key (key_digest, at)
) partition by range (at);

create table timers (
  of_id      uuid        not null,               -- the aggregate it is about
  name       text        not null,               -- the command it issues
  due_at     timestamptz not null,
  tenant     text        not null,
  body       bytea       not null,
  cause_id   uuid        not null,               -- the command that set it
  primary key (of_id, name)
);
create index timers_due on timers (due_at);

create table inbox (
  command_id      uuid        primary key,
  tenant          text        not null,
  principal       text        not null,
  name            text        not null,
  idempotency_key text        not null,
  body            bytea       not null,
  body_mac        bytea       not null,
  correlation_id  uuid        not null,
  key_digest      uuid        not null,
  received_at     timestamptz not null default clock_timestamp(),
  done_as         uuid                           -- the command that answered it: itself, or an earlier one with its key
);
create index inbox_waiting on inbox (received_at, command_id) where done_as is null;
create unique index inbox_keys on inbox (key_digest) where done_as is null;

create table snapshots (
  stream_id uuid    primary key,
  tenant    text    not null,
  category  text    not null,
  version   integer not null,
  shape     text    not null,                    -- digest of the state's type; another shape is ignored
  state     bytea   not null
);

create table owner (
  only_row          boolean     primary key default true check (only_row),
  epoch             bigint      not null,
  head_position     bigint      not null,
  head_hash         bytea       not null,
  command_seq       bigint      not null,
  command_hash      bytea       not null,
  last_at           timestamptz not null,        -- cell clock of the last commit
  address           text        not null,        -- base URL of the owner's write API
  backend_pid       integer     not null,
  backend_start     timestamptz not null,        -- with the pid, names the session: pids are used again
  heartbeat_at      timestamptz not null
) with (fillfactor = 50);
insert into owner values (true, 0, 0, decode(repeat('00', 32), 'hex'), 0, decode(repeat('00', 32), 'hex'),
                          '1970-01-01T00:00:00Z', '', 0, '1970-01-01T00:00:00Z', '1970-01-01T00:00:00Z');

create function refuse_change() returns trigger language plpgsql as $$
begin
  raise exception '% is append-only: % refused', tg_table_name, tg_op using errcode = 'restrict_violation';
end $$;
create trigger events_append_only before update or delete or truncate on events
  for each statement execute function refuse_change();
create trigger commands_append_only before update or delete or truncate on commands
  for each statement execute function refuse_change();

create view events_readable as
  select position, epoch, tenant, category, stream_id, version, type,
         convert_from(data, 'UTF8')::jsonb as data, command_id, recorded_at, encode(hash, 'hex') as hash
  from events;

-- migrate:down
do $$ begin raise exception 'migrations only go forward'; end $$;
