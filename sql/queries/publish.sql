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
    personal_data jsonb,
    scheme text,
    shingle_count integer,
    min_hashes bytea,
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
create temporary table staged_bands (
    uri text not null,
    band_no smallint not null,
    band_hash bigint not null
) on commit drop;

-- name: lock_tenant
-- One publication at a time inside a tenant: whether a document is a duplicate depends on all the others.
select pg_advisory_xact_lock(hashtextextended('corpus.publish/' || %(tenant_id)s, 0));

-- name: lock_model
-- Holds off a switch to another embedding model until this publication is through.
select pg_advisory_xact_lock_shared(hashtextextended('corpus.serving_model', 0));

-- name: drop_settled
-- A retried task must not do again what an earlier try committed.
delete from staged_items as i
using landing.run_items as r
where r.run_id = %(run_id)s and r.uri = i.uri and r.outcome is not null;

-- name: lock_documents
-- One writer per document, always locked in the same order.
select pg_advisory_xact_lock(hashtextextended(%(source_id)s::text || '/' || uri, 0))
from (select uri from staged_items order by uri) as ordered;

-- name: access_groups
-- Who may read the source's documents now.
select access_groups from landing.sources
where id = %(source_id)s;

-- name: mark_erased
-- An erased document does not come back until somebody lifts its erasure.
update staged_items as i
set fate = 'erased', reason = 'erased: kept out by receipt ' || e.id
from landing.erasures as e
where
    e.source_id = %(source_id)s and e.lifted_at is null
    and e.uri_sha256 = encode(sha256(convert_to(i.uri, 'UTF8')), 'hex');

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
    document_id, tenant_id, number, raw_sha256, content_hash, pipeline, embedding_model_id, title, language,
    metadata, personal_data, state, reason, run_id
)
select
    i.document_id,
    %(tenant_id)s,
    coalesce((select max(v.number) from corpus.versions as v where v.document_id = i.document_id), 0) + 1,
    i.sha256,
    i.content_hash,
    %(pipeline)s,
    %(model_id)s,
    i.title,
    i.language,
    coalesce(i.metadata, '{}'),
    coalesce(i.personal_data, '{}'),
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
-- New passages; one that the document already had keeps its row, and so its vector. They are live at once, as nearly
-- all will be; the registry decides later in this transaction, and flips the others.
insert into corpus.chunks as c (
    document_id, tenant_id, access_groups, chunk_hash, text, heading_path, kind, token_count, lexemes,
    lexeme_count, analysis, is_live
)
select distinct on (i.document_id, s.chunk_hash, md5(s.text))
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
    %(analysis)s,
    true
from staged_chunks as s
inner join staged_items as i on s.uri = i.uri
where i.fate = 'publish'
order by i.document_id, s.chunk_hash, md5(s.text)
on conflict (document_id, chunk_hash, text_hash) do update
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
inner join corpus.chunks as c on c.document_id = i.document_id and c.chunk_hash = s.chunk_hash and c.text_hash = md5(s.text)
where i.fate = 'publish';

-- name: insert_embeddings
-- Vectors of the new chunks: just made, or kept from the same passage elsewhere in the tenant.
insert into {model_table} (tenant_id, chunk_id, document_id, access_groups, is_live, embedding)
select
    c.tenant_id,
    c.id,
    c.document_id,
    c.access_groups,
    c.is_live,
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

-- name: insert_signatures
-- What near-duplicates of the new versions are found by, now and in every later run.
insert into corpus.signatures (version_id, document_id, tenant_id, scheme, shingle_count, min_hashes)
select
    version_id,
    document_id,
    %(tenant_id)s,
    scheme,
    shingle_count,
    min_hashes
from staged_items
where fate = 'publish' and min_hashes is not null;

-- name: insert_signature_bands
-- Their bands.
insert into corpus.signature_bands (tenant_id, band_no, band_hash, version_id)
select
    %(tenant_id)s,
    b.band_no,
    b.band_hash,
    i.version_id
from staged_bands as b
inner join staged_items as i on b.uri = i.uri
where i.fate = 'publish';

