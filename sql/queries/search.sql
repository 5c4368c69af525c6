-- name: search
-- Hybrid search under the transaction's scope; finds nothing, and does nothing, when its result was found to be kept.
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
    similarity,
    text_score,
    neighbours,
    source_ttl_seconds
from
    corpus.search_chunks(
        query_lexemes => %(lexemes)s::text[], query_vector => %(vector)s, hit_limit => %(top_k)s,
        source_names => %(sources)s::text[], languages => %(languages)s::text[],
        document_ids => %(document_ids)s::uuid[], kinds => %(kinds)s::text[], titles => %(titles)s::text[],
        metadata_filter => %(metadata)s::jsonb, published => %(published)s::tstzrange,
        created => %(created)s::tstzrange, modified => %(modified)s::tstzrange,
        page_count => %(page_count)s::int4range, as_of => %(as_of)s, model_id => %(model_id)s::smallint,
        text_weight => %(text_weight)s, fusion => %(fusion)s, neighbour_count => %(neighbours)s
    )
where coalesce(current_setting('regesta.is_kept', true), '') <> 'true';

-- name: measure_recall
-- Of sampled passages' true neighbours, the share the vector index finds, per partition that has one.
select
    partition_name,
    sampled,
    recall
from corpus.vector_recall(%(sample)s, %(top_k)s);
