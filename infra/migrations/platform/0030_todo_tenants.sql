-- migrate:up
-- Tenants that a process follows: those for which the fact was recorded that makes it their concern.

create table read.todo_tenants (
  process text not null,
  tenant  text not null,
  primary key (process, tenant)
);
select read.tenants_apart('read.todo_tenants');
create policy all_of_it on read.todo_tenants to tuan_projector using (true) with check (true);
grant select, insert, delete on read.todo_tenants to tuan_projector;

-- migrate:down
do $$ begin raise exception 'migrations only go forward'; end $$;
