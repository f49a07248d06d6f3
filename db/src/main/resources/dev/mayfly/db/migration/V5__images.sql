-- Images: the bundles the orchestrator serves, the history of names, how names are refreshed, builds, and what workers fetch.

-- A bundle whose blobs are all stored. One that only a worker has is not here.
create table bundle (
  digest          text        primary key,
  -- The canonical bytes: their sha256 is the digest.
  manifest        bytea       not null check (octet_length(manifest) between 1 and 65536),
  -- Side by side.
  signature_keys  text[]      not null,
  signatures      bytea[]     not null check (cardinality(signatures) = cardinality(signature_keys)),
  image           text        not null,
  architecture    text        not null,
  size_bytes      bigint      not null check (size_bytes > 0),
  source_digest   text        not null,
  stored_at       timestamptz not null
);

-- Which blobs it needs; a blob that no bundle needs may go.
create table bundle_blob (
  bundle_digest text   not null references bundle on delete cascade,
  blob_digest   text   not null,
  size_bytes    bigint not null check (size_bytes > 0),
  primary key (bundle_digest, blob_digest)
);
create index bundle_blob_by_blob on bundle_blob (blob_digest);

-- What a name pointed to, and since when. The newest is what it points to now.
create table image_version (
  image         text        not null references image on delete cascade,
  number        integer     not null check (number > 0),
  bundle_digest text        not null,
  architecture  text        not null,
  size_bytes    bigint      not null check (size_bytes >= 0),
  cause         text        not null check (cause in ('PUBLISHED', 'FIRST_USE', 'REQUESTED', 'SCHEDULED', 'UPSTREAM_MOVED', 'ROLLED_BACK')),
  published_at  timestamptz not null,
  primary key (image, number)
);
create index image_version_by_bundle on image_version (bundle_digest);
insert into image_version (image, number, bundle_digest, architecture, size_bytes, cause, published_at)
  select name, 1, bundle_digest, architecture, size_bytes, 'PUBLISHED', published_at from image;

-- How a name is kept. A name may have one before it points anywhere.
create table image_policy (
  image         text        primary key,
  -- In the one-line form of an image source; absent: it is published from outside.
  source        text,
  -- Quartz cron; absent: never by schedule.
  refresh_cron  text,
  -- Also when only the tag moved upstream, asked this often; absent: not asked.
  watch_seconds integer     check (watch_seconds between 60 and 604800),
  kernel        text        not null default '' check (kernel in ('', 'stock', 'minimal')),
  -- How many of the last bundles are kept, the present one included.
  keep          integer     not null default 3 check (keep between 1 and 100),
  pinned        boolean     not null default false,
  -- Worker pools whose workers fetch each new bundle at once.
  prepull_pools text[]      not null default '{}',
  last_watched_at  timestamptz,
  last_refreshed_at timestamptz
);

create table image_build (
  id             uuid        primary key,
  version        bigint      not null,
  image          text        not null,
  source         text        not null,
  kernel         text        not null check (kernel in ('', 'stock', 'minimal')),
  cause          text        not null check (cause in ('FIRST_USE', 'REQUESTED', 'SCHEDULED', 'UPSTREAM_MOVED')),
  -- Of a refresh: it is not built when the source still has this digest.
  unless_source_digest text,
  state          text        not null check (state in ('QUEUED', 'RUNNING', 'SUCCEEDED', 'UNCHANGED', 'FAILED', 'CANCELLED')),
  worker_id      uuid        references worker,
  attempts       integer     not null default 0 check (attempts >= 0),
  requested_at   timestamptz not null,
  started_at     timestamptz,
  heard_at       timestamptz,
  ended_at       timestamptz,
  cancel_requested boolean   not null default false,
  step           text        not null default '',
  bundle_digest  text,
  blame          text        check (blame in ('USER', 'PLATFORM', 'CAPACITY', 'EXTERNAL')),
  reason         text,
  check ((state = 'QUEUED') = (started_at is null) or state in ('FAILED', 'CANCELLED')),
  check ((state in ('SUCCEEDED', 'UNCHANGED', 'FAILED', 'CANCELLED')) = (ended_at is not null)),
  check ((state = 'SUCCEEDED') = (bundle_digest is not null)),
  check ((state = 'FAILED') = (reason is not null)),
  check ((state = 'FAILED') = (blame is not null))
);
-- One build of a name at a time.
create unique index image_build_open on image_build (image) where ended_at is null;
create index image_build_by_image on image_build (image, id);
create index image_build_ended on image_build (ended_at) where ended_at is not null;

create table image_build_line (
  build_id uuid        not null references image_build on delete cascade,
  number   integer     not null check (number > 0),
  at       timestamptz not null,
  text     text        not null check (octet_length(text) <= 4096),
  primary key (build_id, number)
);

-- What a worker is fetching or could not fetch; what it has ready is in worker.bundles.
create table worker_bundle (
  worker_id     uuid        not null references worker on delete cascade,
  bundle_digest text        not null,
  state         text        not null check (state in ('PULLING', 'FAILED')),
  bytes_done    bigint      not null check (bytes_done >= 0),
  bytes_total   bigint      not null check (bytes_total >= 0),
  reason        text,
  changed_at    timestamptz not null,
  primary key (worker_id, bundle_digest),
  check ((state = 'FAILED') = (reason is not null))
);

alter table worker
  -- Whether images can be built on it.
  add column builder boolean not null default false;

-- A job may wait for its image to be built: until then it has no bundle.
alter table job
  alter column bundle_digest drop not null,
  add constraint job_bundle check (bundle_digest is not null or state <> 'ACTIVE'),
  drop constraint job_workload,
  -- A batch without a command runs what its image says.
  add constraint job_workload check (not session or cardinality(command) = 0);
create index job_awaiting_image on job (image) where state = 'QUEUED' and bundle_digest is null;
