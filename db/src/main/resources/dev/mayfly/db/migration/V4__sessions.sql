-- Execs of sessions: commands and transfers in one microVM, their input on its way to it, and their signals.

create table exec (
  job_id              uuid        not null,
  number              integer     not null check (number > 0),
  attempt             integer     not null,
  kind                text        not null check (kind in ('COMMAND', 'UPLOAD', 'DOWNLOAD')),
  command             text[]      not null,
  -- Names and values side by side, and which of the names are secrets; emptied when the exec ends.
  environment_names   text[]      not null,
  environment_values  text[]      not null check (cardinality(environment_values) = cardinality(environment_names)),
  secret_names        text[]      not null,
  working_directory   text        not null,
  user_name           text        not null,
  -- Of a transfer.
  path                text,
  limit_bytes         bigint,
  timeout_seconds     integer     check (timeout_seconds > 0),
  state               text        not null check (state in ('PENDING', 'STARTED', 'ENDED')),
  opened_at           timestamptz not null,
  started_at          timestamptz,
  ended_at            timestamptz,
  outcome_kind        text        check (outcome_kind in ('EXITED', 'FAULTED', 'CANCELLED')),
  exit_code           integer     check (exit_code between 0 and 255),
  fault_code          text,
  fault_detail        text,
  -- Its output lies in the attempt's log after the first and up to the second.
  log_from            bigint      not null,
  log_chunks          bigint,
  input_open          boolean     not null,
  input_stored        bigint      not null,
  input_ended         boolean     not null,
  input_acknowledged  bigint      not null check (input_acknowledged between 0 and input_stored),
  input_limit         bigint      not null,
  signals             integer     not null check (signals >= 0),
  -- What a download packed is gone from the log for good.
  discarded           boolean     not null default false,
  idempotency_key     text,
  request_fingerprint text,
  primary key (job_id, number),
  unique (job_id, idempotency_key),
  foreign key (job_id, attempt) references attempt on delete cascade,
  check ((kind = 'COMMAND') = (cardinality(command) > 0)),
  check ((kind = 'COMMAND') = (path is null)),
  check ((kind = 'COMMAND') = (limit_bytes is null)),
  check ((state = 'ENDED') = (outcome_kind is not null)),
  check ((state = 'ENDED') = (ended_at is not null)),
  check ((state = 'ENDED') = (log_chunks is not null)),
  check ((outcome_kind = 'EXITED') = (exit_code is not null)),
  check ((outcome_kind = 'FAULTED') = (fault_code is not null)),
  check ((idempotency_key is null) = (request_fingerprint is null))
);

-- What has to be sent to workers, or ended with its attempt, is found here; ended ones are not in it.
create index exec_open on exec (job_id, number) where state <> 'ENDED';
create index exec_download_kept on exec (job_id, number) where kind = 'DOWNLOAD' and not discarded;

-- Input that the worker has not acknowledged: at most 1 MiB per exec.
create table exec_input (
  job_id       uuid    not null,
  exec         integer not null,
  first_offset bigint  not null check (first_offset >= 0),
  data         bytea   not null check (octet_length(data) between 1 and 65536),
  primary key (job_id, exec, first_offset),
  foreign key (job_id, exec) references exec on delete cascade
);

create table exec_signal (
  job_id       uuid    not null,
  exec         integer not null,
  number       integer not null check (number > 0),
  signal       integer not null check (signal between 1 and 64),
  everything   boolean not null,
  primary key (job_id, exec, number),
  foreign key (job_id, exec) references exec on delete cascade
);

-- The output of one exec among that of others.
create index log_chunk_of_exec on log_chunk (job_id, attempt, exec, sequence) where exec > 0;
