-- name: create_listed_objects
-- What the object store holds, for the checks that compare it with the database.
create temporary table listed_objects (
    key text primary key,
    byte_count bigint not null,
    modified_at timestamptz not null
) on commit drop;

-- name: unbalanced_runs
-- A run that succeeded accounts for every document it discovered; one that failed says why.
select 'run ' || r.id || ' ' || r.state || coalesce(': ' || r.reason, '') as found
from landing.runs as r
where
    (r.state = 'failed' and r.reason is null)
    or (
        r.state = 'succeeded'
        and exists (select 1 from landing.run_items as i where i.run_id = r.id and i.outcome is null)
    );

-- name: stuck_runs
-- No run is at work for more than a day.
select 'run ' || id || ' since ' || started_at as found
from landing.runs
where state = 'running' and started_at < clock_timestamp() - interval '1 day';

-- name: ledger_without_version
-- What the ledger says was indexed is there, unless it was erased since.
select 'run ' || i.run_id || ' ' || i.outcome || ' ' || i.uri as found
from landing.run_items as i
left join corpus.versions as v on i.version_id = v.id and i.document_id = v.document_id
where i.outcome in ('indexed', 'duplicate') and i.uri not like 'erased:%%' and v.id is null;

-- name: version_without_ledger
-- Every version stands in the ledger of the run that made it, once.
select 'version ' || v.id || ' of run ' || v.run_id as found
from corpus.versions as v
where
    not exists (
        select 1 from landing.run_items as i
        where i.run_id = v.run_id and i.version_id = v.id and i.outcome in ('indexed', 'duplicate', 'quarantined')
    );

-- name: missing_objects
-- Raw bytes lie in S3 as long as a version or an arrival is made from them.
select o.s3_key || case when o.deleted_at is null then ' is not in S3' else ' was deleted' end as found
from landing.objects as o
left join listed_objects as l on o.s3_key = l.key
where
    (l.key is null or o.deleted_at is not null)
    and (
        exists (select 1 from corpus.versions as v where v.raw_sha256 = o.sha256 and v.state <> 'purged')
        or exists (select 1 from landing.arrivals as a where a.sha256 = o.sha256 and a.settled_at is null)
    );

-- name: truncated_objects
-- Raw bytes in S3 are as many as were landed.
select o.s3_key || ' has ' || l.byte_count || ' bytes, not ' || o.byte_count as found
from landing.objects as o
inner join listed_objects as l on o.s3_key = l.key
where o.byte_count <> l.byte_count;

-- name: unregistered_objects
-- Raw bytes in S3 have their row. Without one they are the harmless remains of a step that was killed.
select l.key as found
from listed_objects as l
left join landing.objects as o on l.key = o.s3_key
where l.key like 'raw/%%' and o.sha256 is null and l.modified_at < clock_timestamp() - %(grace)s::interval;

-- name: undeleted_objects
-- Raw bytes that the retention policy removed are gone.
select o.s3_key as found
from landing.objects as o
inner join listed_objects as l on o.s3_key = l.key
where
    o.deleted_at < clock_timestamp() - %(grace)s::interval
    and l.modified_at < clock_timestamp() - %(grace)s::interval;

-- name: staged_leftovers
-- Only runs at work have staged files.
select l.key as found
from listed_objects as l
where
    l.key like 'runs/%%' and l.modified_at < clock_timestamp() - %(grace)s::interval
    and not exists (
        select 1 from landing.runs as r where r.id::text = split_part(l.key, '/', 2) and r.state = 'running'
    );

-- name: unfinished_erasures
-- What was erased is gone from S3 as well.
select 'erasure ' || id || ': ' || cardinality(pending_keys) || ' objects left' as found
from landing.erasures
where cardinality(pending_keys) > 0 and erased_at < clock_timestamp() - %(grace)s::interval;

-- name: returned_erasures
-- An erased document stays out until its erasure is lifted.
select 'document ' || d.id || ' has erasure ' || e.id as found
from landing.erasures as e
inner join corpus.documents as d
    on e.source_id = d.source_id and e.uri_sha256 = encode(sha256(convert_to(d.uri, 'UTF8')), 'hex')
