-- Workers, images, jobs, their attempts and logs.
-- Times are timestamptz (microseconds). Job ids are UUIDs of version 7: their order is the order of submission.

create table worker (
  id            uuid primary key,
  name          text        not null,
  state         text        not null check (state in ('ONLINE', 'SILENT', 'LEFT')),
  version       text        not null,
  architecture  text        not null,
  host_kernel   text        not null,
  cpus          integer     not null check (cpus >= 0),
  memory_mib    integer     not null check (memory_mib >= 0),
  scratch_mib   integer     not null check (scratch_mib >= 0),
  -- One VMM each: name, version, accelerator, usable, reason, tab-separated.
  vmms          text[]      not null,
  bundles       text[]      not null,
  last_seen_at  timestamptz not null
);

create table image (
  name          text        primary key,
  bundle_digest text        not null,
  architecture  text        not null,
  size_bytes    bigint      not null check (size_bytes >= 0),
  published_at  timestamptz not null
);

create table job (
  id                    uuid        primary key,
  -- Counts the commits; every change compares it first.
  version               bigint      not null,
  state                 text        not null check (state in ('QUEUED', 'ACTIVE', 'FINISHED')),
  image                 text        not null,
  bundle_digest         text        not null,
  command               text[]      not null check (cardinality(command) > 0),
  -- Names and values side by side; emptied when the job ends: they may be secrets.
  environment_names     text[]      not null,
  environment_values    text[]      not null check (cardinality(environment_values) = cardinality(environment_names)),
  working_directory     text        not null,
  user_name             text        not null,
  cpus                  integer     not null,
  memory_mib            integer     not null,
  scratch_mib           integer     not null,
  network               text        not null check (network in ('USER', 'NONE')),
  timeout_seconds       integer     not null check (timeout_seconds > 0),
  submitted_at          timestamptz not null,
  waiting_because       text,
  cancel_requested      boolean     not null,
  -- The last attempt; 0: none yet. Its worker is repeated here for the listing.
  attempt               integer     not null check (attempt >= 0),
  worker_id             uuid        references worker,
  outcome_kind          text        check (outcome_kind in ('EXITED', 'FAULTED', 'CANCELLED')),
  exit_code             integer     check (exit_code between 0 and 255),
  fault_code            text,
  fault_detail          text,
  finished_at           timestamptz,
  idempotency_key       text        unique,
  request_fingerprint   text,
  check ((state = 'FINISHED') = (outcome_kind is not null)),
  check ((state = 'FINISHED') = (finished_at is not null)),
  check ((outcome_kind = 'EXITED') = (exit_code is not null)),
  check ((outcome_kind = 'FAULTED') = (fault_code is not null)),
  check (state <> 'ACTIVE' or attempt > 0),
  check ((idempotency_key is null) = (request_fingerprint is null))
);

-- Listings are newest first, by keyset over the id.
create index job_by_image on job (image, id);
create index job_by_worker on job (worker_id, id);
create index job_by_state on job (state, id);
create index job_finished on job (finished_at) where state = 'FINISHED';

create table attempt (
  job_id           uuid        not null references job on delete cascade,
  number           integer     not null check (number > 0),
  worker_id        uuid        not null references worker,
  state            text        not null check (state in ('PLACED', 'PREPARING', 'RUNNING', 'FINISHED')),
  lease_epoch      bigint      not null check (lease_epoch > 0),
  lease_expires_at timestamptz not null,
  report_number    bigint      not null,
  placed_at        timestamptz not null,
  prepared_at      timestamptz,
  booted_at        timestamptz,
  ready_at         timestamptz,
  executing_at     timestamptz,
  ended_at         timestamptz,
  destroyed_at     timestamptz,
  finished_at      timestamptz,
  outcome_kind     text        check (outcome_kind in ('EXITED', 'FAULTED', 'CANCELLED')),
  exit_code        integer     check (exit_code between 0 and 255),
  fault_code       text,
  fault_detail     text,
  vmm              text,
  guest_kernel     text,
  peak_memory_kib  bigint      not null,
  -- How many chunks its log has in all; known when it ended.
  log_chunks       bigint,
  -- Stored so far, without a gap: sequences 1 to this.
  log_stored       bigint      not null,
  log_bytes        bigint      not null,
  log_removed_at   timestamptz,
  primary key (job_id, number),
  check ((state = 'FINISHED') = (outcome_kind is not null)),
  check ((state = 'FINISHED') = (finished_at is not null)),
  check ((state = 'FINISHED') = (log_chunks is not null))
);

-- At most one unfinished attempt, and so at most one lease, per job.
create unique index attempt_one_active on attempt (job_id) where state <> 'FINISHED';
create index attempt_active_on on attempt (worker_id) where state <> 'FINISHED';
create index attempt_lease on attempt (lease_expires_at) where state <> 'FINISHED';
create index attempt_log_kept on attempt (finished_at) where state = 'FINISHED' and log_removed_at is null;

create table log_chunk (
  job_id    uuid        not null,
  attempt   integer     not null,
  sequence  bigint      not null check (sequence > 0),
  stream    smallint    not null check (stream between 0 and 3), -- 0 stdout, 1 stderr, 2 system, 3 console
  at        timestamptz not null,
  data      bytea       not null check (octet_length(data) between 1 and 65536),
  primary key (job_id, attempt, sequence),
  foreign key (job_id, attempt) references attempt on delete cascade
);

-- SHA-256 of the tokens that open the orchestrator; the tokens themselves are never stored here. Several orchestrators
-- on one database bring a token each, and each token opens all of them.
create table access_token (
  hash       bytea       primary key check (octet_length(hash) = 32),
  purpose    text        not null check (purpose in ('API', 'WORKER')),
  created_at timestamptz not null
);
