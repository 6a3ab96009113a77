-- migrate:up
-- Who may do what. Services log in as one user and act in one of these roles (`-c role=...`), so that a
-- mistake in one of them cannot reach what is not its business. Roles belong to the whole server: other
-- databases on it may have made them already, perhaps this very moment.

do $$
declare
  wanted text;
begin
  foreach wanted in array array['tuan_engine', 'tuan_projector', 'tuan_reader', 'tuan_vault', 'tuan_api'] loop
    begin
      execute format('create role %I nologin', wanted);
    exception when duplicate_object or unique_violation then null;
    end;
    if not (select rolsuper from pg_roles where rolname = current_user) then
      execute format('grant %I to %I', wanted, current_user);   -- to be able to act in it
    end if;
  end loop;
end $$;

-- migrate:down
do $$ begin raise exception 'migrations only go forward'; end $$;
