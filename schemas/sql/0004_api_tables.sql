-- What the whole Models API needs beside builds: plans and use of keys, what was asked for a version,
-- deployments and their replicas, answers kept for requests that come again.

alter table accounts add plan text not null default 'unlimited' check (plan in ('basic', 'pro', 'unlimited'));

alter table keys
  add last_used_at timestamptz,
  add created_by   text;           -- the key that made it; null: an operator

create table key_usage (           -- how many requests came with a key, by the hour
  key_id   text not null references keys,
  hour     timestamptz not null,
  requests bigint not null,
  primary key (key_id, hour)
);

-- What is told of rows is written anew below: while a function takes a table's rows, PostgreSQL may refuse
-- to give the table columns.
drop function version_data(versions);
drop function job_data(jobs);

-- What was asked for a version: what a retrain asks again. Null: not given.
alter table versions
  add kind           text not null default 'build' check (kind in ('build', 'retrain')),
  add input_schema   json,
  add output_schema  json,
  add target         text,
  add metric         text,
  add max_iterations int,
  add timeout_s      int,
  add seed           bigint;

create table deployments (
  id            text primary key,
  account       text not null references accounts,
  model_id      text not null references models,
  version_id    text not null references versions,
  job_id        text not null unique,
  environment   text not null,
  replicas      int not null check (replicas > 0),
  auto_scale    boolean not null,
  status        text not null default 'DEPLOYING'
                check (status in ('DEPLOYING', 'ACTIVE', 'FAILED', 'UNDEPLOYING', 'UNDEPLOYED')),
  error_code    text,
  error_message text,
  revision      bigint not null default 1,
  created_at    timestamptz not null default now(),
  updated_at    timestamptz not null default now(),
  active_at     timestamptz,
  undeployed_at timestamptz
);
create index deployments_model on deployments (model_id, created_at desc);
create index deployments_updated on deployments (updated_at);

create table replicas (            -- copies of a version, pinned and warmed on instances of the API
  deployment_id text not null references deployments,
  slot          int not null check (slot >= 0),
  instance      text not null,
  state         text not null default 'placed' check (state in ('placed', 'warm')),
  placed_at     timestamptz not null default now(),
  warm_at       timestamptz,
  primary key (deployment_id, slot)
);
create index replicas_instance on replicas (instance);

alter table jobs add deployment_id text;

create table idempotency (         -- the first answers to requests with an Idempotency-Key
  account      text not null references accounts,
  key          text not null,
  digest       text not null,      -- sha256 of method, path and body
  status       int not null,
  content_type text not null,
  body         text not null,
  created_at   timestamptz not null default now(),
  primary key (account, key)
);
create index idempotency_created on idempotency (created_at);

-- The events, as in 0003.

create function version_data(v versions) returns json language sql stable return
         json_build_object('version_id', v.id, 'account', v.account, 'model_id', v.model_id, 'model_name', (select m.name from models m where m.id = v.model_id),
           'model_version', 'v' || v.version || '.0', 'version', v.version, 'kind', v.kind, 'status', v.status, 'job_id', v.job_id,
           'intent', v.intent, 'dataset_id', v.dataset_id, 'input_schema', v.input_schema, 'output_schema', v.output_schema,
           'target', v.target, 'metric', v.metric, 'max_iterations', v.max_iterations, 'timeout_s', v.timeout_s, 'seed', v.seed,
           'artifact_digest', v.artifact_digest,
           'artifact_bytes', v.artifact_bytes, 'report', v.report, 'training_s', v.training_s,
           'error_code', v.error_code, 'error_message', v.error_message, 'revision', v.revision,
           'deleted', v.status = 'DELETED', 'created_at', iso(v.created_at), 'updated_at', iso(v.updated_at));

create function job_data(j jobs) returns json language sql stable return
         json_build_object('job_id', j.id, 'account', j.account, 'pool', j.pool, 'kind', j.kind,
           'model_id', j.model_id, 'model_name', j.model_name, 'version_id', j.version_id,
           'deployment_id', j.deployment_id, 'status', j.status,
           'run', j.run, 'failures', j.failures, 'result', j.result, 'error_code', j.error_code,
           'error_message', j.error_message, 'log_lines', j.log_lines, 'traceparent', j.traceparent,
           'revision', j.revision, 'created_at', iso(j.created_at), 'updated_at', iso(j.updated_at),
           'started_at', iso(j.started_at), 'completed_at', iso(j.completed_at));

create function deployment_data(d deployments) returns json language sql stable return
         json_build_object('deployment_id', d.id, 'account', d.account, 'model_id', d.model_id,
           'model_name', (select m.name from models m where m.id = d.model_id), 'version_id', d.version_id,
           'job_id', d.job_id, 'environment', d.environment, 'replicas', d.replicas, 'auto_scale', d.auto_scale,
           'status', d.status, 'error_code', d.error_code, 'error_message', d.error_message, 'revision', d.revision,
           'deleted', d.status = 'UNDEPLOYED', 'created_at', iso(d.created_at), 'updated_at', iso(d.updated_at),
           'active_at', iso(d.active_at), 'undeployed_at', iso(d.undeployed_at));

create function deployments_event() returns trigger language plpgsql as $$
begin
  insert into events_outbox (kind, entity, revision, type, account, subject, data)
  select 'deployment', d.id, d.revision, 'trainyard.deployment.' || lower(d.status), d.account,
         (select m.name from models m where m.id = d.model_id), deployment_data(d)
    from changed d;
  return null;
end $$;

create trigger event_new after insert on deployments referencing new table as changed
  for each statement execute function deployments_event();
create trigger event_changed after update on deployments referencing new table as changed
  for each statement execute function deployments_event();

create or replace function repeat_events() returns void language sql volatile as $$
  insert into events_outbox (kind, entity, revision, type, account, subject, data)
  select 'upload', u.id, u.revision, 'trainyard.upload.' || u.status, u.account,
         u.id, upload_data(u)
    from uploads u where u.updated_at > clock_timestamp() - interval '10 minutes'
   order by u.id for share;
  insert into events_outbox (kind, entity, revision, type, account, subject, data)
  select 'model', m.id, m.revision, 'trainyard.model.' || case when m.deleted_at is null then 'changed' else 'deleted' end, m.account,
         m.name, model_data(m)
    from models m where m.updated_at > clock_timestamp() - interval '10 minutes'
   order by m.id for share;
  insert into events_outbox (kind, entity, revision, type, account, subject, data)
  select 'version', v.id, v.revision, 'trainyard.version.' || lower(v.status), v.account,
         (select m.name from models m where m.id = v.model_id), version_data(v)
    from versions v where v.updated_at > clock_timestamp() - interval '10 minutes'
   order by v.id for share;
  insert into events_outbox (kind, entity, revision, type, account, subject, data)
  select 'deployment', d.id, d.revision, 'trainyard.deployment.' || lower(d.status), d.account,
         (select m.name from models m where m.id = d.model_id), deployment_data(d)
    from deployments d where d.updated_at > clock_timestamp() - interval '10 minutes'
   order by d.id for share;
  insert into events_outbox (kind, entity, revision, type, account, subject, data)
  select 'job', j.id, j.revision, 'trainyard.job.' || lower(j.status), j.account,
         coalesce(j.model_name, j.id), job_data(j)
    from jobs j where j.updated_at > clock_timestamp() - interval '10 minutes'
   order by j.id for share $$;

-- Versions made until now were asked for with their model's schemas.
update versions v set revision = v.revision + 1, input_schema = m.input_schema, output_schema = m.output_schema
  from models m where m.id = v.model_id and (m.input_schema is not null or m.output_schema is not null);