where e.lifted_at is null;

-- name: stuck_requests
-- What was asked for through the API is answered within a day.
select 'request ' || id || ' since ' || requested_at as found
from landing.requests
where state = 'waiting' and requested_at < clock_timestamp() - interval '1 day';

-- name: current_versions
-- A document serves exactly the one of its versions that is current; a deleted one only when it is pinned.
select
    'document ' || d.id || ' ' || d.status || ' serves ' || coalesce(d.current_version_id::text, 'nothing')
    || ', current is ' || coalesce(v.id::text, 'none') as found
from corpus.documents as d
left join corpus.versions as v on d.id = v.document_id and v.state = 'current'
where
    d.current_version_id is distinct from v.id
    or (
        d.status = 'deleted' and d.current_version_id is not null
        and not exists (
            select 1 from corpus.pins as p
            where p.document_id = d.id and p.released_at is null and p.version_id = d.current_version_id
        )
    );

-- name: registry_disagrees
-- What is served is what dbt's registry decides. A pin that runs out today is applied by tonight's purge.
select
    'document ' || r.document_id || ' should serve ' || coalesce(r.served_version_id::text, 'nothing')
    || ' (' || r.reason || ')' as found
from marts.document_registry as r
inner join corpus.documents as d on r.document_id = d.id
left join corpus.versions as v on r.decided_version_id = v.id
where
    (
        r.served_version_id is distinct from d.current_version_id
        or (r.winner_document_id is not null and v.state <> 'duplicate')
    )
    and not exists (
        select 1 from corpus.pins as p
        where
            p.tenant_id = r.tenant_id and p.released_at is null
            and p.expires_at > clock_timestamp() - interval '1 day'
            and p.expires_at < clock_timestamp() + interval '1 day'
    );

-- name: misplaced_versions
-- A version left as a duplicate or a candidate is its document's newest that can be served, or a pin holds it back.
select 'version ' || v.id || ' is ' || v.state as found
from corpus.versions as v
inner join corpus.documents as d on v.document_id = d.id
where
    v.state in ('candidate', 'duplicate')
    and not exists (select 1 from corpus.pins as p where p.document_id = v.document_id)
    and exists (
        select 1 from corpus.versions as n
        where
            n.document_id = v.document_id and n.number > v.number
            and n.state in ('candidate', 'current', 'superseded', 'duplicate')
    );

-- name: version_numbers
-- Versions of a document are numbered from 1 without a gap.
select 'document ' || document_id || ' has ' || count(*) || ' versions up to v' || max(number) as found
from corpus.versions
group by document_id
having count(*) <> max(number);

-- name: open_publications
-- The history says of every document what it serves now.
select
    'document ' || d.id || ' serves ' || coalesce(d.current_version_id::text, 'nothing')
    || ', the history says ' || coalesce(p.version_id::text, 'nothing') as found
from corpus.documents as d
left join corpus.publications as p on d.id = p.document_id and upper_inf(p.valid)
where d.current_version_id is distinct from p.version_id;

-- name: contents
-- A version that can be served has its passages at places 0, 1, 2 …; a purged one has nothing left.
with counted as (
    select
        version_id,
        count(*) as places,
        max(position) + 1 as expected
    from corpus.version_chunks
    group by version_id
)

select 'version ' || v.id || ' is ' || v.state || ' and has ' || coalesce(c.places, 0) || ' places' as found
from corpus.versions as v
left join counted as c on v.id = c.version_id
where
    case
        when v.state in ('purged', 'quarantined') then c.places is not null
        else c.places is distinct from c.expected or c.places is null
    end
    or (v.state = 'purged' and (v.content_hash is not null or v.title is not null or v.metadata <> '{}'));

-- name: foreign_chunks
-- A version is made of passages of its own document.
select 'version ' || vc.version_id || ' has passage ' || vc.chunk_id as found
from corpus.version_chunks as vc
inner join corpus.versions as v on vc.version_id = v.id
inner join corpus.chunks as c on vc.chunk_id = c.id
where v.document_id <> c.document_id;

