-- name: list_models
-- Every model that was ever registered.
select
    id,
    name,
    revision,
    dimensions,
    table_name,
    state,
    spec,
    approved_by,
    served_until,
    is_dropped,
    created_at
from corpus.embedding_models
order by id;

-- name: begin_model
-- Registers a model to be built beside the serving one; registering it again changes nothing.
select corpus.begin_embedding_model(%(name)s, %(revision)s, %(dimensions)s, %(spec)s);

-- name: backlog
-- Passages that still lack a vector of the model, by tenant.
select
    tenant_id,
    chunk_count,
    token_count
from marts.embedding_backlog
where embedding_model_id = %(model_id)s
order by chunk_count desc, tenant_id asc;

-- name: sample
-- Some passages of the backlog, drawn by their hash: the same ones each time, from everywhere in the corpus.
select
    heading_path,
    text,
    token_count
from corpus.chunks
where id in (
    select c.id from corpus.chunks as c
    where
        exists (select 1 from corpus.version_chunks as vc where vc.chunk_id = c.id)
        and not exists (
            select 1 from {model_table} as e where e.tenant_id = c.tenant_id and e.chunk_id = c.id
        )
    order by c.chunk_hash, c.id
    limit %(limit)s
);

-- name: claim
-- The next passages without a vector, in order of their ids; `is_ours` are those that no other session has claimed.
-- A claim is a lock of the session, so a builder that is killed lets go of it.
with page as materialized (
    select
        c.id,
        c.chunk_hash,
        c.heading_path,
        c.text
    from corpus.chunks as c
    where
        c.id > %(after)s
        and exists (select 1 from corpus.version_chunks as vc where vc.chunk_id = c.id)
        and not exists (
            select 1 from {model_table} as e where e.tenant_id = c.tenant_id and e.chunk_id = c.id
        )
    order by c.id
    limit %(limit)s
)

select
    id,
    chunk_hash,
    heading_path,
    text,
    pg_try_advisory_lock(%(model_id)s, hashtext(id::text)) as is_ours
from page
order by id;

-- name: release_claims
-- Lets others have what this session had claimed.
select pg_advisory_unlock_all();

-- name: copy_known
-- The same passage elsewhere in the tenant has the same vector.
insert into {model_table} (tenant_id, chunk_id, document_id, access_groups, is_live, embedding)
select
    c.tenant_id,
    c.id,
    c.document_id,
    c.access_groups,
    c.is_live,
    k.embedding
from corpus.chunks as c
inner join lateral (
    select e.embedding
    from corpus.chunks as o
    inner join {model_table} as e on o.tenant_id = e.tenant_id and o.id = e.chunk_id
    where o.tenant_id = c.tenant_id and o.chunk_hash = c.chunk_hash and o.id <> c.id
    order by o.id
    limit 1
) as k on true
where c.id = any(%(chunk_ids)s)
for key share of c
on conflict (tenant_id, chunk_id) do nothing;

-- name: still_missing
-- Which of these passages have no vector of the model yet?
select c.id
from corpus.chunks as c
where
    c.id = any(%(chunk_ids)s)
    and not exists (select 1 from {model_table} as e where e.tenant_id = c.tenant_id and e.chunk_id = c.id);

-- name: create_staged_embeddings
-- Where the vectors of one batch wait for their passages' tenant, groups and live flag.
create temporary table staged_embeddings (
    chunk_id uuid primary key,
    embedding halfvec not null
) on commit drop;

-- name: insert_embeddings
-- Vectors of passages that are still there, as live and as readable as these are now.
insert into {model_table} (tenant_id, chunk_id, document_id, access_groups, is_live, embedding)
select
    c.tenant_id,
    c.id,
    c.document_id,
    c.access_groups,
    c.is_live,
    s.embedding
from staged_embeddings as s
inner join corpus.chunks as c on s.chunk_id = c.id
for key share of c
on conflict (tenant_id, chunk_id) do nothing;

-- name: align_flags
-- What became live, ceased to be, or changed its readers since its vector was built.
update {model_table} as e
set is_live = c.is_live, access_groups = c.access_groups
from corpus.chunks as c
where
    e.tenant_id = c.tenant_id and e.chunk_id = c.id
    and (e.is_live, e.access_groups) is distinct from (c.is_live, c.access_groups);

-- name: tenants
-- Tenants that have vectors of the model.
select distinct tenant_id from {model_table}
order by tenant_id;

-- name: index_tenant
-- Gives a big tenant a partition and a vector index of its own.
select corpus.partition_tenant(%(tenant_id)s, %(min_chunks)s, %(model_id)s::smallint);

-- name: announce
-- It will serve soon: whoever answers questions loads it now.
update corpus.embedding_models
set state = 'building', approved_by = %(approved_by)s
where id = %(model_id)s and state <> 'serving' and not is_dropped;

-- name: lock_switch
-- No publication is half-way while the serving model changes.
select pg_advisory_xact_lock(hashtextextended('corpus.serving_model', 0));

-- name: lock_model
-- The state of one model, which nobody changes until this transaction ends.
select
    state,
    is_dropped
from corpus.embedding_models
where id = %(model_id)s
for update;

-- name: switch
-- The one statement by which another model serves: the old one retires as the new one takes over.
update corpus.embedding_models
set
    state = case id when %(model_id)s then 'serving' else 'retired' end,
    approved_by = case id when %(model_id)s then %(approved_by)s else approved_by end,
    served_until = case id when %(model_id)s then null else clock_timestamp() end
where id = %(model_id)s or state = 'serving';

-- name: drop_model
-- Removes the vectors of a model that does not serve; the database refuses inside the window.
select corpus.drop_embedding_model(%(model_id)s::smallint, %(retention_days)s, %(is_forced)s);

-- name: expired
-- Models that stopped serving longer than the window ago.
select id
from corpus.embedding_models
where
    state = 'retired' and not is_dropped
    and served_until + make_interval(days => %(retention_days)s)
    <= coalesce(nullif(current_setting('regesta.now', true), '')::timestamptz, now())
order by id;

-- name: golden_documents
-- The documents a golden question can be answered from: their address ends in the one it names.
select
    id,
    tenant_id
from corpus.documents
where (uri = %(uri)s or right(uri, length(%(uri)s) + 1) = '/' || %(uri)s) and current_version_id is not null;

-- name: nearest
-- The nearest live passages of a tenant, exactly: adding nothing to the distance keeps an index from being used.
select
    e.chunk_id,
    e.document_id
from {model_table} as e
inner join corpus.chunks as c on e.tenant_id = c.tenant_id and e.chunk_id = c.id
where e.tenant_id = %(tenant_id)s and c.is_live
order by (e.embedding <=> %(vector)s::halfvec) + 0, e.chunk_id
limit %(limit)s;
