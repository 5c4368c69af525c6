-- Erasing a document also erases what was asked and answered from it. Ingestion may not read questions or
-- answers, so the owner does it on its word.
create or replace function corpus.erase_traces(erased_tenant_id text, erased_document_id uuid, erased_chunk_ids uuid [])
returns bigint
language sql
security definer
set search_path = serving, pg_temp
as $$
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
        returning 1
    )
    select count(*) from erased
$$;
comment on function corpus.erase_traces(text, uuid, uuid []) is
'Deletes the questions, with their answers, that found or cited a document; returns how many.';
revoke all on function corpus.erase_traces(text, uuid, uuid []) from public;
grant execute on function corpus.erase_traces(text, uuid, uuid []) to regesta_ingestion;
