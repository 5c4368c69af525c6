-- name: create_staged_documents
-- Which documents' serving is decided anew inside this transaction.
create temporary table if not exists staged_documents (document_id uuid primary key) on commit drop;

-- name: stage_document
-- One more of them.
insert into staged_documents (document_id) values (%(document_id)s)
on conflict do nothing;

-- name: stage_differing_documents
-- All whose serving differs from what the registry says now: a pin ran out, a duplicate's winner went.
insert into staged_documents (document_id)
select r.document_id
from marts.document_registry as r
inner join corpus.documents as d on r.document_id = d.id
where r.tenant_id = %(tenant_id)s and r.served_version_id is distinct from d.current_version_id
on conflict do nothing;

-- name: decide
-- dbt decides which version of each document is served, also of those in a cluster of duplicates, as any of them
-- may have won or lost by this transaction.
create temporary table staged_registry on commit drop as
with affected as (
    select
        unnest(array(select s.document_id from staged_documents as s)) as document_id,
        true as is_staged
    union
    select
        p.document_id,
        false as is_staged
    from corpus.similarities as p where p.tenant_id = %(tenant_id)s
    union
    select
        p.other_document_id,
        false as is_staged
    from corpus.similarities as p where p.tenant_id = %(tenant_id)s
)

select
    r.document_id,
    r.decided_version_id,
    r.served_version_id,
    r.reason,
    d.current_version_id as previous_version_id
from marts.document_registry as r
inner join corpus.documents as d on r.document_id = d.id
left join corpus.versions as v on r.decided_version_id = v.id
where
    r.document_id = any(array(select a.document_id from affected as a))
    and (
        r.document_id = any(array(select a.document_id from affected as a where a.is_staged))
        or r.served_version_id is distinct from d.current_version_id
        or (r.served_version_id is null and (v.state = 'duplicate' or r.reason like 'duplicate:%%') and v.reason is distinct from r.reason)
    );

-- name: apply
-- What was decided comes into force.
update corpus.versions as v
set state = 'superseded', reason = null
from staged_registry as r
where
    v.document_id = r.document_id and v.state in ('current', 'duplicate')
    and v.id is distinct from r.served_version_id
    and (v.state = 'current' or v.id is distinct from r.decided_version_id);
update corpus.versions as v
set state = 'current', reason = null
from staged_registry as r
where v.id = r.served_version_id and v.state <> 'current';
update corpus.versions as v
set state = 'duplicate', reason = r.reason
from staged_registry as r
where
    v.id = r.decided_version_id and r.served_version_id is null and r.reason like 'duplicate:%'
    and (v.state, v.reason) is distinct from ('duplicate', r.reason);
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
insert into corpus.publications (document_id, version_id, tenant_id, valid, reason, run_id, actor)
select
    r.document_id,
    r.served_version_id,
    %(tenant_id)s,
    tstzrange(%(published_at)s, null),
    r.reason,
    %(run_id)s,
    %(actor)s
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

-- name: begin_release
-- What searches find may be different from now on.
select corpus.begin_release(%(tenant_id)s);
