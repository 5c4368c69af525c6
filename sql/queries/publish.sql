-- name: create_staged
-- Where one batch waits inside the publishing transaction.
create temporary table staged_items (
    uri text primary key,
    fate text not null,
    etag text,
    byte_count bigint,
    modified_at timestamptz,
    sha256 text,
    content_hash text,
    title text,
    language text,
    metadata jsonb,
    reason text,
    chunks_kept integer not null,
    chunks_embedded integer not null,
    tokens_embedded integer not null,
    document_id uuid,
    version_id uuid
) on commit drop;
create temporary table staged_chunks (
    uri text not null,
    position integer not null,
    chunk_hash text not null,
    text text not null,
    heading_path text[] not null,
    kind text not null,
    token_count integer not null,
    lexemes tsvector not null,
    lexeme_count integer not null,
    page integer,
    char_start integer,
    char_end integer,
    primary key (uri, position)
) on commit drop;
create temporary table staged_vectors (
    chunk_hash text primary key,
    embedding halfvec not null
) on commit drop;

-- name: drop_settled
-- A retried task must not do again what an earlier try committed.
delete from staged_items as i
using landing.run_items as r
where r.run_id = %(run_id)s and r.uri = i.uri and r.outcome is not null;

-- name: lock_documents
-- One writer per document, always locked in the same order.
select pg_advisory_xact_lock(hashtextextended(%(source_id)s::text || '/' || uri, 0))
from (select uri from staged_items order by uri) as ordered;

-- name: mark_stale
-- An older state of the source never overwrites a newer one.
update staged_items as i
set fate = 'stale', reason = 'stale: a newer state of this document is already published'
from corpus.documents as d
where
    d.source_id = %(source_id)s and d.uri = i.uri and i.fate in ('publish', 'quarantine', 'touch')
    and d.modified_at > i.modified_at;

-- name: upsert_documents
-- The document row of everything that has content now; failures leave it alone, so that they are tried again.
insert into corpus.documents as d (
    tenant_id, source_id, uri, access_groups, status, etag, byte_count, modified_at
)
select
    %(tenant_id)s,
    %(source_id)s,
    uri,
    %(access_groups)s,
    'active',
    etag,
    byte_count,
    modified_at
from staged_items
where fate in ('publish', 'quarantine', 'touch')
on conflict (source_id, uri) do update
    set
        access_groups = excluded.access_groups, status = 'active', etag = excluded.etag,
        byte_count = excluded.byte_count, modified_at = excluded.modified_at, updated_at = clock_timestamp();

-- name: delete_documents
-- Gone at the source: kept for history, served to nobody.
update corpus.documents as d
set status = 'deleted', etag = null, updated_at = clock_timestamp()
from staged_items as i
where d.source_id = %(source_id)s and d.uri = i.uri and i.fate = 'remove';

-- name: resolve_documents
-- Gives every staged item its document.
update staged_items as i
set document_id = d.id
from corpus.documents as d
where d.source_id = %(source_id)s and d.uri = i.uri;

-- name: insert_versions
-- The next version of each document, waiting for the registry's word.
insert into corpus.versions (
    document_id, tenant_id, number, raw_sha256, content_hash, pipeline, title, language, metadata, state,
    reason, run_id
)
select
    i.document_id,
    %(tenant_id)s,
    coalesce((select max(v.number) from corpus.versions as v where v.document_id = i.document_id), 0) + 1,
    i.sha256,
    i.content_hash,
    %(pipeline)s,
    i.title,
    i.language,
    coalesce(i.metadata, '{}'),
    case i.fate when 'publish' then 'candidate' else 'quarantined' end,
    i.reason,
    %(run_id)s
from staged_items as i
where i.fate in ('publish', 'quarantine');

-- name: resolve_versions
-- Gives every staged item the version just made.
update staged_items as i
set version_id = v.id
from corpus.versions as v
where v.document_id = i.document_id and v.run_id = %(run_id)s and i.fate in ('publish', 'quarantine');

-- name: insert_chunks
-- New passages; one that the document already had keeps its row, and so its vector.
insert into corpus.chunks as c (
    document_id, tenant_id, access_groups, chunk_hash, text, heading_path, kind, token_count, lexemes,
    lexeme_count, analysis
)
select distinct on (i.document_id, s.chunk_hash)
    i.document_id,
    %(tenant_id)s,
    %(access_groups)s::text[],
    s.chunk_hash,
    s.text,
    s.heading_path,
    s.kind,
    s.token_count,
    s.lexemes,
    s.lexeme_count,
    %(analysis)s
from staged_chunks as s
inner join staged_items as i on s.uri = i.uri
where i.fate = 'publish'
order by i.document_id, s.chunk_hash
on conflict (document_id, chunk_hash) do update
    set lexemes = excluded.lexemes, lexeme_count = excluded.lexeme_count, analysis = excluded.analysis
    where c.analysis <> excluded.analysis;

-- name: insert_version_chunks
-- Which chunk stands where in the new versions.
insert into corpus.version_chunks (version_id, position, chunk_id, tenant_id, page, char_start, char_end)
select
    i.version_id,
    s.position,
    c.id,
    %(tenant_id)s,
    s.page,
    s.char_start,
    s.char_end
from staged_chunks as s
inner join staged_items as i on s.uri = i.uri
inner join corpus.chunks as c on c.document_id = i.document_id and c.chunk_hash = s.chunk_hash
where i.fate = 'publish';

