-- name: search
-- Hybrid search under the transaction's scope.
select
    rank,
    document_id,
    uri,
    title,
    source,
    language,
    version,
    version_id,
    chunk_id,
    position,
    page,
    heading_path,
    kind,
    text,
    score,
    text_rank,
    vector_rank,
    similarity
from corpus.search_chunks(
    query_lexemes => %(lexemes)s::text[], query_vector => %(vector)s, hit_limit => %(top_k)s,
    source_names => %(sources)s::text[], languages => %(languages)s::text[],
    document_ids => %(document_ids)s::uuid[], kinds => %(kinds)s::text[], titles => %(titles)s::text[],
    metadata_filter => %(metadata)s::jsonb, published => %(published)s::tstzrange,
    created => %(created)s::tstzrange, modified => %(modified)s::tstzrange,
    page_count => %(page_count)s::int4range, as_of => %(as_of)s, model_id => %(model_id)s::smallint
);

-- name: log_query
-- One row per question or search.
insert into serving.queries (id, tenant_id, api_key_id, kind, question, mode, hits, timings)
values (
    %(id)s, %(tenant_id)s, %(api_key_id)s, %(kind)s, %(question)s, %(mode)s, %(hits)s, %(timings)s
);

-- name: log_answer
-- One row per answer that was begun.
insert into serving.answers (
    query_id, tenant_id, generator, model, state, text, citations, usage, error, first_token_seconds
)
values (
    %(query_id)s, %(tenant_id)s, %(generator)s, %(model)s, %(state)s, %(text)s, %(citations)s, %(usage)s,
    %(error)s, %(first_token_seconds)s
);

-- name: add_request
-- Asks ingestion to serve an earlier version; it notices the row and works.
insert into landing.requests (tenant_id, kind, document_id, version_number, actor, reason)
values (%(tenant_id)s, 'restore', %(document_id)s, %(version_number)s, %(actor)s, %(reason)s)
returning id, state, requested_at;

-- name: find_request
-- What became of a request.
select
    id,
    document_id,
    version_number as version,
    state,
    result,
    requested_at,
    finished_at
from landing.requests
where id = %(id)s;

-- name: notify_requests
-- Wakes whoever works on requests.
select pg_notify('regesta_requests', '');

-- name: list_versions
-- The versions of a document in scope, newest first.
select
    v.number as version,
    v.id as version_id,
    v.state,
    v.reason,
    v.title,
    v.language,
    v.metadata,
    v.raw_sha256,
    v.created_at,
    lower(p.valid) as served_from,
    upper(p.valid) as served_until
from corpus.versions as v
left join lateral (
    select valid from corpus.publications
    where version_id = v.id
    order by lower(valid) desc
    limit 1
) as p on true
where v.document_id = %(document_id)s
order by v.number desc;
