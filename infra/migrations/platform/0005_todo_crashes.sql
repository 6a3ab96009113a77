-- migrate:up
-- A point over which its worker crashes again and again is set aside, so that the others go on.

alter table read.todo
  add column crashes integer not null default 0,   -- of the worker over this point, since it was opened or released
  add column parked_at timestamptz;                -- set aside since; null while it is worked on

-- migrate:down
do $$ begin raise exception 'migrations only go forward'; end $$;
