-- What Trainyard knows. Times are by this database's clock; ids are made by the programs.
-- Every entity that others follow has a revision, +1 in each statement that changes it; the
-- triggers of 0003 put the event of each revision into events_outbox, so none can be forgotten.

create table settings (          -- what all processes must agree on
  name  text primary key,
  value text not null
);
insert into settings values
  ('blob_store', ''),            -- the id of the one blob store; the first process writes it
  ('signing_key', replace(gen_random_uuid()::text || gen_random_uuid()::text, '-', ''));

create table accounts (
  id         text primary key,
  name       text not null unique,
  created_at timestamptz not null default now()
);

create table keys (
  id           text primary key,
  account      text not null references accounts,
  name         text not null,
  hash         text not null unique,                 -- sha256 of the key, which is shown once
  prefix       text not null,
  suffix       text not null,
  permission   text not null check (permission in ('read_only', 'read_write')),
  status       text not null default 'active' check (status in ('active', 'revoked')),
  created_at   timestamptz not null default now(),
  changed_at   timestamptz not null default now(),   -- caches ask for what changed
  expires_at   timestamptz
);
create index keys_changed on keys (changed_at);

create table limits (              -- a row per account and pool, made with the account
  account     text not null references accounts,
  pool        text not null,
  max_running int not null check (max_running > 0),
  max_waiting int not null default 10000 check (max_waiting > 0),
  primary key (account, pool)
);

create table uploads (
  id          text primary key,
  account     text not null references accounts,
  name        text not null,
  description text,
  status      text not null default 'pending'
              check (status in ('pending', 'processing', 'complete', 'failed', 'deleted')),
  error       text,
  files       json not null,       -- [{filename, content_type, size_bytes, digest, rows, columns}]
  revision    bigint not null default 1,
  created_at  timestamptz not null default now(),
  updated_at  timestamptz not null default now(),
  expires_at  timestamptz not null -- of its signed URLs
);
create index uploads_account on uploads (account, created_at desc);
create index uploads_updated on uploads (updated_at);

create table models (
  id            text primary key,
  account       text not null references accounts,
  name          text not null,     -- in paths
  display_name  text not null,
  description   text,
  intent        text not null,
  tags          json not null default '[]',
  dataset_id    text not null,
  input_schema  json,              -- as the client gave them; null: inferred
  output_schema json,
  last_version  int not null default 0,
  created_by    text not null,
  revision      bigint not null default 1,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  deleted_at    timestamptz
);
create unique index models_name on models (account, name) where deleted_at is null;
create index models_created on models (account, created_at desc) where deleted_at is null;
create index models_updated on models (updated_at);

create table versions (
  id              text primary key,
  model_id        text not null references models,
  account         text not null references accounts,
  version         int not null check (version > 0),
  status          text not null default 'DRAFT'
                  check (status in ('DRAFT', 'BUILDING', 'READY', 'ERROR', 'DELETED')),
  job_id          text not null unique,
  intent          text not null,
  dataset_id      text not null,
  artifact_digest text,
  artifact_bytes  bigint,
  report          json,            -- what the engine measured; see engine/train/build.h
  training_s      double precision,
  error_code      text,
  error_message   text,
  revision        bigint not null default 1,
  created_at      timestamptz not null default now(),
  updated_at      timestamptz not null default now(),
  unique (model_id, version),
  check (status <> 'READY' or (artifact_digest is not null and report is not null))
);
create index versions_updated on versions (updated_at);

create table jobs (
  id            text primary key,
  seq           bigint generated always as identity,
  account       text not null references accounts,
  pool          text not null,
  kind          text not null,
  key           text,              -- at most one job of a key runs at a time; null: no such rule
  model_id      text,
  model_name    text,
  version_id    text,
  message       text not null,     -- what the topic got: all that the job needs
  status        text not null default 'PENDING'
                check (status in ('PENDING', 'RUNNING', 'RETRYING', 'CANCELLING',
                                  'COMPLETED', 'FAILED', 'CANCELLED')),
  priority      smallint not null default 0,
  run           int not null default 0,       -- the fence: +1 at every claim, never goes down
  failures      int not null default 0,
  max_attempts  int not null default 3 check (max_attempts > 0),
  available_at  timestamptz not null default now(),
  progress      smallint not null default 0,  -- of the last run; of a live one see leases
  stage         text,
  result        json,
  error_code    text,
  error_message text,
  log_lines     int,               -- how many lines the last run wrote
  traceparent   text,
  revision      bigint not null default 1,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  started_at    timestamptz,
  completed_at  timestamptz,
  check ((completed_at is not null) = (status in ('COMPLETED', 'FAILED', 'CANCELLED')))
);
create index jobs_waiting on jobs (pool, account, priority desc, seq) where status in ('PENDING', 'RETRYING');
create index jobs_account on jobs (account, created_at desc);
create index jobs_updated on jobs (updated_at);

create table leases (              -- a row a running job; tiny, so heartbeats never touch the wide row
  job_id  text primary key references jobs,
  run     int not null,
  account text not null,
  pool    text not null,
  key     text unique,
  owner   text not null,           -- the instance: a new id at each start of a process
  until   timestamptz not null,
  progress smallint not null default 0 check (progress between 0 and 100),
  stage    text
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
create index leases_account on leases (account, pool);
create index leases_owner on leases (owner);
create index leases_until on leases (until);

create table outbox (              -- jobs and dead letters on their way to Kafka, in any order
  id          bigint generated always as identity primary key,
  topic       text not null,       -- without the prefix
  key         text not null,
  value       text not null,
  headers     json not null,
  taken_until timestamptz not null -- until then one process is publishing it
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

create table events_outbox (       -- events and states on their way to Kafka, by ascending id
  id       bigint generated always as identity primary key,
  kind     text not null,
  entity   text not null,
  revision bigint not null,
  type     text not null,
  account  text not null,
  subject  text not null,          -- the model's name, or the entity where there is none
  data     text not null,          -- the whole resource
  at       timestamptz not null default now()
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);

create table log_lines (
  job_id   text not null,
  run      int not null,
  seq      int not null,
  account  text not null,
  model    text not null,
  at       timestamptz not null,
  level    text not null check (level in ('INFO', 'WARNING', 'ERROR')),
  message  text not null,
  progress smallint,
  stage    text,
  primary key (job_id, run, seq)
);
create index log_lines_account on log_lines (account, at);

create table instances (           -- the processes that live
  id         text primary key,
  kind       text not null,
  pools      text[] not null,
  started_at timestamptz not null default now(),
  seen_at    timestamptz not null default now()
);

create table relay (               -- the one process that publishes events
  one   boolean primary key default true check (one),
  owner text not null default '',
  until timestamptz not null default '-infinity'
);
insert into relay default values;

create function iso(at timestamptz) returns text language sql stable
  return to_char(at at time zone 'utc', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');