-- name: similar_candidates
-- Versions of other documents in the tenant that share bands with a new one: of each band the earliest versions, and
-- of those the ones that share most bands. A band that thousands share (boilerplate) thus costs no more than others.
with shared as (
    select
        i.version_id,
        o.version_id as other_version_id,
        count(*) as band_count
    from staged_items as i
    inner join staged_bands as n on i.uri = n.uri
    inner join lateral (
        select b.version_id from corpus.signature_bands as b
        where
            b.tenant_id = %(tenant_id)s and b.band_no = n.band_no and b.band_hash = n.band_hash
            and b.version_id <> i.version_id
        order by b.version_id
        limit %(candidate_limit)s
    ) as o on true
    where i.fate = 'publish'
    group by i.version_id, o.version_id
),

ranked as (
    select
        version_id,
        other_version_id,
        row_number() over (partition by version_id order by band_count desc, other_version_id asc) as place
    from shared
)

select
    r.version_id,
    r.other_version_id,
    i.min_hashes,
    i.shingle_count,
    o.min_hashes as other_min_hashes,
    o.shingle_count as other_shingle_count
from ranked as r
inner join staged_items as i on r.version_id = i.version_id
inner join corpus.signatures as o on r.other_version_id = o.version_id and i.scheme = o.scheme
where r.place <= %(candidate_limit)s and o.document_id <> i.document_id;

-- name: insert_similarities
-- Verified pairs, the smaller id first.
insert into corpus.similarities (
    version_id, other_version_id, document_id, other_document_id, tenant_id, similarity, method
)
select distinct on (a.id, b.id)
    a.id as version_id,
    b.id as other_version_id,
    a.document_id,
    b.document_id as other_document_id,
    a.tenant_id,
    p.similarity,
    'minhash'
from
    unnest(%(version_ids)s::uuid[], %(other_version_ids)s::uuid[], %(similarities)s::real[])
        as p (version_id, other_version_id, similarity)
inner join corpus.versions as a on a.id = least(p.version_id, p.other_version_id)
inner join corpus.versions as b on b.id = greatest(p.version_id, p.other_version_id)
order by a.id, b.id
on conflict (version_id, other_version_id) do nothing;

-- name: insert_exact_similarities
-- Other documents with exactly this text; of very many copies the newest are enough to be found by. Two of one batch
-- find each other.
insert into corpus.similarities (
    version_id, other_version_id, document_id, other_document_id, tenant_id, similarity, method
)
select distinct
    least(i.version_id, o.id) as version_id,
    greatest(i.version_id, o.id) as other_version_id,
    case when i.version_id < o.id then i.document_id else o.document_id end as document_id,
    case when i.version_id < o.id then o.document_id else i.document_id end as other_document_id,
    %(tenant_id)s,
    1,
    'exact'
from staged_items as i
inner join lateral (
    select
        v.id,
        v.document_id
    from corpus.versions as v
    where
        v.tenant_id = %(tenant_id)s and v.content_hash = i.content_hash and v.document_id <> i.document_id
        and v.state in ('candidate', 'current', 'superseded', 'duplicate')
    order by v.id desc
    limit %(candidate_limit)s
) as o on true
where i.fate = 'publish'
on conflict (version_id, other_version_id) do update
    set similarity = 1, method = 'exact';

-- name: stage_documents
-- The documents of this batch whose serving has to be decided anew.
insert into staged_documents (document_id)
select document_id from staged_items
where fate in ('publish', 'quarantine', 'remove', 'touch') and document_id is not null;

-- name: settle_items
-- The ledger, in the same transaction.
update landing.run_items as r
set
    outcome = case i.fate
        when 'publish'
            then case (select v.state from corpus.versions as v where v.id = i.version_id)
                when 'duplicate' then 'duplicate' else 'indexed'
            end
        when 'quarantine' then 'quarantined'
        when 'remove' then 'deleted'
        when 'erased' then 'deleted'
        when 'fail' then 'failed'
        else 'unchanged'
    end,
    reason = coalesce(
        i.reason, (select v.reason from corpus.versions as v where v.id = i.version_id and v.state = 'duplicate')
    ), sha256 = i.sha256, document_id = i.document_id, version_id = i.version_id,
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

-- name: analysed_hashes
-- Those of these passages whose words today's text analysis has found before in the tenant.
select distinct chunk_hash
from corpus.chunks
where tenant_id = %(tenant_id)s and chunk_hash = any(%(chunk_hashes)s) and analysis = %(analysis)s;

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
