-- migrate:up
-- Whoever puts evidence together packs the bills as they came. Each of its queries names the tenant.

grant usage on schema bills to tuan_auditor;
grant select on bills.files, bills.pieces to tuan_auditor;
create policy auditors on bills.files for select to tuan_auditor using (true);
create policy auditors on bills.pieces for select to tuan_auditor using (true);

-- migrate:down
do $$ begin raise exception 'migrations only go forward'; end $$;
