-- name: find_answer
-- An answer the scope may look into.
select
    answer_id,
    text,
    citations,
    generator,
    model,
    state,
    answered_at,
    cached_answer_id
from serving.readable_answer(%(answer_id)s);

-- name: lineage
-- Where each citation of an answer leads.
select
    number,
    evidence,
    document_id,
    source,
    uri,
    title,
    chunk_id,
    passage,
    heading_path,
    page,
    char_start,
    char_end,
    version_id,
    version,
    pipeline,
    embedding_model,
    sha256,
    s3_key,
    byte_count,
    media_type,
    first_landed_at,
    bytes_deleted_at,
    run_id,
    dag_run_id,
    run_trigger,
    run_started_at,
    run_settled_at
from serving.answer_lineage(%(answer_id)s);

-- name: save_feedback
-- What a key thinks of an answer; its newest word counts.
insert into serving.feedback as f (tenant_id, answer_id, api_key_id, rating, reason, corrected_answer)
values (%(tenant_id)s, %(answer_id)s, %(api_key_id)s, %(rating)s, %(reason)s, %(corrected_answer)s)
on conflict (answer_id, api_key_id) do update
    set
        rating = excluded.rating, reason = excluded.reason, corrected_answer = excluded.corrected_answer,
        rated_at = clock_timestamp()
    where f.tenant_id = excluded.tenant_id
returning id, rated_at;
