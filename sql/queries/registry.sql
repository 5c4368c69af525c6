-- name: find_documents
-- Documents by id, uri, or the end of a uri.
select
    id,
    uri,
    title,
    case when status = 'active' and current_version_id is null then 'quarantined' else status end as status,
    tenant_id,
    access_groups,
    current_version_id,
    created_at,
    updated_at
from corpus.documents
where id = %(id)s or uri = %(reference)s or (%(id)s::uuid is null and right(uri, length(%(reference)s)) = %(reference)s)
order by uri
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
    (select count(*) from corpus.version_chunks as vc where vc.version_id = v.id) as chunk_count
from corpus.versions as v
where v.document_id = %(document_id)s
order by v.number desc;
