-- landing: where documents come from, the raw bytes, and the ledger of every run.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

create schema landing;
comment on schema landing is 'Raw and immutable: sources, raw objects, runs and their ledger. Written by ingestion.';

create table landing.sources (
    id uuid primary key default uuidv7(),
    name text not null unique check (name ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    kind text not null check (kind in ('s3')),
    uri text not null check (uri <> ''),
    tenant_id text not null check (tenant_id ~ '^[a-z0-9][a-z0-9_-]{0,62}$'),
    access_groups text[] not null default '{everyone}' check (
        cardinality(access_groups) > 0 and array_to_string(access_groups, '') !~ '[,\s]'
    ),
    authority smallint not null default 50 check (authority between 0 and 100),
    is_enabled boolean not null default true,
    created_at timestamptz not null default now()
);
comment on table landing.sources is 'One row per place documents come from.';
comment on column landing.sources.id is 'Stable id.';
comment on column landing.sources.name is 'What people type: `regesta sync <name>`.';
comment on column landing.sources.kind is 'How it is listed and read: s3.';
comment on column landing.sources.uri is 'Where it is: s3://bucket/prefix.';
comment on column landing.sources.tenant_id is 'Whose documents these are; nobody else ever sees them.';
comment on column landing.sources.access_groups is 'Who inside the tenant may read them; copied to every document.';
comment on column landing.sources.authority is 'Trust among near-duplicates: 0 (least) to 100.';
comment on column landing.sources.is_enabled is 'Part of the nightly sync.';
comment on column landing.sources.created_at is 'When the source was added.';

create table landing.objects (
    sha256 text primary key check (sha256 ~ '^[0-9a-f]{64}$'),
    s3_key text not null unique,
    byte_count bigint not null check (byte_count >= 0),
    media_type text not null,
    first_landed_at timestamptz not null default now()
);
comment on table landing.objects is 'One row per distinct raw content; the bytes lie in S3 under s3_key and are never overwritten.';
comment on column landing.objects.sha256 is 'SHA-256 of the bytes, hexadecimal.';
comment on column landing.objects.s3_key is 'Key in the landing bucket: raw/<sha256>.';
comment on column landing.objects.byte_count is 'Size in bytes.';
comment on column landing.objects.media_type is 'Media type by name and content at first landing.';
comment on column landing.objects.first_landed_at is 'When these bytes were first seen.';

create table landing.runs (
    id uuid primary key default uuidv7(),
    source_id uuid not null references landing.sources (id),
    trigger text not null check (trigger in ('schedule', 'manual', 'asset', 'local')),
    dag_run_id text not null,
    state text not null default 'running' check (state in ('running', 'succeeded', 'failed')),
    reason text,
    started_at timestamptz not null default now(),
    settled_at timestamptz,
    check ((state = 'running') = (settled_at is null)),
    unique (dag_run_id, source_id)
);
comment on table landing.runs is 'One row per sync of one source.';
comment on column landing.runs.id is 'Stable id; ordered by time.';
comment on column landing.runs.source_id is 'What was synced.';
comment on column landing.runs.trigger is 'Why it started: schedule, manual, asset (event) or local (command line, no Airflow).';
comment on column landing.runs.dag_run_id is 'Airflow''s run id, so that a retried task finds its run again; made up for local runs.';
comment on column landing.runs.state is 'running → succeeded, or failed when an item failed or the ledger does not balance.';
comment on column landing.runs.reason is 'Why it failed.';
comment on column landing.runs.started_at is 'When discovery began.';
comment on column landing.runs.settled_at is 'When the ledger was closed.';
-- The fence: a new run of a source supersedes a crashed one, and the old one can no longer publish.
create unique index runs_one_running_per_source on landing.runs (source_id) where state = 'running';

create table landing.run_items (
    run_id uuid not null references landing.runs (id),
    uri text not null,
    change text not null check (change in ('added', 'changed', 'unchanged', 'removed')),
    sha256 text,
    outcome text check (outcome in ('indexed', 'unchanged', 'duplicate', 'deleted', 'quarantined', 'failed')),
    reason text,
    document_id uuid,
    version_id uuid,
    chunks_kept integer not null default 0 check (chunks_kept >= 0),
    chunks_embedded integer not null default 0 check (chunks_embedded >= 0),
    tokens_embedded integer not null default 0 check (tokens_embedded >= 0),
    settled_at timestamptz,
    primary key (run_id, uri),
    check ((outcome is null) = (settled_at is null)),
    check (outcome not in ('quarantined', 'failed', 'duplicate') or reason is not null)
);
comment on table landing.run_items is 'The ledger: one row per (run, uri) that was discovered.';
comment on column landing.run_items.run_id is 'The run.';
comment on column landing.run_items.uri is 'The object''s address in its source.';
comment on column landing.run_items.change is 'What discovery found against the registry.';
comment on column landing.run_items.sha256 is 'Content hash of the raw bytes; null when they were not fetched.';
comment on column landing.run_items.outcome is 'How it ended; null until then. A run with a null left does not balance.';
comment on column landing.run_items.reason is 'Why it was quarantined, failed or counted a duplicate: `kind: detail`.';
comment on column landing.run_items.document_id is 'The document it became.';
comment on column landing.run_items.version_id is 'The version it became.';
comment on column landing.run_items.chunks_kept is 'Chunks whose vector was already there.';
comment on column landing.run_items.chunks_embedded is 'Chunks that had to be embedded.';
comment on column landing.run_items.tokens_embedded is 'Tokens sent through the embedder.';
comment on column landing.run_items.settled_at is 'When the outcome was written.';
