-- Deployments follow their jobs; their replicas are placed on the instances of the API that live.

alter table replicas add error text;   -- why the instance could not warm it; null: it was not tried, or could

create index deployments_status on deployments (status) where status in ('DEPLOYING', 'ACTIVE', 'UNDEPLOYING');

-- The instances that can hold replicas: those of the API that were heard of within 15 s.
create function live_instances() returns text[] language sql volatile return
  (select coalesce(array_agg(i.id order by i.id), '{}') from instances i
    where i.kind = 'api' and i.seen_at > clock_timestamp() - interval '15 s');

-- How many replicas a deployment wants: as many as were asked for; with auto_scale at least one on each instance.
create function replicas_wanted(d deployments, p_live int) returns int language sql immutable return
  case when d.auto_scale then greatest(d.replicas, p_live) else d.replicas end;

-- Gives a deployment the replicas it wants: takes them from dead instances and from those that hold more than their
-- share, puts missing ones where fewest are. One that goes away loses all, and is UNDEPLOYED. Returns how it stands;
-- no row: somebody else is at it, or there is no such deployment.
create function place_replicas(p_id text)
returns table (status text, wanted int, warm int, live int, error text) language plpgsql volatile as $$
declare
  v_deployment deployments;
  v_live text[] := live_instances();
  v_count int := cardinality(live_instances());
  v_wanted int;
  v_share int;
  v_extra int;
begin
  select * into v_deployment from deployments d where d.id = p_id for update skip locked;
  if not found then
    return;
  end if;
  if v_deployment.status not in ('DEPLOYING', 'ACTIVE') then
    delete from replicas r where r.deployment_id = p_id;
    update deployments d set status = 'UNDEPLOYED', revision = d.revision + 1, updated_at = clock_timestamp()
     where d.id = p_id and d.status = 'UNDEPLOYING';
    return query select d.status, 0, 0, v_count, null::text from deployments d where d.id = p_id;
    return;
  end if;
  v_wanted := replicas_wanted(v_deployment, v_count);
  if v_count > 0 then
    v_share := v_wanted / v_count;
    v_extra := v_wanted % v_count;
    delete from replicas r where r.deployment_id = p_id and r.instance <> all (v_live);
    with held as (
      select r.slot, row_number() over (partition by r.instance order by r.state = 'warm' desc, r.slot) as nth
        from replicas r where r.deployment_id = p_id),
    ranked as (
      select held.slot, held.nth, row_number() over (partition by held.nth order by held.slot) as among from held)
    delete from replicas r using ranked k
     where r.deployment_id = p_id and r.slot = k.slot
       and (k.nth > v_share + 1 or (k.nth = v_share + 1 and k.among > v_extra));
    while (select count(*) from replicas r where r.deployment_id = p_id) < v_wanted loop
      insert into replicas (deployment_id, slot, instance) values (p_id,
        (select min(s) from generate_series(0, v_wanted) s
          where not exists (select from replicas r where r.deployment_id = p_id and r.slot = s)),
        (select l from unnest(v_live) l
          order by (select count(*) from replicas r where r.deployment_id = p_id and r.instance = l),
                   (select count(*) from replicas r where r.instance = l), l limit 1));
    end loop;
  end if;
  return query
  select v_deployment.status, v_wanted, (count(*) filter (where r.state = 'warm' and r.instance = any (v_live)))::int,
         v_count, max(r.error)
    from replicas r where r.deployment_id = p_id;
end $$;

-- Mends the deployments that do not stand as they should: an instance died or came, or they go away. What is being
-- deployed is its job's. Returns how many it looked at.
create function replace_replicas() returns int language plpgsql volatile as $$
declare
  v_live text[] := live_instances();
  v_id text;
  v_looked int := 0;
