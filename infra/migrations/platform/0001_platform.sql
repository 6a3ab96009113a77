-- migrate:up
-- What all cells share: who exists, where they live, and who may come in.

create schema if not exists platform;
create schema if not exists vault;
create schema if not exists read;

create table platform.tenants (
  tenant     text        primary key check (tenant ~ '^[a-z0-9-]{1,40}$'),
  cell       text        not null,
  name       text        not null,
  created_at timestamptz not null default clock_timestamp()
);

create table platform.api_keys (
  key_id     text        primary key,
  tenant     text        not null references platform.tenants,
  principal  text        not null,
  secret_mac bytea       not null,               -- HMAC-SHA256 of the secret; the secret is shown once
  scopes     text[]      not null,
  expires_at timestamptz not null,
  revoked_at timestamptz,
  created_at timestamptz not null default clock_timestamp()
);

create table platform.revocations (
  what       text        not null,               -- 'jti:<id>', 'sub:<tenant>:<subject>' or 'key:<key_id>'
  at         timestamptz not null default clock_timestamp(),
  primary key (what)
);
create index revocations_at on platform.revocations (at);

create table vault.subject_keys (
  tenant     text        not null,
  subject    text        not null,
  wrapped    bytea       not null,               -- AES key wrapped by the platform's key; deleting it erases
  created_at timestamptz not null default clock_timestamp(),
  primary key (tenant, subject)
);

-- migrate:down
do $$ begin raise exception 'migrations only go forward'; end $$;
