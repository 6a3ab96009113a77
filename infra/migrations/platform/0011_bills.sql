-- migrate:up
-- The bills of payment channels as they came: never changed, never thrown away, and no read model. Which of
-- them are in force stands in the log; here is what was said, and when to ask for it.

create schema bills;
grant usage on schema bills to tuan_projector, tuan_reader;

create table bills.files (
  tenant     text        not null,
  sha256     text        not null check (sha256 ~ '^[0-9a-f]{64}$'),  -- of the text
  size       bigint      not null check (size >= 0),                  -- bytes of the text
  pieces     integer     not null check (pieces >= 0),
  fetched_at timestamptz not null,
  primary key (tenant, sha256)
);
create table bills.pieces (
  tenant text    not null,
  sha256 text    not null,
  place  integer not null check (place >= 0),
  data   bytea   not null check (octet_length(data) <= 1048576),      -- zlib, each by itself
  primary key (tenant, sha256, place),
  foreign key (tenant, sha256) references bills.files
);
alter table bills.pieces alter column data set storage external;      -- it is packed already

create function bills.refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'what a channel said is never changed' using errcode = 'restrict_violation';
end $$;
create trigger files_append_only before update or delete or truncate on bills.files
  for each statement execute function bills.refuse_change();
create trigger pieces_append_only before update or delete or truncate on bills.pieces
  for each statement execute function bills.refuse_change();

-- When each bill is to be asked for, and what came of it. Every runner of the cell works it off.
create table bills.schedule (
  tenant    text        not null,
  channel   text        not null,
  mchid     text        not null,
  kind      text        not null check (kind in ('trade', 'fundflow')),
  account   text        not null,
  bill_date date        not null,
  next_at   timestamptz,                           -- by the shared clock; null: not any more by itself
  asked_at  timestamptz,
  tries     integer     not null default 0,
  state     text        not null default 'waiting'
    check (state in ('waiting', 'creating', 'have', 'absent', 'rejected', 'failed')),
  sha256    text,                                  -- of the last file that came
  why       text,                                  -- what the last try met
  primary key (tenant, channel, mchid, kind, account, bill_date)
);
create index on bills.schedule (next_at) where next_at is not null;

select read.tenants_apart('bills.files'), read.tenants_apart('bills.pieces'), read.tenants_apart('bills.schedule');
create policy all_of_it on bills.files to tuan_projector using (true) with check (true);
create policy all_of_it on bills.pieces to tuan_projector using (true) with check (true);
create policy all_of_it on bills.schedule to tuan_projector using (true) with check (true);
grant select, insert on bills.files, bills.pieces to tuan_projector;
grant select, insert, update on bills.schedule to tuan_projector;

-- migrate:down
do $$ begin raise exception 'migrations only go forward'; end $$;
