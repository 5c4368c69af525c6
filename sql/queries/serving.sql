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
    document_ids => %(document_ids)s::uuid[], kinds => %(kinds)s::text[]
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

-- name: serving_model
-- The model whose vectors are searched.
select
    name,
    revision
from corpus.embedding_models
where state = 'serving';
