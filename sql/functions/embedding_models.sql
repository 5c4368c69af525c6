-- Every embedding model has a table of its own, partitioned by tenant: small tenants share one partition and
-- are searched exactly; a large tenant has its own with an HNSW index, because a tenant filter on a shared
-- HNSW index starves (docs/decisions/0004).
-- Which passages have a vector of which model, without the vectors: for governance.
create or replace function corpus.refresh_embedded_chunks()
returns void
language plpgsql
as $$
declare
    tables text;
begin
    select string_agg(
        format('select %s::smallint as embedding_model_id, chunk_id, tenant_id from corpus.%I', id, table_name),
        ' union all ' order by id
    )
    into tables
    from corpus.embedding_models where not is_dropped and table_name <> 'pending';
    -- Replaced in place: what dbt built on it stays.
    execute 'create or replace view corpus.embedded_chunks as '
        || coalesce(tables, 'select 0::smallint as embedding_model_id, null::uuid as chunk_id, '''' as tenant_id where false');
    comment on view corpus.embedded_chunks is 'One row per (embedding model, passage) that has a vector.';
    comment on column corpus.embedded_chunks.embedding_model_id is 'The model.';
    comment on column corpus.embedded_chunks.chunk_id is 'The passage.';
    comment on column corpus.embedded_chunks.tenant_id is 'Owner.';
    grant select on corpus.embedded_chunks to regesta_ingestion, regesta_dbt;
end
$$;
comment on function corpus.refresh_embedded_chunks() is 'Makes corpus.embedded_chunks anew after a model came or went.';
revoke all on function corpus.refresh_embedded_chunks() from public;

create or replace function corpus.create_embedding_table(model corpus.embedding_models)
returns void
language plpgsql
as $$
begin
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
        format('One row per chunk embedded by %s (%s).', model.name, model.revision)
    );
    -- Partitions are tables of their own: close the side door too.
    execute format('alter table corpus.%1$I enable row level security', model.table_name || '_shared');
    execute format('alter table corpus.%1$I force row level security', model.table_name || '_shared');
    perform corpus.refresh_embedded_chunks();
end
$$;
comment on function corpus.create_embedding_table(corpus.embedding_models) is 'Makes the empty table of one model.';
revoke all on function corpus.create_embedding_table(corpus.embedding_models) from public;

drop function if exists corpus.add_embedding_model(text, text, integer);
create or replace function corpus.add_embedding_model(
    model_name text, model_revision text, model_dimensions integer, model_spec jsonb default '{}'
)
returns smallint
language plpgsql
as $$
declare
    model corpus.embedding_models;
begin
    -- Two at once: the second finds what the first has made.
    perform pg_advisory_xact_lock(hashtextextended('corpus.embedding_models', 0));
    select * into model from corpus.embedding_models
    where name = model_name and revision = model_revision;
    if found then
        if model.dimensions <> model_dimensions then
            raise exception 'model % (%) is registered with % dimensions, not %',
                model_name, model_revision, model.dimensions, model_dimensions;
        end if;
        -- A server may move; anything else in the specification makes other vectors.
        if model.spec <> '{}' and model_spec <> '{}' and model.spec - 'url' <> model_spec - 'url' then
            raise exception 'model % (%) is registered as %, not as %: give the other one a revision of its own',
                model_name, model_revision, model.spec, model_spec;
        end if;
        if model_spec <> '{}' and model.spec <> model_spec then
            update corpus.embedding_models set spec = model_spec where id = model.id;
        end if;
        return model.id;
    end if;
    -- The first model of a corpus serves at once; a later one is built beside it and switched to.
    insert into corpus.embedding_models (name, revision, dimensions, table_name, state, spec)
    select model_name, model_revision, model_dimensions, 'pending',
        case when exists (select 1 from corpus.embedding_models where state = 'serving')
            then 'building' else 'serving' end,
        model_spec
    returning * into model;
    update corpus.embedding_models set table_name = 'embeddings_' || id where id = model.id
    returning * into model;
    perform corpus.create_embedding_table(model);
    return model.id;
end
$$;
comment on function corpus.add_embedding_model(text, text, integer, jsonb) is
'Registers a model and creates its table; returns its id. Repeating it changes nothing but the address.';
revoke all on function corpus.add_embedding_model(text, text, integer, jsonb) from public;

create or replace function corpus.begin_embedding_model(
    model_name text, model_revision text, model_dimensions integer, model_spec jsonb
)
returns smallint
language plpgsql
security definer
set search_path = corpus, public, pg_temp
as $$
declare
    model corpus.embedding_models;
    model_id constant smallint := corpus.add_embedding_model(model_name, model_revision, model_dimensions, model_spec);
begin
    select * into model from corpus.embedding_models where id = model_id for update;
    -- One that was dropped or retired is built again from where it is.
    if model.state = 'retired' then
        update corpus.embedding_models
        set state = 'building', approved_by = null, is_dropped = false,
            served_until = case when not model.is_dropped then served_until end
        where id = model.id;
    end if;
    if model.is_dropped then
        perform corpus.create_embedding_table(model);
    end if;
    return model.id;
end
$$;
comment on function corpus.begin_embedding_model(text, text, integer, jsonb) is
'Registers a model to be built beside the serving one, or takes up one that was retired; returns its id.';
revoke all on function corpus.begin_embedding_model(text, text, integer, jsonb) from public;
grant execute on function corpus.begin_embedding_model(text, text, integer, jsonb) to regesta_ingestion;

create or replace function corpus.drop_embedding_model(
    model_id smallint, retention_days integer, is_forced boolean default false
)
returns void
language plpgsql
security definer
set search_path = corpus, public, pg_temp
as $$
declare
    model corpus.embedding_models;
    now_or_said constant timestamptz := coalesce(nullif(current_setting('regesta.now', true), '')::timestamptz, now());
begin
    select * into strict model from corpus.embedding_models where id = model_id for update;
    if model.is_dropped then
        return;
    end if;
    if model.state = 'serving' then
        raise exception 'model % (%) is serving: switch to another one first', model.name, model.revision;
    end if;
    if not is_forced and model.served_until + make_interval(days => retention_days) > now_or_said then
        raise exception 'model % (%) is the way back until %', model.name, model.revision,
            model.served_until + make_interval(days => retention_days);
    end if;
    update corpus.embedding_models set state = 'retired', is_dropped = true where id = model.id;
    perform corpus.refresh_embedded_chunks();
    execute format('drop table corpus.%I', model.table_name);
end
$$;
comment on function corpus.drop_embedding_model(smallint, integer, boolean) is
'Removes the vectors of a model that does not serve and is past its window; the row stays.';
revoke all on function corpus.drop_embedding_model(smallint, integer, boolean) from public;
grant execute on function corpus.drop_embedding_model(smallint, integer, boolean) to regesta_ingestion;

drop function if exists corpus.partition_tenant(text, integer);
create or replace function corpus.partition_tenant(tenant text, min_chunks integer, model_id smallint default null)
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
    select * into strict model from corpus.embedding_models
    where case when model_id is null then state = 'serving' else id = model_id end;
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
        create index on corpus.%2$I using hnsw (embedding public.halfvec_cosine_ops) with (m = 24, ef_construction = 128) where is_live;
        alter table corpus.%1$I attach partition corpus.%2$I for values in (%3$L);
        $ddl$,
        model.table_name, partition_name, tenant
    );
    return true;
end
$$;
comment on function corpus.partition_tenant(text, integer, smallint) is
'Moves a tenant that has grown past min_chunks into a partition with an HNSW index; true when it did. Without a model: the serving one.';
revoke all on function corpus.partition_tenant(text, integer, smallint) from public;
grant execute on function corpus.partition_tenant(text, integer, smallint) to regesta_ingestion;

select corpus.refresh_embedded_chunks();
