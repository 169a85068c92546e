-- The end of a model, and what its queries need.

create index jobs_model on jobs (model_id) where status in ('PENDING', 'RETRYING', 'RUNNING');

-- Deletes a model with all that hangs on it: what waits is cancelled, what runs is asked to end, its
-- versions and deployments go, its name is free. Returns what was deleted; no row: there is no such
-- model. Locks model, versions, deployments, jobs, in that order and each by id. Whoever makes a
-- version, a deployment or a job of a model locks the model first and looks at deleted_at, and a
-- finish touches versions that are BUILDING only: so nothing of it comes back.
create function delete_model(p_account text, p_name text)
returns table (model_id text, version int, deleted_at text) language plpgsql volatile as $$
declare
  v_model text;
  v_version int;
  v_at timestamptz;
  v_jobs text[];
begin
  select m.id into v_model from models m
    where m.account = p_account and m.name = p_name and m.deleted_at is null for update;
  if v_model is null then
    return;
  end if;
  perform from versions v where v.model_id = v_model order by v.id for update;
  perform from deployments d where d.model_id = v_model order by d.id for update;
  select array_agg(l.id) into v_jobs from (
    select j.id from jobs j
     where j.model_id = v_model and j.status in ('PENDING', 'RETRYING', 'RUNNING')
     order by j.id for update) l;
  select v.version into v_version from versions v where v.model_id = v_model and v.status <> 'DELETED'
    order by v.status = 'READY' desc, v.version desc limit 1;
  v_at := clock_timestamp();
  update models m set deleted_at = v_at, updated_at = v_at, revision = m.revision + 1 where m.id = v_model;
  update versions v set status = 'DELETED', updated_at = v_at, revision = v.revision + 1
    where v.model_id = v_model and v.status <> 'DELETED';
  update deployments d set status = 'UNDEPLOYING', undeployed_at = v_at, updated_at = v_at, revision = d.revision + 1
    where d.model_id = v_model and d.status in ('DEPLOYING', 'ACTIVE', 'FAILED');
  update jobs j set revision = j.revision + 1, updated_at = v_at,
         status = case when j.status = 'RUNNING' then 'CANCELLING' else 'CANCELLED' end,
         completed_at = case when j.status = 'RUNNING' then null else v_at end,
         error_code = case when j.status = 'RUNNING' then null else 'cancelled' end,
         error_message = case when j.status = 'RUNNING' then null else 'its model was deleted' end
    where j.id = any (v_jobs);
  return query select v_model, v_version, iso(v_at);
end $$;

-- What is told of a model's deployments in one word, of one version's where p_version is not null.
create function deployment_word(p_model text, p_version text) returns text language sql stable as $$
  select case when bool_or(d.status = 'ACTIVE') then 'DEPLOYED' when count(*) > 0 then 'DEPLOYING' end
    from deployments d
   where d.model_id = p_model and (p_version is null or d.version_id = p_version)
     and d.status in ('ACTIVE', 'DEPLOYING') $$;

-- Retrains wait and run like builds: every account has a limit for each pool.
insert into limits (account, pool, max_running)
  select a.id, l.pool, l.most from accounts a,
         (values ('build', 2), ('retrain', 2), ('deploy', 4), ('predict', 32)) as l (pool, most)
  on conflict do nothing;
