-- name: find_document
-- The document to erase.
select
    d.id,
    d.tenant_id,
    d.source_id,
    d.uri,
    s.name as source
from corpus.documents as d
inner join landing.sources as s on d.source_id = s.id
where d.id = %(document_id)s;

-- name: add_erasure
-- The receipt, which also keeps the document from coming back.
insert into landing.erasures (tenant_id, source_id, uri_sha256, actor, reason, counts)
values (
    %(tenant_id)s, %(source_id)s, encode(sha256(convert_to(%(uri)s, 'UTF8')), 'hex'), %(actor)s, %(reason)s, '{}'
)
on conflict (source_id, uri_sha256) where (lifted_at is null) do update
    set actor = excluded.actor, reason = excluded.reason
    where erasures.lifted_at is null
returning id;

-- name: chunk_ids
-- Its passages.
select id from corpus.chunks
where document_id = %(document_id)s;

-- name: erase_traces
-- Questions and answers that quoted it.
select corpus.erase_traces(%(tenant_id)s, %(document_id)s, %(chunk_ids)s::uuid[]);

-- name: rivals
-- Documents it was a near-duplicate of, which may be served now.
select case when document_id = %(document_id)s then other_document_id else document_id end
from corpus.similarities
where %(document_id)s in (document_id, other_document_id);

-- name: orphaned_objects
-- Raw objects that nothing else was made from.
select distinct o.sha256
from landing.objects as o
where
    (
        o.sha256 in (select v.raw_sha256 from corpus.versions as v where v.document_id = %(document_id)s)
        or o.sha256 in (
            select a.sha256 from landing.arrivals as a where a.source_id = %(source_id)s and a.uri = %(uri)s
        )
    )
    and not exists (
        select 1 from corpus.versions as v
        where v.raw_sha256 = o.sha256 and v.document_id <> %(document_id)s
    )
    and not exists (
        select 1 from landing.arrivals as a
        where a.sha256 = o.sha256 and (a.source_id, a.uri) <> (%(source_id)s, %(uri)s)
    );

-- name: running_runs
-- Runs at work that have not settled it: they may have landed its bytes.
select run_items.run_id
from landing.run_items as run_items
inner join landing.runs as runs on run_items.run_id = runs.id
where
    runs.source_id = %(source_id)s and run_items.uri = %(uri)s and runs.state = 'running'
    and run_items.outcome is null;

-- name: delete_pins
-- Its pins.
delete from corpus.pins
where document_id = %(document_id)s;

-- name: delete_publications
-- When which version was served.
delete from corpus.publications
where document_id = %(document_id)s;

-- name: forget_current
-- Lets go of the version it serves.
update corpus.documents
set current_version_id = null
where id = %(document_id)s;

-- name: delete_versions
-- Its versions.
delete from corpus.versions
where document_id = %(document_id)s;

-- name: delete_document
-- The document itself.
delete from corpus.documents
where id = %(document_id)s;

-- name: delete_arrivals
-- That it was handed in.
delete from landing.arrivals
where source_id = %(source_id)s and uri = %(uri)s;

-- name: delete_waivers
-- That it was released from quarantine.
delete from landing.waivers
where source_id = %(source_id)s and uri = %(uri)s;

-- name: delete_requests
-- What was asked to be done with it.
delete from landing.requests
where document_id = %(document_id)s;

-- name: forget_in_requests
-- What became of it when a whole run was undone.
update landing.requests
set
    result = jsonb_set(result, '{restored}', (
        select coalesce(jsonb_agg(entry), '[]')
        from jsonb_array_elements(result -> 'restored') as entry
        where entry ->> 'document_id' <> %(document_id)s::text
    ))
where
    run_id is not null
    and result @> jsonb_build_object(
        'restored', jsonb_build_array(jsonb_build_object('document_id', %(document_id)s::text))
    );

-- name: redact_items
-- Its place in the ledger stays, so that old runs still balance, without its address.
update landing.run_items as i
set
    uri = 'erased:' || %(erasure_id)s, sha256 = null, document_id = null, version_id = null,
    reason = case when i.reason is not null then 'erased' end
from landing.runs as r
where i.run_id = r.id and r.source_id = %(source_id)s and i.uri = %(uri)s and i.outcome is not null;

-- name: redact_reasons
-- Others that gave way to it named it as the reason.
update landing.run_items as i
set reason = replace(i.reason, %(uri)s, 'erased:' || %(erasure_id)s)
where position(%(uri)s in i.reason) > 0;

-- name: delete_objects
-- Rows of raw objects that go with it.
delete from landing.objects
where sha256 = any(%(sha256s)s);

-- name: write_receipt
-- What was removed, and what is still to be removed from S3.
update landing.erasures
set counts = %(counts)s, pending_keys = %(pending_keys)s
where id = %(erasure_id)s;

-- name: pending_erasures
-- Receipts whose objects are still to be removed.
select
    id,
    pending_keys,
    counts
from landing.erasures
where cardinality(pending_keys) > 0
order by id
for update;

-- name: list_erasures
-- Receipts, newest first.
select
    e.id,
    s.name as source,
    e.actor,
    e.reason,
    e.counts,
    cardinality(e.pending_keys) as pending_count,
    e.erased_at,
    e.lifted_at
from landing.erasures as e
inner join landing.sources as s on e.source_id = s.id
order by e.id desc
limit %(limit)s;

-- name: lift
-- Lets an erased document come back with the next sync.
update landing.erasures
set lifted_at = clock_timestamp()
where id = %(erasure_id)s and lifted_at is null
returning id;
