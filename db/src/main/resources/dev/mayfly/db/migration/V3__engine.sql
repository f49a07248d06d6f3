-- The job engine: projects and priorities, sessions, queue limits, retries, duties of workers, explanations.

-- Workers: what they can be selected by, and what people want of them.

alter table worker
  drop constraint worker_state_check,
  add constraint worker_state_check check (state in ('JOINING', 'ONLINE', 'SILENT', 'LOST', 'LEFT')),
  add column labels        text[]      not null default '{}',
  add column pool          text        not null default 'default',
  add column duty          text        not null default 'ACCEPTING' check (duty in ('ACCEPTING', 'DRAINING', 'QUARANTINED')),
  add column duty_reason   text,
  add column duty_since    timestamptz,
  -- When it was last resumed, the end of the latest attempt on it; faults up to then count no more.
  add column forgiven_until timestamptz,
  -- Counts its connections; only who holds the newest one may say that the worker is gone.
  add column connection    bigint      not null default 1,
  -- Counts the changes of all but its state and last_seen_at, so that a reader knows what it has read before.
  add column revision      bigint      not null default 0,
  add constraint worker_duty_since check ((duty = 'ACCEPTING') = (duty_since is null)),
  add constraint worker_duty_reason check ((duty = 'QUARANTINED') = (duty_reason is not null));

-- Each heartbeat changes a row that is in no other index than its key's: room on the page keeps that cheap.
alter table worker set (fillfactor = 50);

-- Quotas. What is not here has weight 1 and no cap, and spreads.

create table project (
  name       text    primary key,
  weight     integer not null check (weight between 1 and 1000),
  max_active integer check (max_active >= 0)
);

create table worker_pool (
  name     text primary key,
  strategy text not null check (strategy in ('PACK', 'SPREAD'))
);

-- One row at most.
create table fleet (
  only_row   boolean primary key default true check (only_row),
  max_active integer check (max_active >= 0)
);

-- Jobs. The defaults fill the rows of before, and are dropped again.

alter table job
  drop constraint job_command_check,
  add column project         text     not null default 'default',
  add column priority        smallint not null default 1 check (priority between 0 and 3), -- 0 low, 1 normal, 2 high, 3 urgent
  add column architecture    text     not null default 'x86_64',
  add column labels          text[]   not null default '{}',
  -- MD5 of Demand.key(): jobs with equal demands wait for the same reasons.
  add column demand          uuid,
  add column session         boolean  not null default false,
  add column idle_millis     bigint   check (idle_millis > 0),
  add column lease_millis    bigint   check (lease_millis > 0),
  -- Of environment_names; emptied with them.
  add column secrets         text[]   not null default '{}',
  add column run_millis      bigint,
  add column queue_millis    bigint   not null default 604800000 check (queue_millis > 0),
  add column max_attempts    integer  not null default 1 check (max_attempts > 0),
  add column log_limit_bytes bigint   not null default 1073741824 check (log_limit_bytes > 0),
  add column queued_since    timestamptz,
  add column not_before      timestamptz,
  add column queue_until     timestamptz,
  add column end_request     text     check (end_request in ('CANCEL', 'RELEASE', 'ABANDON')),
  add column end_exit_code   integer  check (end_exit_code between 0 and 255),
  add column faults          integer  not null default 0,
  add column refusals        integer  not null default 0,
  add column session_until   timestamptz;

update job set architecture = image.architecture from image where image.bundle_digest = job.bundle_digest;
update job set run_millis = timeout_seconds * 1000::bigint;
update job set end_request = 'CANCEL' where cancel_requested;
update job set queued_since = submitted_at, not_before = submitted_at, queue_until = now() + interval '7 days'
  where state = 'QUEUED';
update job set demand = md5(concat_ws('|', project, 'NORMAL', image, bundle_digest, architecture,
  cpus || '/' || memory_mib || '/' || scratch_mib, ''))::uuid;

alter table job
  drop column cancel_requested,
  drop column waiting_because,
  drop column timeout_seconds,
  alter column run_millis set not null,
  alter column demand set not null,
  alter column project drop default,
  alter column priority drop default,
  alter column architecture drop default,
  alter column labels drop default,
  alter column session drop default,
  alter column secrets drop default,
  alter column queue_millis drop default,
  alter column max_attempts drop default,
  alter column log_limit_bytes drop default,
  alter column faults drop default,
  alter column refusals drop default,
  add constraint job_run_millis_check check (run_millis > 0),
  add constraint job_workload check (session = (cardinality(command) = 0)),
  add constraint job_session_limits check (session = (idle_millis is not null) and session = (lease_millis is not null)),
  add constraint job_session_until check (session = (session_until is not null)),
  add constraint job_queued check ((state = 'QUEUED') = (queued_since is not null) and (state = 'QUEUED') = (not_before is not null)
    and (state = 'QUEUED') = (queue_until is not null)),
  add constraint job_release check ((end_request = 'RELEASE') = (end_exit_code is not null));

-- A job's row has about six versions in its life.
alter table job set (fillfactor = 70);

-- Every question about the queue is answered from one of these, whatever else the table holds.
create index job_queue on job (project, priority desc, id) where state = 'QUEUED';
create index job_demand on job (demand, id) where state = 'QUEUED';
create index job_queue_until on job (queue_until) where state = 'QUEUED';
-- What workers and projects have in use; the worker is that of the one unfinished attempt.
create index job_active on job (worker_id) include (project, cpus, memory_mib, scratch_mib) where state = 'ACTIVE';
create index job_session_until on job (session_until) where session_until is not null and state <> 'FINISHED' and end_request is null;
-- Listings by state: the partial ones serve those that are few, the key serves those that are many.
drop index job_by_state;

-- Attempts. A renewed lease or a report must not touch an index: none of them names lease_expires_at or state.

alter table attempt
  add column refused boolean not null default false;
alter table attempt
  alter column refused drop default,
  add constraint attempt_refused check (state = 'FINISHED' or not refused);
alter table attempt set (fillfactor = 60);

drop index attempt_one_active;
drop index attempt_active_on;
drop index attempt_lease;
drop index attempt_log_kept;
-- At most one unfinished attempt, and so at most one lease, per job.
create unique index attempt_one_active on attempt (job_id) where finished_at is null;
create index attempt_log_kept on attempt (finished_at) where finished_at is not null and log_removed_at is null;
create index attempt_faulted on attempt (finished_at) where outcome_kind = 'FAULTED';
create index attempt_ended_on on attempt (worker_id, finished_at) where finished_at is not null;

-- Why jobs of one demand wait. Worked out anew every second, so a crash may lose it.
create unlogged table explanation (
  demand     text        primary key, -- Demand.key()
  at         timestamptz not null,
  impossible boolean     not null,
  -- Side by side; an empty worker: the reason is about none, or about several.
  rules      text[]      not null,
  workers    text[]      not null,
  counts     integer[]   not null,
  texts      text[]      not null
);

alter table log_chunk
  drop constraint log_chunk_stream_check,
  add constraint log_chunk_stream_check check (stream between 0 and 4), -- 4 file
  -- Whose output it is; 0: the batch's, or not an exec's.
  add column exec integer not null default 0 check (exec >= 0);