begin
  for v_id in
    select d.id from deployments d
     where d.status = 'UNDEPLOYING'
        or (d.status = 'ACTIVE' and cardinality(v_live) > 0 and exists (
              select from (select count(*) as held, count(distinct r.instance) as on_instances,
                                  coalesce(bool_or(r.instance <> all (v_live)), false) as has_dead
                             from replicas r where r.deployment_id = d.id) h
               where h.has_dead or h.held <> replicas_wanted(d, cardinality(v_live))
                  or h.on_instances <> least(cardinality(v_live), replicas_wanted(d, cardinality(v_live)))))
     order by d.id limit 100
  loop
    perform place_replicas(v_id);
    v_looked := v_looked + 1;
  end loop;
  return v_looked;
end $$;

-- What comes of deployments when their jobs end. Whoever calls it has locked them before the jobs.
create function deployments_follow(p_jobs text[]) returns void language sql volatile as $$
  delete from replicas r using deployments d, jobs j
   where d.job_id = any (p_jobs) and j.id = d.job_id and j.status = 'FAILED' and d.status = 'DEPLOYING'
     and r.deployment_id = d.id;
  update deployments d set revision = d.revision + 1, updated_at = clock_timestamp(),
         status = case j.status when 'COMPLETED' then 'ACTIVE' when 'FAILED' then 'FAILED' else 'UNDEPLOYING' end,
         active_at = case when j.status = 'COMPLETED' then clock_timestamp() end,
         undeployed_at = case when j.status = 'CANCELLED' then clock_timestamp() end,
         error_code = j.error_code, error_message = j.error_message
    from jobs j
   where d.job_id = any (p_jobs) and j.id = d.job_id and j.status in ('COMPLETED', 'FAILED', 'CANCELLED')
     and d.status = 'DEPLOYING' $$;

-- Takes a deployment away: it answers no more, its job ends. No row: there is no such deployment.
create function undeploy(p_id text, p_account text) returns text language plpgsql volatile as $$
declare
  v_job text;
  v_status text;
begin
  select d.job_id, d.status into v_job, v_status from deployments d
   where d.id = p_id and d.account = p_account for update;
  if v_status in ('DEPLOYING', 'ACTIVE', 'FAILED') then
    update deployments d set status = 'UNDEPLOYING', revision = d.revision + 1, updated_at = clock_timestamp(),
           undeployed_at = clock_timestamp()
     where d.id = p_id;
    perform cancel_job(v_job, p_account);
    v_status := 'UNDEPLOYING';
  end if;
  return v_status;
end $$;

-- The moves of 0002 that end jobs, with deployments: locked after versions, before jobs.

create or replace function finish_jobs(p_items json) returns table (job_id text) language plpgsql volatile as $$
declare
  v_done text[];
begin
  perform from versions v
    where v.job_id in (select i.id from json_to_recordset(p_items) as i(id text)) order by v.id for update;
  perform from deployments d
    where d.job_id in (select i.id from json_to_recordset(p_items) as i(id text)) order by d.id for update;
  perform from jobs j
    where j.id in (select i.id from json_to_recordset(p_items) as i(id text)) order by j.id for update;
  with items as materialized (
    select i.*, case
             when i.outcome = 'completed' then 'COMPLETED'
             when i.outcome = 'failed' then 'FAILED'
             when i.outcome = 'cancelled' or j.status = 'CANCELLING' then 'CANCELLED'
             when i.outcome = 'retry' and j.failures + 1 >= j.max_attempts then 'FAILED'
             else 'RETRYING' end as status
      from json_to_recordset(p_items) as i(id text, run int, outcome text, code text, message text,
                                           wait_s double precision, lines int, result json)
      join jobs j on j.id = i.id and j.run = i.run and j.status in ('RUNNING', 'CANCELLING')),
  mine as (
    delete from leases l using items i where l.job_id = i.id and l.run = i.run
    returning l.job_id, l.progress, l.stage),
  done as (
    update jobs j set revision = j.revision + 1, updated_at = clock_timestamp(), status = i.status,
           failures = j.failures + (i.outcome = 'retry')::int,
           available_at = clock_timestamp() + make_interval(secs => coalesce(i.wait_s, 0)),
           completed_at = case when i.status <> 'RETRYING' then clock_timestamp() end,
           progress = case when i.status = 'COMPLETED' then 100 else mine.progress end,
           stage = case when i.status = 'COMPLETED' then 'done' else mine.stage end,
           error_code = i.code, error_message = i.message, result = i.result, log_lines = i.lines
      from items i join mine on mine.job_id = i.id
     where j.id = i.id
    returning j.id)
  select array_agg(done.id) into v_done from done;
  update versions v set status = 'READY', revision = v.revision + 1, updated_at = clock_timestamp(),
         artifact_digest = i.version->>'digest', artifact_bytes = (i.version->>'bytes')::bigint,
         report = i.version->'report', training_s = (i.version->>'training_s')::double precision,
         error_code = null, error_message = null
    from json_to_recordset(p_items) as i(id text, outcome text, version json)
   where i.id = any (v_done) and i.outcome = 'completed' and v.job_id = i.id and v.status = 'BUILDING';
  perform versions_failed(v_done);
  perform deployments_follow(v_done);
  perform bury(v_done);
  return query select unnest(v_done);
