-- name: lock_source
-- Lets only one run of a source be opened at a time.
select id from landing.sources
where id = %(source_id)s
for update;

-- name: supersede_runs
-- Fences off a run of this source that never settled: its late tasks can no longer publish.
update landing.runs
set state = 'failed', settled_at = clock_timestamp(), reason = 'superseded: a newer run of this source began before it settled'
where source_id = %(source_id)s and state = 'running' and dag_run_id is distinct from %(dag_run_id)s
returning id;

-- name: open_run
-- Opens a run; a retried task's is there already.
insert into landing.runs (source_id, trigger, dag_run_id)
values (%(source_id)s, %(trigger)s, %(dag_run_id)s)
on conflict (dag_run_id, source_id) do nothing;

-- name: reopen_run
-- Lets a retried task go on with the run it failed, unless a newer one has begun.
update landing.runs as r
set state = 'running', settled_at = null, reason = null
where
    r.dag_run_id = %(dag_run_id)s and r.source_id = %(source_id)s and r.state = 'failed'
    and not exists (
        select 1 from landing.runs as newer
        where newer.source_id = r.source_id and newer.id > r.id
    );

-- name: find_run
-- The run of one source in one DAG run.
select
    id,
    state
from landing.runs
where dag_run_id = %(dag_run_id)s and source_id = %(source_id)s;

-- name: add_items
-- Writes what was discovered; repeating a discovery keeps what has been settled.
insert into landing.run_items as i (run_id, uri, change, outcome, reason, settled_at)
values (
    %(run_id)s, %(uri)s, %(change)s, %(outcome)s, %(reason)s,
    (select clock_timestamp() where %(outcome)s::text is not null)
)
on conflict (run_id, uri) do update
    set
        change = excluded.change, outcome = excluded.outcome, reason = excluded.reason,
        settled_at = excluded.settled_at
    where i.outcome is null;

-- name: lock_running_run
-- Holds a run open against being superseded while its batch is published.
select id from landing.runs
where id = %(run_id)s and state = 'running'
for share;

-- name: fail_unreached_items
-- What no step settled is failed with a reason, never forgotten.
update landing.run_items
set outcome = 'failed', reason = 'not_reached: a step of its batch failed; see the task log', settled_at = clock_timestamp()
where run_id = %(run_id)s and outcome is null
returning uri;

-- name: settle_run
-- Closes a run.
update landing.runs
set state = %(state)s, reason = %(reason)s, settled_at = clock_timestamp()
where id = %(run_id)s and state = 'running'
returning id;

-- name: receipt
-- What a run did, as counts: the balance and the cost.
select
    r.id as run_id,
    s.name as source,
    s.tenant_id,
    r.state,
    r.reason,
    extract(epoch from coalesce(r.settled_at, clock_timestamp()) - r.started_at)::double precision as seconds,
    count(i.uri) as discovered,
    count(i.uri) filter (where i.outcome = 'indexed') as indexed,
    count(i.uri) filter (where i.outcome = 'unchanged') as unchanged,
    count(i.uri) filter (where i.outcome = 'duplicate') as duplicate,
    count(i.uri) filter (where i.outcome = 'deleted') as deleted,
    count(i.uri) filter (where i.outcome = 'quarantined') as quarantined,
    count(i.uri) filter (where i.outcome = 'failed') as failed,
    count(i.uri) filter (where i.outcome is null) as unsettled,
    coalesce(sum(i.chunks_kept), 0)::bigint as chunks_kept,
    coalesce(sum(i.chunks_embedded), 0)::bigint as chunks_embedded,
    coalesce(sum(i.tokens_embedded), 0)::bigint as tokens_embedded
from landing.runs as r
inner join landing.sources as s on r.source_id = s.id
left join landing.run_items as i on i.run_id = r.id
where r.id = %(run_id)s
group by r.id, s.id;

-- name: problems
-- Items of a run that need a person's eye.
select
    uri,
    outcome,
    reason
from landing.run_items
where run_id = %(run_id)s and outcome in ('quarantined', 'failed')
order by outcome, uri;

-- name: runs_of_dag_run
-- The runs one DAG run opened, one per source.
select
    id,
    state
from landing.runs
where dag_run_id = %(dag_run_id)s
order by id;

-- name: known_documents
-- What the registry knows of a source, with the newest version's fate, to compare a listing with.
select
    d.uri,
    d.etag,
    d.byte_count,
    d.modified_at,
    d.status,
    v.raw_sha256,
    v.pipeline,
    v.state as version_state,
    v.reason
