-- name: find_documents
-- Documents by id, uri, or the end of a uri.
select
    d.id,
    s.name as source,
    d.uri,
    d.title,
    case
        when d.current_version_id is not null then 'active'
        when d.status <> 'active' then d.status
        when newest.state in ('quarantined', 'duplicate') then newest.state
        else 'withheld'
    end as status,
    d.tenant_id,
    d.access_groups,
    d.current_version_id,
    d.created_at,
    d.updated_at
from corpus.documents as d
inner join landing.sources as s on d.source_id = s.id
left join lateral (
    select v.state from corpus.versions as v
    where v.document_id = d.id
    order by v.number desc
    limit 1
) as newest on true
where
    d.id = %(id)s or d.uri = %(reference)s
    or (%(id)s::uuid is null and right(d.uri, length(%(reference)s)) = %(reference)s)
order by d.uri
limit 20;

-- name: list_versions
-- Every version of a document, newest first.
select
    v.id,
    v.number,
    v.state,
    v.reason,
    v.title,
    v.language,
    v.raw_sha256,
    v.run_id,
    v.created_at,
    v.purged_at,
    v.metadata,
    v.personal_data,
    v.state = 'quarantined' and v.pipeline = 'retry' as is_retried,
    (select count(*) from corpus.version_chunks as vc where vc.version_id = v.id) as chunk_count
from corpus.versions as v
where v.document_id = %(document_id)s
order by v.number desc;

-- name: publication_history
-- Which version of a document was served from when to when, and why; newest first.
select
    v.number as version,
    lower(p.valid) as served_from,
    upper(p.valid) as served_until,
    p.reason,
    p.run_id,
    p.actor
from corpus.publications as p
inner join corpus.versions as v on p.version_id = v.id
where p.document_id = %(document_id)s
order by lower(p.valid) desc
limit %(limit)s;

-- name: pin_in_force
-- The decision which version of a document is served, if somebody made one.
select
    v.number as version,
    p.actor,
    p.reason,
    p.pinned_at,
    p.expires_at
from corpus.pins as p
left join corpus.versions as v on p.version_id = v.id
where p.document_id = %(document_id)s and p.released_at is null and (p.expires_at is null or p.expires_at > now());

-- name: list_duplicates
-- Documents that give way to a near-identical one, which one that is, and why.
select
    c.document_id,
    c.uri,
    c.winner_document_id,
    w.uri as winner_uri,
    c.similarity,
    c.reason
from marts.duplicate_clusters as c
inner join corpus.documents as w on c.winner_document_id = w.id
where c.role = 'duplicate'
order by w.uri, c.uri
limit %(limit)s;