end $$;

create or replace function reap_leases(p_most int) returns table (job_id text, status text) language plpgsql volatile as $$
declare
  v_jobs text[];
  v_locked text[];
begin
  select array_agg(l.job_id) into v_jobs from (
    select leases.job_id from leases where until < clock_timestamp() order by until limit p_most) l;
  if v_jobs is null then
    return;
  end if;
  perform from versions v where v.job_id = any (v_jobs) order by v.id for update skip locked;
  perform from deployments d where d.job_id = any (v_jobs) order by d.id for update skip locked;
  select array_agg(j.id) into v_locked from (
    select jobs.id from jobs where jobs.id = any (v_jobs) order by jobs.id for update skip locked) j;
  return query
  with dead as (
    delete from leases l where l.job_id = any (v_locked) and l.until < clock_timestamp()
    returning l.job_id, l.run, l.progress, l.stage),
  fate as (
    select dead.*, case when j.status = 'CANCELLING' then 'CANCELLED'
                        when j.failures + 1 >= j.max_attempts then 'FAILED' else 'RETRYING' end as status
      from dead join jobs j on j.id = dead.job_id and j.run = dead.run and j.status in ('RUNNING', 'CANCELLING'))
  update jobs j set revision = j.revision + 1, failures = j.failures + 1, updated_at = clock_timestamp(),
         available_at = clock_timestamp() + random() * interval '1 s', status = fate.status,
         progress = fate.progress, stage = fate.stage,
         completed_at = case when fate.status <> 'RETRYING' then clock_timestamp() end,
         error_code = case fate.status when 'CANCELLED' then 'cancelled' else 'crashed' end,
         error_message = case fate.status when 'CANCELLED' then 'cancelled'
           else 'the worker that ran this job died (failure ' || j.failures + 1 || ' of at most ' || j.max_attempts || ')' end
    from fate where j.id = fate.job_id
  returning j.id, j.status;
  perform versions_failed(v_locked);
  perform deployments_follow(v_locked);
  perform bury(v_locked);
end $$;

create or replace function cancel_job(p_id text, p_account text) returns text language plpgsql volatile as $$
declare
  v_status text;
begin
  perform from versions v where v.job_id = p_id and v.account = p_account for update;
  perform from deployments d where d.job_id = p_id and d.account = p_account for update;
  update jobs j set revision = revision + 1, updated_at = clock_timestamp(),
         status = case when j.status = 'RUNNING' then 'CANCELLING' else 'CANCELLED' end,
         completed_at = case when j.status = 'RUNNING' then null else clock_timestamp() end,
         error_code = case when j.status = 'RUNNING' then null else 'cancelled' end,
         error_message = case when j.status = 'RUNNING' then null else 'cancelled before it ran' end
   where j.id = p_id and j.account = p_account and j.status in ('PENDING', 'RETRYING', 'RUNNING')
  returning j.status into v_status;
  if v_status = 'CANCELLED' then
    perform versions_failed(array[p_id]);
    perform deployments_follow(array[p_id]);
  elsif v_status is null then
    select j.status into v_status from jobs j where j.id = p_id and j.account = p_account;
  end if;
  return v_status;
end $$;
