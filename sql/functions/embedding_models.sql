-- Every embedding model has a table of its own, partitioned by tenant: small tenants share one partition and
-- are searched exactly; a large tenant has its own with an HNSW index, because a tenant filter on a shared
-- HNSW index starves (docs/decisions/0004).
create or replace function corpus.add_embedding_model(
    model_name text, model_revision text, model_dimensions integer
)
returns smallint
language plpgsql
as $$
declare
    model corpus.embedding_models;
begin
    select * into model from corpus.embedding_models
    where name = model_name and revision = model_revision;
    if found then
        if model.dimensions <> model_dimensions then
            raise exception 'model % (%) is registered with % dimensions, not %',
                model_name, model_revision, model.dimensions, model_dimensions;
        end if;
        return model.id;
    end if;
    -- The first model of a corpus serves at once; a later one is built beside it and switched to.
    insert into corpus.embedding_models (name, revision, dimensions, table_name, state)
    select model_name, model_revision, model_dimensions, 'pending',
        case when exists (select 1 from corpus.embedding_models where state = 'serving')
            then 'building' else 'serving' end
    returning * into model;
    model.table_name := 'embeddings_' || model.id;
    update corpus.embedding_models set table_name = model.table_name where id = model.id;

    execute format(
        $ddl$
        create table corpus.%1$I (
            tenant_id text not null,
            chunk_id uuid not null references corpus.chunks (id) on delete cascade,
            document_id uuid not null,
            access_groups text[] not null,
            is_live boolean not null,
            embedding public.halfvec(%2$s) not null,
            primary key (tenant_id, chunk_id)
        ) partition by list (tenant_id);
        create table corpus.%3$I partition of corpus.%1$I default;
        create index on corpus.%1$I (chunk_id);
        comment on table corpus.%1$I is %4$L;
        comment on column corpus.%1$I.tenant_id is 'Owner; the partition key.';
        comment on column corpus.%1$I.chunk_id is 'The chunk.';
        comment on column corpus.%1$I.document_id is 'The chunk''s document, to filter by.';
        comment on column corpus.%1$I.access_groups is 'Copied from the document.';
        comment on column corpus.%1$I.is_live is 'Part of the version being served.';
        comment on column corpus.%1$I.embedding is 'Unit vector in half precision.';
        alter table corpus.%1$I enable row level security;
        alter table corpus.%1$I force row level security;
        create policy owner_all on corpus.%1$I to regesta_owner using (true) with check (true);
        create policy ingestion_all on corpus.%1$I to regesta_ingestion using (true) with check (true);
        grant select, insert, update, delete on corpus.%1$I to regesta_ingestion;
        $ddl$,
        model.table_name, model.dimensions, model.table_name || '_shared',
        format('One row per chunk embedded by %s (%s).', model_name, model_revision)
    );
    -- Partitions are tables of their own: close the side door too.
    execute format('alter table corpus.%1$I enable row level security', model.table_name || '_shared');
    execute format('alter table corpus.%1$I force row level security', model.table_name || '_shared');
    return model.id;
end
$$;
comment on function corpus.add_embedding_model(text, text, integer) is
'Registers a model and creates its table; returns its id. Repeating it changes nothing.';
revoke all on function corpus.add_embedding_model(text, text, integer) from public;

create or replace function corpus.partition_tenant(tenant text, min_chunks integer)
returns boolean
language plpgsql
security definer
set search_path = corpus, public, pg_temp
as $$
declare
    model corpus.embedding_models;
    partition_name text;
    chunk_total bigint;
begin
    select * into strict model from corpus.embedding_models where state = 'serving';
    partition_name := format('%s_%s', model.table_name, substr(md5(tenant), 1, 12));
    if to_regclass(format('corpus.%I', partition_name)) is not null then
        return false;
    end if;
    -- Through the parent: a partition has no policy of its own, so directly not even its owner sees a row.
    execute format('select count(*) from corpus.%I where tenant_id = $1', model.table_name)
    into chunk_total using tenant;
    if chunk_total < min_chunks then
        return false;
    end if;
    execute format(
        $ddl$
        lock table corpus.%1$I in access exclusive mode;
        create table corpus.%2$I (like corpus.%1$I including all);
        with moved as (delete from corpus.%1$I where tenant_id = %3$L returning *)
        insert into corpus.%2$I select * from moved;
        alter table corpus.%2$I enable row level security;
        alter table corpus.%2$I force row level security;
        create index on corpus.%2$I using hnsw (embedding public.halfvec_cosine_ops) where is_live;
        alter table corpus.%1$I attach partition corpus.%2$I for values in (%3$L);
        $ddl$,
        model.table_name, partition_name, tenant
    );
    return true;
end
$$;
comment on function corpus.partition_tenant(text, integer) is
'Moves a tenant that has grown past min_chunks into a partition with an HNSW index; true when it did.';
revoke all on function corpus.partition_tenant(text, integer) from public;
grant execute on function corpus.partition_tenant(text, integer) to regesta_ingestion;