-- name: insert_embeddings
-- Vectors of the new chunks: just made, or kept from the same passage elsewhere in the tenant.
insert into {model_table} (tenant_id, chunk_id, document_id, access_groups, is_live, embedding)
select
    c.tenant_id,
    c.id,
    c.document_id,
    c.access_groups,
    false,
    coalesce(
        n.embedding,
        (
            select e.embedding from corpus.chunks as o
            inner join {model_table} as e on o.tenant_id = e.tenant_id and o.id = e.chunk_id
            where o.tenant_id = c.tenant_id and o.chunk_hash = c.chunk_hash
            order by o.id
            limit 1
        )
    )
from staged_items as i
inner join corpus.chunks as c on i.document_id = c.document_id
left join staged_vectors as n on c.chunk_hash = n.chunk_hash
where
    i.fate = 'publish'
    and exists (select 1 from corpus.version_chunks as vc where vc.version_id = i.version_id and vc.chunk_id = c.id)
    and not exists (select 1 from {model_table} as k where k.tenant_id = c.tenant_id and k.chunk_id = c.id)
on conflict (tenant_id, chunk_id) do nothing;

-- name: apply_registry
-- dbt decides which version of each document is served; here it comes into force.
create temporary table staged_registry on commit drop as
select
    r.document_id,
    r.served_version_id,
    r.reason,
    d.current_version_id as previous_version_id
from marts.document_registry as r
inner join staged_items as i on r.document_id = i.document_id
inner join corpus.documents as d on r.document_id = d.id
where i.fate in ('publish', 'quarantine', 'remove', 'touch');
update corpus.versions as v
set state = 'superseded'
from staged_registry as r
where v.document_id = r.document_id and v.state = 'current' and v.id is distinct from r.served_version_id;
update corpus.versions as v
set state = 'current'
from staged_registry as r
where v.id = r.served_version_id and v.state <> 'current';
update corpus.documents as d
set
    current_version_id = r.served_version_id, updated_at = clock_timestamp(),
    title = coalesce((select v.title from corpus.versions as v where v.id = r.served_version_id), d.title)
from staged_registry as r
where d.id = r.document_id and d.current_version_id is distinct from r.served_version_id;

-- name: close_publications
-- Ends the period of what is no longer served.
update corpus.publications as p
set valid = tstzrange(lower(p.valid), %(published_at)s)
from staged_registry as r
where p.document_id = r.document_id and upper_inf(p.valid) and p.version_id is distinct from r.served_version_id;

-- name: open_publications
-- Begins the period of what is served from now on.
insert into corpus.publications (document_id, version_id, tenant_id, valid, reason, run_id)
select
    r.document_id,
    r.served_version_id,
    %(tenant_id)s,
    tstzrange(%(published_at)s, null),
    r.reason,
    %(run_id)s
from staged_registry as r
where r.served_version_id is not null and not exists (
    select 1 from corpus.publications as p
    where p.document_id = r.document_id and upper_inf(p.valid)
);

-- name: flip_live
-- Passages and vectors become searchable, or stop being so, with their version and their document's groups.
with wanted as (
    select
        c.id,
        c.tenant_id,
        exists(
            select 1 from corpus.version_chunks as vc
            where vc.version_id = r.served_version_id and vc.chunk_id = c.id
        ) as is_live,
        d.access_groups
    from staged_registry as r
    inner join corpus.documents as d on r.document_id = d.id
    inner join corpus.chunks as c on r.document_id = c.document_id
),

flipped_chunks as (
    update corpus.chunks as c
    set is_live = w.is_live, access_groups = w.access_groups
    from wanted as w
    where c.id = w.id and (c.is_live, c.access_groups) is distinct from (w.is_live, w.access_groups)
)

update {model_table} as e
set is_live = w.is_live, access_groups = w.access_groups
from wanted as w
where
    e.tenant_id = w.tenant_id and e.chunk_id = w.id
    and (e.is_live, e.access_groups) is distinct from (w.is_live, w.access_groups);

-- name: settle_items
-- The ledger, in the same transaction.
update landing.run_items as r
set
    outcome = case i.fate
        when 'publish' then 'indexed'
        when 'quarantine' then 'quarantined'
        when 'remove' then 'deleted'
        when 'fail' then 'failed'
        else 'unchanged'
    end,
    reason = i.reason, sha256 = i.sha256, document_id = i.document_id, version_id = i.version_id,
    chunks_kept = i.chunks_kept, chunks_embedded = i.chunks_embedded, tokens_embedded = i.tokens_embedded,
    settled_at = clock_timestamp()
from staged_items as i
where r.run_id = %(run_id)s and r.uri = i.uri;

-- name: embedded_hashes
-- Which of these passages have a vector somewhere in the tenant already?
select distinct c.chunk_hash
from corpus.chunks as c
inner join {model_table} as e on c.tenant_id = e.tenant_id and c.id = e.chunk_id
where c.tenant_id = %(tenant_id)s and c.chunk_hash = any(%(chunk_hashes)s);

-- name: analysed_passages
-- Lexemes of these passages, where today's text analysis has found them before in the tenant.
select distinct on (chunk_hash)
    chunk_hash,
    lexemes::text as lexemes,
    lexeme_count
from corpus.chunks
where tenant_id = %(tenant_id)s and chunk_hash = any(%(chunk_hashes)s) and analysis = %(analysis)s;

-- name: serving_model
-- The model whose vectors are searched.
select
    id,
    name,
    revision,
    dimensions,
    table_name
from corpus.embedding_models
where state = 'serving';