from corpus.documents as d
left join lateral (
    select
        raw_sha256,
        pipeline,
        state,
        reason
    from corpus.versions
    where document_id = d.id
    order by number desc
    limit 1
) as v on true
where d.source_id = %(source_id)s;

-- name: land_objects
-- Registers raw objects; the same content is one row for ever.
insert into landing.objects as o (sha256, s3_key, byte_count, media_type)
values (%(sha256)s, %(s3_key)s, %(byte_count)s, %(media_type)s)
on conflict (sha256) do update
    set deleted_at = null
    where o.deleted_at is not null;

-- name: has_published
-- Whether anything was published since the source's last run that succeeded: by this one, or by one that it superseded.
with this as (select * from landing.runs where id = %(run_id)s),

last_succeeded as (
    select r.id from landing.runs as r
    inner join this on this.source_id = r.source_id and this.id > r.id
    where r.state = 'succeeded'
    order by r.id desc
    limit 1
)

select count(*) > 0 as has_published
from this
inner join landing.runs as r on this.source_id = r.source_id and this.id >= r.id
inner join landing.run_items as i on r.id = i.run_id
where
    r.id > coalesce((select l.id from last_succeeded as l), '00000000-0000-0000-0000-000000000000')
    and i.outcome in ('indexed', 'duplicate', 'deleted');

-- name: refresh_statistics
-- Recounts the document frequencies of one tenant.
select corpus.refresh_statistics(%(tenant_id)s);

-- name: partition_tenant
-- Gives a tenant that has grown large a vector index of its own.
select corpus.partition_tenant(%(tenant_id)s, %(min_chunks)s);

-- name: recent_runs
-- The newest runs of all sources with their counts.
select
    r.id as run_id,
    s.name as source,
    r.state,
    r.reason,
    r.started_at,
    extract(epoch from coalesce(r.settled_at, clock_timestamp()) - r.started_at)::double precision as seconds,
    i.discovered,
    i.indexed,
    i.unchanged,
    i.duplicate,
    i.deleted,
    i.quarantined,
    i.failed,
    i.chunks_kept,
    i.chunks_embedded,
    i.tokens_embedded
from (select * from landing.runs order by id desc limit %(limit)s) as r
inner join landing.sources as s on r.source_id = s.id
inner join lateral (
    select
        count(*) as discovered,
        count(*) filter (where outcome = 'indexed') as indexed,
        count(*) filter (where outcome = 'unchanged') as unchanged,
        count(*) filter (where outcome = 'duplicate') as duplicate,
        count(*) filter (where outcome = 'deleted') as deleted,
        count(*) filter (where outcome = 'quarantined') as quarantined,
        count(*) filter (where outcome = 'failed') as failed,
        coalesce(sum(chunks_kept), 0) as chunks_kept,
        coalesce(sum(chunks_embedded), 0) as chunks_embedded,
        coalesce(sum(tokens_embedded), 0) as tokens_embedded
    from landing.run_items
    where run_id = r.id
) as i on true
order by r.id desc;

-- name: recent_problems
-- What was quarantined or failed in the newest settled run of every source, and that run itself if it failed; what
-- a run has yet to do is not held against it, and its forerunner's problems stay until it has.
with newest as (
    select
        s.name as source,
        r.id,
        r.dag_run_id,
        r.state,
        r.reason,
        r.settled_at
    from landing.sources as s
    inner join lateral (
        select
            x.id,
            x.dag_run_id,
            x.state,
            x.reason,
            x.settled_at
        from landing.runs as x
        where x.source_id = s.id and x.state <> 'running'
        order by x.id desc
        limit 1
    ) as r on true
)

select
    source,
    null as uri,
    'failed' as outcome,
    coalesce(reason, 'no reason was recorded') as reason,
    dag_run_id,
    settled_at
from newest
where state = 'failed'
union all
select
    newest.source,
    i.uri,
    i.outcome,
    i.reason,
    newest.dag_run_id,
    newest.settled_at
from newest
inner join landing.run_items as i on newest.id = i.run_id
where i.outcome in ('quarantined', 'failed')
order by outcome, source, uri nulls first
limit %(limit)s;

-- name: erased_uris
-- Which of these addresses belong to documents that were erased, and by which receipt.
select
    u.uri,
    e.id as erasure_id
from unnest(%(uris)s::text[]) as u (uri)
inner join landing.erasures as e
    on e.uri_sha256 = encode(sha256(convert_to(u.uri, 'UTF8')), 'hex')
where e.source_id = %(source_id)s and e.lifted_at is null;
