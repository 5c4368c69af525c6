-- name: stage_expired
-- What dbt says may go; a pin or a publication made meanwhile is seen, as publication is locked.
create temporary table staged_versions on commit drop as
select
    version_id,
    document_id,
    raw_sha256
from marts.expired_versions
where tenant_id = %(tenant_id)s;

-- name: stage_document_versions
-- Every version of one document.
create temporary table staged_versions on commit drop as
select
    id as version_id,
    document_id,
    raw_sha256
from corpus.versions
where document_id = %(document_id)s;

-- name: delete_similarities
-- Pairs the versions form.
delete from corpus.similarities as s
using staged_versions as v
where s.version_id = v.version_id or s.other_version_id = v.version_id;

-- name: delete_signatures
-- Their signatures; bands go with them.
delete from corpus.signatures as s
using staged_versions as v
where s.version_id = v.version_id;

-- name: delete_version_chunks
-- Which passage stood where.
delete from corpus.version_chunks as c
using staged_versions as v
where c.version_id = v.version_id;

-- name: delete_chunks
-- Passages that no version has any more; their vectors go with them.
delete from corpus.chunks as c
using (select distinct document_id from staged_versions) as d
where
    c.document_id = d.document_id
    and not exists (select 1 from corpus.version_chunks as vc where vc.chunk_id = c.id);

-- name: mark_purged
-- The rows of the versions stay, without content, as history.
update corpus.versions as v
set
    state = 'purged', reason = null, metadata = '{}', personal_data = '{}', title = null, content_hash = null,
    purged_at = coalesce(nullif(current_setting('regesta.now', true), '')::timestamptz, clock_timestamp())
from staged_versions as s
where v.id = s.version_id and v.state <> 'purged';

-- name: expired_objects
-- Raw objects whose policy has let them go: every version made from them is purged for long enough, and no
-- listing or arrival holds them.
select o.sha256
from landing.objects as o
where
    exists (select 1 from corpus.versions as v where v.raw_sha256 = o.sha256 and v.tenant_id = %(tenant_id)s)
    and not exists (
        select 1 from corpus.versions as v
        inner join corpus.documents as d on v.document_id = d.id
        inner join landing.sources as s on d.source_id = s.id
        where
            v.raw_sha256 = o.sha256
            and (
                v.state <> 'purged' or s.raw_retention_days is null
                or v.purged_at + make_interval(days => s.raw_retention_days)
                > coalesce(nullif(current_setting('regesta.now', true), '')::timestamptz, now())
            )
    )
    and not exists (
        select 1 from landing.arrivals as a
        where a.sha256 = o.sha256 and a.settled_at is null
    );

-- name: forget_object
-- The raw object is gone; the row that knew it stays in the ledger of what was landed.
update landing.objects
set deleted_at = clock_timestamp()
where sha256 = any(%(sha256s)s) and deleted_at is null;
