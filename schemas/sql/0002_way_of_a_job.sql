-- The way of a job: claim, finish, reap, cancel. Each is one statement for the programs, works on
-- many jobs at once, and takes its locks in the order version, job, lease.

-- Claims those of p_ids that may run: waiting, their key free, their account under its limit.
-- Not one statement: at READ COMMITTED two sessions that count in the statement that claims both
-- see the old count, and both claim.
create function claim_jobs(p_pool text, p_ids text[], p_owner text, p_lease interval)
returns table (job_id text, run int) language plpgsql volatile as $$
declare
  v_versions text[];
begin
  -- Accounts one by one, in one order; the next statement's snapshot is newer than these locks.
  perform pg_advisory_xact_lock(s.h) from (
    select distinct hashtextextended(p_pool || '/' || j.account, 0) as h
      from jobs j join limits m on m.account = j.account and m.pool = p_pool
     where j.id = any (p_ids) order by 1) s;
  select array_agg(v.job_id) into v_versions from (
    select versions.job_id from versions where versions.job_id = any (p_ids)
     order by id for update skip locked) v;
  return query
  with cand as materialized (
    select j.id, j.run, j.account, j.key, j.priority, j.seq from jobs j
     where j.id = any (p_ids) and j.pool = p_pool
       and j.status in ('PENDING', 'RETRYING') and j.available_at <= clock_timestamp()
       and (j.version_id is null or j.id = any (v_versions))
       for update of j skip locked),
  busy as (
    select l.account, count(*) as n from leases l
     where l.pool = p_pool and l.account in (select c.account from cand c) group by 1),
  free as (
    select c.*, row_number() over (partition by coalesce(c.key, c.id) order by c.priority desc, c.seq) as in_key
      from cand c where c.key is null or not exists (select from leases l where l.key = c.key)),
  room as (
    select f.*, row_number() over (partition by f.account order by f.priority desc, f.seq) as in_account
      from free f where f.in_key = 1),
  won as (
    insert into leases (job_id, run, account, pool, key, owner, until)
    select r.id, r.run + 1, r.account, p_pool, r.key, p_owner, clock_timestamp() + p_lease
      from room r left join busy b on b.account = r.account
      left join limits m on m.account = r.account and m.pool = p_pool
     where m.max_running is null or r.in_account + coalesce(b.n, 0) <= m.max_running
     order by r.key
    on conflict do nothing
    returning leases.job_id, leases.run),
  building as (
    update versions v set status = 'BUILDING', revision = revision + 1, updated_at = clock_timestamp()
      from won where v.job_id = won.job_id and v.status = 'DRAFT')
  update jobs j set status = 'RUNNING', run = won.run, revision = revision + 1,
         started_at = coalesce(j.started_at, clock_timestamp()), updated_at = clock_timestamp()
    from won where j.id = won.job_id returning j.id, j.run;
end $$;

-- Jobs that wait although their message is settled, asked for fairly: some of each account in turn.
create function waiting_jobs(p_pool text, p_each int, p_most int) returns table (id text) language sql stable as $$
  select w.id from (select account from limits where pool = p_pool) a
  cross join lateral (
    select x.id, row_number() over () as turn from (
      select j.id from jobs j
       where j.pool = p_pool and j.account = a.account and j.status in ('PENDING', 'RETRYING')
         and j.available_at <= clock_timestamp()
         and (j.key is null or not exists (select from leases l where l.key = j.key))
       order by j.priority desc, j.seq limit p_each) x) w
  order by w.turn, random() limit p_most $$;

-- What comes of jobs' versions when the jobs end without success.
create function versions_failed(p_jobs text[]) returns void language sql volatile as $$
  update versions v set status = 'ERROR', revision = v.revision + 1, updated_at = clock_timestamp(),
         error_code = j.error_code, error_message = j.error_message
    from jobs j
   where j.id = any (p_jobs) and v.job_id = j.id and j.status in ('FAILED', 'CANCELLED')
     and v.status in ('DRAFT', 'BUILDING') $$;

-- Dead letters of jobs that died of what should have passed: their message, and why.
create function bury(p_jobs text[]) returns void language sql volatile as $$
  insert into outbox (topic, key, value, headers, taken_until)
  select 'jobs.dead', j.account || '/' || coalesce(j.model_name, j.id),
         json_build_object('schema', 1, 'job_id', j.id, 'pool', j.pool, 'run', j.run, 'failures', j.failures,
                           'code', j.error_code, 'message', j.error_message,
                           'died_at', iso(clock_timestamp()), 'job', j.message)::text,
         json_build_object('job-id', j.id, 'run', j.run::text, 'schema', '1', 'content-type', 'application/json'),
         clock_timestamp()
    from jobs j
   where j.id = any (p_jobs) and j.status = 'FAILED' and j.failures >= j.max_attempts $$;

-- Ends runs, each fenced by its run number; returns the jobs for which that took effect. An item:
-- {id, run, outcome, code, message, wait_s, lines, result, version: {digest, bytes, report, training_s}}
-- outcome: completed; failed (for good); retry (counts as a failure, dies after max_attempts);
-- cancelled; back (handed back, counts as nothing).
create function finish_jobs(p_items json) returns table (job_id text) language plpgsql volatile as $$
declare
  v_done text[];
begin
  perform from versions v
    where v.job_id in (select i.id from json_to_recordset(p_items) as i(id text)) order by v.id for update;
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
  perform bury(v_done);
  return query select unnest(v_done);
end $$;

-- Takes back what dead processes held. Returns the jobs and what became of them.
create function reap_leases(p_most int) returns table (job_id text, status text) language plpgsql volatile as $$
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
  perform bury(v_locked);
end $$;

-- Cancels a job that waits, asks one that runs to end. Returns its status after that; none: no such job.
create function cancel_job(p_id text, p_account text) returns text language plpgsql volatile as $$
declare
  v_status text;
begin
  perform from versions v where v.job_id = p_id and v.account = p_account for update;
  update jobs j set revision = revision + 1, updated_at = clock_timestamp(),
         status = case when j.status = 'RUNNING' then 'CANCELLING' else 'CANCELLED' end,
         completed_at = case when j.status = 'RUNNING' then null else clock_timestamp() end,
         error_code = case when j.status = 'RUNNING' then null else 'cancelled' end,
         error_message = case when j.status = 'RUNNING' then null else 'cancelled before it ran' end
   where j.id = p_id and j.account = p_account and j.status in ('PENDING', 'RETRYING', 'RUNNING')
  returning j.status into v_status;
  if v_status = 'CANCELLED' then
    perform versions_failed(array[p_id]);
  elsif v_status is null then
    select j.status into v_status from jobs j where j.id = p_id and j.account = p_account;
  end if;
  return v_status;
end $$;
