-- name: find_version
-- One version of a document: by number, or the one served before the current.
select
    v.id,
    v.number,
    v.state
from corpus.versions as v
where
    v.document_id = %(document_id)s
    and case
        when %(number)s::integer is not null then v.number = %(number)s
        else
            v.id = (
                select p.version_id from corpus.publications as p
                inner join corpus.documents as d on p.document_id = d.id
                inner join corpus.versions as o on p.version_id = o.id
                where
                    p.document_id = %(document_id)s and p.version_id is distinct from d.current_version_id
                    and o.state <> 'purged'
                order by lower(p.valid) desc
                limit 1
            )
    end;

-- name: document_of
-- Tenant and address of a document.
select
    tenant_id,
    uri,
    status,
    current_version_id
from corpus.documents
where id = %(document_id)s;

-- name: release_pins
-- Ends the pins of some documents.
update corpus.pins as p
set released_at = clock_timestamp()
where p.document_id = any(%(document_ids)s) and p.released_at is null;

-- name: pin
-- Decides which version of a document is served; null serves none.
insert into corpus.pins (document_id, version_id, tenant_id, actor, reason, expires_at)
select
    d.id,
    %(version_id)s,
    d.tenant_id,
    %(actor)s,
    %(reason)s,
    %(expires_at)s
from corpus.documents as d
where d.id = %(document_id)s;

-- name: list_pins
-- Pins in force.
select
    d.id as document_id,
    d.uri,
    v.number as version,
    p.actor,
    p.reason,
    p.pinned_at,
    p.expires_at
from corpus.pins as p
inner join corpus.documents as d on p.document_id = d.id
left join corpus.versions as v on p.version_id = v.id
where p.released_at is null and (p.expires_at is null or p.expires_at > now())
order by p.pinned_at desc;

-- name: before_run
-- What every document that a run changed served when the run began, and whether it was changed again since.
select
    i.document_id,
    d.tenant_id,
    d.uri,
    was.version_id,
    was.version_id is not null and v.state = 'purged' as is_purged,
    i.document_id in (
        select later.document_id from landing.run_items as later
        inner join landing.runs as later_run on later.run_id = later_run.id
        where
            later.document_id is not null and later.outcome in ('indexed', 'duplicate', 'deleted')
            and later_run.started_at > r.started_at
    ) as is_changed_since
from landing.runs as r
inner join landing.run_items as i on r.id = i.run_id
inner join corpus.documents as d on i.document_id = d.id
left join corpus.publications as was on i.document_id = was.document_id and was.valid @> r.started_at
left join corpus.versions as v on was.version_id = v.id
where r.id = %(run_id)s and i.outcome in ('indexed', 'duplicate', 'deleted')
order by d.uri;

-- name: find_run
-- State of a run.
select
    r.id,
    r.state,
    s.tenant_id
from landing.runs as r
inner join landing.sources as s on r.source_id = s.id
where r.id = %(run_id)s;

-- name: tenants
-- Every tenant that has a source.
select distinct tenant_id from landing.sources
order by tenant_id;
