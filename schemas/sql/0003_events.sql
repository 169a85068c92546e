-- The events: each statement that inserts or changes an entity puts the entity's new state into
-- events_outbox, in the same transaction and after taking its row lock, so that per entity the ids
-- there ascend with the revisions. So each update of these tables must raise the revision; what
-- changes too often for that (progress, heartbeats) lives in leases.

-- What is told of each entity: the whole of it.
create function upload_data(u uploads) returns json language sql stable return
         json_build_object('upload_id', u.id, 'account', u.account, 'name', u.name, 'description', u.description,
           'status', u.status, 'error', u.error, 'files', u.files, 'revision', u.revision,
           'deleted', u.status = 'deleted', 'created_at', iso(u.created_at), 'updated_at', iso(u.updated_at));

create function model_data(m models) returns json language sql stable return
         json_build_object('model_id', m.id, 'account', m.account, 'model_name', m.name, 'name', m.display_name,
           'description', m.description, 'intent', m.intent, 'tags', m.tags, 'dataset_id', m.dataset_id,
           'input_schema', m.input_schema, 'output_schema', m.output_schema, 'last_version', m.last_version,
           'created_by', m.created_by, 'revision', m.revision, 'deleted', m.deleted_at is not null,
           'created_at', iso(m.created_at), 'updated_at', iso(m.updated_at));

create function version_data(v versions) returns json language sql stable return
         json_build_object('version_id', v.id, 'account', v.account, 'model_id', v.model_id, 'model_name', (select m.name from models m where m.id = v.model_id),
           'model_version', 'v' || v.version || '.0', 'version', v.version, 'status', v.status, 'job_id', v.job_id,
           'intent', v.intent, 'dataset_id', v.dataset_id, 'artifact_digest', v.artifact_digest,
           'artifact_bytes', v.artifact_bytes, 'report', v.report, 'training_s', v.training_s,
           'error_code', v.error_code, 'error_message', v.error_message, 'revision', v.revision,
           'deleted', v.status = 'DELETED', 'created_at', iso(v.created_at), 'updated_at', iso(v.updated_at));

create function job_data(j jobs) returns json language sql stable return
         json_build_object('job_id', j.id, 'account', j.account, 'pool', j.pool, 'kind', j.kind,
           'model_id', j.model_id, 'model_name', j.model_name, 'version_id', j.version_id, 'status', j.status,
           'run', j.run, 'failures', j.failures, 'result', j.result, 'error_code', j.error_code,
           'error_message', j.error_message, 'log_lines', j.log_lines, 'traceparent', j.traceparent,
           'revision', j.revision, 'created_at', iso(j.created_at), 'updated_at', iso(j.updated_at),
           'started_at', iso(j.started_at), 'completed_at', iso(j.completed_at));

create function uploads_event() returns trigger language plpgsql as $$
begin
  insert into events_outbox (kind, entity, revision, type, account, subject, data)
  select 'upload', u.id, u.revision, 'trainyard.upload.' || u.status, u.account,
         u.id, upload_data(u)
    from changed u;
  return null;
end $$;

create function models_event() returns trigger language plpgsql as $$
begin
  insert into events_outbox (kind, entity, revision, type, account, subject, data)
  select 'model', m.id, m.revision, 'trainyard.model.' || case when m.deleted_at is null then 'changed' else 'deleted' end, m.account,
         m.name, model_data(m)
    from changed m;
  return null;
end $$;

create function versions_event() returns trigger language plpgsql as $$
begin
  insert into events_outbox (kind, entity, revision, type, account, subject, data)
  select 'version', v.id, v.revision, 'trainyard.version.' || lower(v.status), v.account,
         (select m.name from models m where m.id = v.model_id), version_data(v)
    from changed v;
  return null;
end $$;

create function jobs_event() returns trigger language plpgsql as $$
begin
  insert into events_outbox (kind, entity, revision, type, account, subject, data)
  select 'job', j.id, j.revision, 'trainyard.job.' || lower(j.status), j.account,
         coalesce(j.model_name, j.id), job_data(j)
    from changed j;
  return null;
end $$;

create trigger event_new after insert on uploads referencing new table as changed
  for each statement execute function uploads_event();
create trigger event_new after insert on models referencing new table as changed
  for each statement execute function models_event();
create trigger event_new after insert on versions referencing new table as changed
  for each statement execute function versions_event();
create trigger event_new after insert on jobs referencing new table as changed
  for each statement execute function jobs_event();

create trigger event_changed after update on uploads referencing new table as changed
  for each statement execute function uploads_event();
create trigger event_changed after update on models referencing new table as changed
  for each statement execute function models_event();
create trigger event_changed after update on versions referencing new table as changed
  for each statement execute function versions_event();
create trigger event_changed after update on jobs referencing new table as changed
  for each statement execute function jobs_event();

-- The current state of what changed in the last 10 minutes, told once more: a relay that takes over
-- does so, since its predecessor may have been stopped between two messages and write late. The rows are
-- locked while they are read: else a change that commits meanwhile would stand before its old state.
create function repeat_events() returns void language sql volatile as $$
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
  select 'job', j.id, j.revision, 'trainyard.job.' || lower(j.status), j.account,
         coalesce(j.model_name, j.id), job_data(j)
    from jobs j where j.updated_at > clock_timestamp() - interval '10 minutes'
   order by j.id for share $$;
