-- migrate:up
-- What processes still have to see done. Rows come and go with the facts, in the transaction of the checkpoint.

create table read.todo (
  process text        not null,
  subject uuid        not null,                  -- what the point is about: an order
  detail  uuid        not null,                  -- another id its worker needs
  tenant  text        not null,
  due_at  timestamptz not null,                  -- next try, by the shared clock
  tries   integer     not null default 0,
  why     text,                                  -- what the last try met, if it did not settle the point
  since   timestamptz not null,                  -- when the fact that opened it was recorded
  primary key (process, subject)
);
create index todo_due on read.todo (due_at);
select read.tenants_apart('read.todo');
create policy all_of_it on read.todo to tuan_projector using (true) with check (true);
grant select, insert, update, delete on read.todo to tuan_projector;

-- migrate:down
do $$ begin raise exception 'migrations only go forward'; end $$;