-- name: live_chunks
-- Live passages are those of the served version, all of them and no other.
with served as (
    select distinct vc.chunk_id
    from corpus.documents as d
    inner join corpus.version_chunks as vc on d.current_version_id = vc.version_id
)

select 'passage ' || c.id || case when c.is_live then ' is live, not served' else ' is served, not live' end as found
from corpus.chunks as c
left join served as s on c.id = s.chunk_id
where c.is_live <> (s.chunk_id is not null);

-- name: orphaned_chunks
-- Every passage belongs to a version.
select 'passage ' || c.id || ' of document ' || c.document_id as found
from corpus.chunks as c
where not exists (select 1 from corpus.version_chunks as vc where vc.chunk_id = c.id);

-- name: missing_vectors
-- Every passage has a vector of the serving model, which is live and readable as the passage is.
select 'passage ' || c.id || case when e.chunk_id is null then ' has no vector' else ' and its vector disagree' end as found
from corpus.chunks as c
left join {model_table} as e on c.tenant_id = e.tenant_id and c.id = e.chunk_id
where
    e.chunk_id is null
    or (e.is_live, e.access_groups, e.document_id) is distinct from (c.is_live, c.access_groups, c.document_id);

-- name: orphaned_vectors
-- Every vector, of any model, belongs to a passage of the same tenant.
select 'vector of passage ' || e.chunk_id || ', model ' || e.embedding_model_id as found
from corpus.embedded_chunks as e
left join corpus.chunks as c on e.chunk_id = c.id and e.tenant_id = c.tenant_id
where c.id is null;

-- name: access_groups
-- Who may read a passage is who may read its document, and that is who may read its source.
select 'document ' || d.id as found
from corpus.documents as d
inner join landing.sources as s on d.source_id = s.id
where d.access_groups <> s.access_groups
union all
select 'passage ' || c.id as found
from corpus.chunks as c
inner join corpus.documents as d on c.document_id = d.id
where c.access_groups <> d.access_groups;

-- name: tenants
-- Everything made from a source belongs to the source's tenant.
select 'document ' || d.id as found
from corpus.documents as d
inner join landing.sources as s on d.source_id = s.id
where d.tenant_id <> s.tenant_id
union all
select 'version ' || v.id as found
from corpus.versions as v
inner join corpus.documents as d on v.document_id = d.id
where v.tenant_id <> d.tenant_id
union all
select 'publication ' || p.id as found
from corpus.publications as p
inner join corpus.documents as d on p.document_id = d.id
where p.tenant_id <> d.tenant_id
union all
select 'pin ' || p.id as found
from corpus.pins as p
inner join corpus.documents as d on p.document_id = d.id
where p.tenant_id <> d.tenant_id
union all
select 'passage ' || c.id as found
from corpus.chunks as c
inner join corpus.documents as d on c.document_id = d.id
where c.tenant_id <> d.tenant_id
union all
select 'place ' || vc.position || ' of version ' || vc.version_id as found
from corpus.version_chunks as vc
inner join corpus.versions as v on vc.version_id = v.id
where vc.tenant_id <> v.tenant_id
union all
select 'signature of version ' || s.version_id as found
from corpus.signatures as s
inner join corpus.versions as v on s.version_id = v.id
where s.tenant_id <> v.tenant_id or s.document_id <> v.document_id
union all
select 'band of version ' || b.version_id as found
from corpus.signature_bands as b
inner join corpus.signatures as s on b.version_id = s.version_id
where b.tenant_id <> s.tenant_id
union all
select 'similarity of ' || m.version_id || ' and ' || m.other_version_id as found
from corpus.similarities as m
inner join corpus.versions as one on m.version_id = one.id
inner join corpus.versions as other on m.other_version_id = other.id
where
    (one.tenant_id, other.tenant_id) <> (m.tenant_id, m.tenant_id)
    or (one.document_id, other.document_id) <> (m.document_id, m.other_document_id)
