-- Erasing a document also erases what was asked and answered from it. Ingestion may not read questions or
-- answers, so the owner does it on its word.
create or replace function corpus.erase_traces(erased_tenant_id text, erased_document_id uuid, erased_chunk_ids uuid [])
returns bigint
language sql
security definer
set search_path = serving, pg_temp
as $$
    delete from serving.cached_answers as a
    using serving.cached_answer_chunks as ac
    where a.id = ac.answer_id and ac.chunk_id = any(erased_chunk_ids);
    delete from serving.cached_retrievals as r
    where r.tenant_id = erased_tenant_id and r.chunk_ids && erased_chunk_ids;
    with erased as (
        delete from serving.queries as q
        where
            q.tenant_id = erased_tenant_id
            and (
                exists (
                    select 1 from jsonb_array_elements(q.hits) as h
                    where (h ->> 'chunk_id')::uuid = any(erased_chunk_ids)
                )
                or exists (
                    select 1 from serving.answers as a
                    where
                        a.query_id = q.id
                        and a.citations @> jsonb_build_array(jsonb_build_object('document_id', erased_document_id))
                )
            )
        returning q.id
    ),
    emptied as (
        update serving.batch_items as i
        set state = 'failed', question = '', result = null,
            error = '{"type": "erased", "detail": "A document that was quoted has been erased for good."}'
        where
            i.tenant_id = erased_tenant_id
            and (
                i.answer_id in (select e.id from erased as e)
                or i.result @> jsonb_build_object(
                    'citations', jsonb_build_array(jsonb_build_object('document_id', erased_document_id))
                )
            )
    )
    select count(*) from erased
$$;
comment on function corpus.erase_traces(text, uuid, uuid []) is
'Deletes the questions, with their answers, that found or cited a document and what is cached of them, and empties those of '
'batches; returns how many were deleted.';
revoke all on function corpus.erase_traces(text, uuid, uuid []) from public;
grant execute on function corpus.erase_traces(text, uuid, uuid []) to regesta_ingestion;
