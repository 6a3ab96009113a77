-- migrate:up
-- What each role may do outside the cells.

grant usage on schema platform to tuan_api;
grant select on platform.tenants, platform.api_keys, platform.revocations to tuan_api;

grant usage on schema vault to tuan_vault;
grant select, insert, update, delete on vault.subject_keys to tuan_vault;

-- Read models make their own tables; readers see their rows under row-level security by `app.tenant`.
grant usage, create on schema read to tuan_projector;
grant usage on schema read to tuan_reader;
alter default privileges for role tuan_projector in schema read grant select on tables to tuan_reader;

-- migrate:down
do $$ begin raise exception 'migrations only go forward'; end $$;