union all
select 'arrival ' || a.id as found
from landing.arrivals as a
inner join landing.sources as s on a.source_id = s.id
where a.tenant_id <> s.tenant_id;

-- name: signatures
-- A signature belongs to a version that can still be served, and has its bands.
select 'signature of version ' || s.version_id || ', which is ' || v.state as found
from corpus.signatures as s
inner join corpus.versions as v on s.version_id = v.id
where
    v.state in ('purged', 'quarantined')
    or not exists (select 1 from corpus.signature_bands as b where b.version_id = s.version_id);

-- name: similarities
-- Near-duplicates are versions that can still be served.
select 'similarity of ' || m.version_id || ' and ' || m.other_version_id as found
from corpus.similarities as m
inner join corpus.versions as v on v.id in (m.version_id, m.other_version_id)
where v.state in ('purged', 'quarantined');

-- name: pins
-- A pin in force holds a version that can be served.
select 'pin ' || p.id || ' holds a version that is ' || v.state as found
from corpus.pins as p
inner join corpus.versions as v on p.version_id = v.id
where
    p.released_at is null and (p.expires_at is null or p.expires_at > clock_timestamp())
    and v.state in ('purged', 'quarantined');

-- name: statistics
-- What BM25 knows about a tenant is what its live passages hold, unless something was published since it was counted.
with settled as (
    -- Tenants whose newest change came with a run that counted: one that changed something and was settled.
    select
        s.tenant_id,
        max(r.settled_at) as counted_at
    from landing.sources as s
    inner join landing.runs as r on s.id = r.source_id
    where
        r.state <> 'running' and r.reason is distinct from 'superseded: a newer run of this source began before it settled'
        and exists (
            select 1 from landing.run_items as i
            where i.run_id = r.id and i.outcome in ('indexed', 'duplicate', 'deleted')
        )
    group by s.tenant_id
    having
        not exists (
            select 1 from corpus.publications as p
            where p.tenant_id = s.tenant_id and greatest(lower(p.valid), upper(p.valid)) > max(r.settled_at)
        )
),

counted as (
    select
        t.tenant_id,
        w.word as lexeme,
        w.ndoc as chunk_count
    from settled as t,
        ts_stat(format('select lexemes from corpus.chunks where tenant_id = %%L and is_live', t.tenant_id)) as w
),

known as (
    select
        k.tenant_id,
        k.lexeme,
        k.chunk_count
    from corpus.lexeme_statistics as k
    inner join settled as t on k.tenant_id = t.tenant_id
),

live as (
    select
        c.tenant_id,
        count(*) as chunk_count
    from corpus.chunks as c
    inner join settled as t on c.tenant_id = t.tenant_id
    where c.is_live
    group by c.tenant_id
)

select 'tenant ' || coalesce(c.tenant_id, k.tenant_id) || ': ' || count(*) || ' lexemes are counted wrong' as found
from counted as c
full join known as k on c.tenant_id = k.tenant_id and c.lexeme = k.lexeme
where c.chunk_count is distinct from k.chunk_count
group by coalesce(c.tenant_id, k.tenant_id)
union all
select
    'tenant ' || t.tenant_id || ' has ' || coalesce(l.chunk_count, 0) || ' live passages, not '
    || coalesce(k.live_chunk_count, 0) as found
from settled as t
left join live as l on t.tenant_id = l.tenant_id
left join corpus.tenant_statistics as k on t.tenant_id = k.tenant_id
where coalesce(l.chunk_count, 0) <> coalesce(k.live_chunk_count, 0);

-- name: cached_answers
-- A cached answer cites passages that are served now.
select 'cached answer ' || ac.answer_id || ' cites passage ' || ac.chunk_id as found
from serving.cached_answer_chunks as ac
left join corpus.chunks as c on ac.chunk_id = c.id and ac.tenant_id = c.tenant_id
where c.is_live is not true
union all
select 'cached answer ' || a.id || ' cites nothing' as found
from serving.cached_answers as a
where not exists (select 1 from serving.cached_answer_chunks as ac where ac.answer_id = a.id);
