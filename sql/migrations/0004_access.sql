-- Who may touch what. Row-level security is forced on everything that holds a tenant's content.
set local lock_timeout = '5s';
set local statement_timeout = '60s';

grant usage on schema landing, corpus to regesta_ingestion, regesta_serving, regesta_dbt;
grant usage on schema serving to regesta_serving, regesta_dbt;

-- Ingestion writes the corpus of every tenant.
grant select, insert, update on landing.sources, landing.objects, landing.runs, landing.run_items to regesta_ingestion;
grant select, insert, update, delete
on corpus.documents, corpus.versions, corpus.publications, corpus.chunks, corpus.version_chunks,
corpus.lexeme_statistics, corpus.tenant_statistics to regesta_ingestion;
grant select on corpus.embedding_models to regesta_ingestion;

-- Serving reads the registry under the caller's scope; chunks only through corpus.search_chunks().
grant select on landing.sources, corpus.documents, corpus.versions, corpus.embedding_models to regesta_serving;
grant select, insert, update on serving.api_keys to regesta_serving;
grant select, insert, update on serving.queries, serving.answers to regesta_serving;

-- dbt governs: everything but passages and vectors.
grant select
on landing.sources, landing.objects, landing.runs, landing.run_items,
corpus.documents, corpus.versions, corpus.publications, corpus.version_chunks, corpus.embedding_models,
serving.queries, serving.answers to regesta_dbt;
grant select (id, document_id, tenant_id, chunk_hash, kind, token_count, is_live, created_at)
on corpus.chunks to regesta_dbt;

do $$
declare
    guarded regclass;
begin
    foreach guarded in array array[
        'landing.sources', 'corpus.documents', 'corpus.versions', 'corpus.publications', 'corpus.chunks',
        'corpus.version_chunks', 'corpus.lexeme_statistics', 'corpus.tenant_statistics',
        'serving.api_keys', 'serving.queries', 'serving.answers'
    ]::regclass[] loop
        execute format('alter table %s enable row level security', guarded);
        execute format('alter table %s force row level security', guarded);
        -- The owner's policy is for the search functions, which filter by the session's scope themselves:
        -- a full-text index cannot be used below a row-level policy (docs/decisions/0004).
        execute format('create policy owner_all on %s to regesta_owner using (true) with check (true)', guarded);
        execute format('create policy governance_reads on %s for select to regesta_dbt using (true)', guarded);
    end loop;
    foreach guarded in array array[
        'landing.sources', 'corpus.documents', 'corpus.versions', 'corpus.publications', 'corpus.chunks',
        'corpus.version_chunks', 'corpus.lexeme_statistics', 'corpus.tenant_statistics'
    ]::regclass[] loop
        execute format('create policy ingestion_all on %s to regesta_ingestion using (true) with check (true)', guarded);
    end loop;
    -- Unset or empty scope: null or '' equals no tenant and overlaps no group, so nothing is visible.
    foreach guarded in array array['landing.sources', 'corpus.documents']::regclass[] loop
        execute format(
            'create policy reader_scope on %s for select to regesta_serving using ('
            'tenant_id = current_setting(''regesta.tenant_id'', true)'
            ' and access_groups && string_to_array(current_setting(''regesta.access_groups'', true), '',''))',
            guarded
        );
    end loop;
    foreach guarded in array array['serving.api_keys', 'serving.queries', 'serving.answers']::regclass[] loop
        execute format(
            'create policy tenant_scope on %s to regesta_serving'
            ' using (tenant_id = current_setting(''regesta.tenant_id'', true))'
            ' with check (tenant_id = current_setting(''regesta.tenant_id'', true))',
            guarded
        );
    end loop;
end
$$;

-- A version is as visible as its document.
create policy reader_scope on corpus.versions for select to regesta_serving using (
    tenant_id = current_setting('regesta.tenant_id', true)
    and exists (select 1 from corpus.documents as d where d.id = document_id)
);
