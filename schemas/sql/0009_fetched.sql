-- What was fetched from the URL that a job names: a run that comes again uses the same bytes.

create table fetched (
  job_id     text primary key references jobs on delete cascade,
  digest     text not null,
  size_bytes bigint not null,
  fetched_at timestamptz not null default now()
);
