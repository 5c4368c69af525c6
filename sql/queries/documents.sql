-- name: list_documents
-- Documents in scope, newest first, after a given one; a null narrows nothing.
select
    d.id,
    s.name as source,
    d.uri,
    coalesce(v.title, d.title) as title,
    v.language,
    case
        when d.current_version_id is not null then 'active'
        when d.status <> 'active' then d.status
        when newest.state in ('quarantined', 'duplicate') then newest.state
        else 'withheld'
    end as status,
    v.number as version,
    d.created_at,
    d.updated_at
from corpus.documents as d
inner join landing.sources as s on d.source_id = s.id
left join corpus.versions as v on d.current_version_id = v.id
left join lateral (
    select n.state from corpus.versions as n
    where n.document_id = d.id
    order by n.number desc
    limit 1
) as newest on true
where
    (%(document_id)s::uuid is null or d.id = %(document_id)s)
    and (%(before)s::uuid is null or d.id < %(before)s)
    and (%(source)s::text is null or s.name = %(source)s)
    and (%(language)s::text is null or v.language = %(language)s)
    and (
        %(title)s::text is null
        -- Names made on a Mac come with Korean syllables taken apart.
        or strpos(lower(normalize(coalesce(v.title, d.title, ''))), lower(normalize(%(title)s))) > 0
    )
    and (
        %(status)s::text is null
        or %(status)s = case
            when d.current_version_id is not null then 'active'
            when d.status <> 'active' then d.status
            when newest.state in ('quarantined', 'duplicate') then newest.state
            else 'withheld'
        end
    )
order by d.id desc
limit %(limit)s;

-- name: pin_in_force
-- The decision which version of a document is served, if somebody made one.
select
    v.number as version,
    p.reason,
    p.pinned_at,
    p.expires_at
from corpus.pins as p
left join corpus.versions as v on p.version_id = v.id
where p.document_id = %(document_id)s and p.released_at is null and (p.expires_at is null or p.expires_at > now());

-- name: list_versions
-- The versions of a document in scope, newest first.
select
    v.number as version,
    v.id as version_id,
    v.state,
    v.reason,
    v.title,
    v.language,
    v.metadata,
    v.raw_sha256,
    v.run_id,
    v.created_at,
    lower(p.valid) as served_from,
    upper(p.valid) as served_until
from corpus.versions as v
left join lateral (
    select valid from corpus.publications
    where version_id = v.id
    order by lower(valid) desc
    limit 1
) as p on true
where v.document_id = %(document_id)s
order by v.number desc;

-- name: list_quarantined
-- Documents in scope whose newest version is quarantined, newest first, after a given version.
select
    v.id as version_id,
    d.id as document_id,
    s.name as source,
    d.uri,
    v.number as version,
    v.reason,
    v.reason like 'validation:%%' as can_be_released,
    d.current_version_id is not null as is_older_served,
    v.created_at
from corpus.versions as v
inner join corpus.documents as d on v.document_id = d.id
inner join landing.sources as s on d.source_id = s.id
where
    v.state = 'quarantined' and d.status = 'active'
    and not exists (select 1 from corpus.versions as n where n.document_id = d.id and n.number > v.number)
    and (%(version_id)s::uuid is null or v.id = %(version_id)s)
    and (%(before)s::uuid is null or v.id < %(before)s)
    and (%(source)s::text is null or s.name = %(source)s)
order by v.id desc
limit %(limit)s;

-- name: find_run
-- The state of a run in scope.
select state from landing.runs
where id = %(run_id)s;

-- name: find_source
-- The kind of a source in scope.
select kind from landing.sources
where name = %(source)s;

-- name: source_kind_of
-- Where a document in scope comes from.
select
    s.name as source,
    s.kind,
    d.uri
from corpus.documents as d
inner join landing.sources as s on d.source_id = s.id
where d.id = %(document_id)s;

-- name: find_arrival
-- What became of a document that was handed in or withdrawn.
select
    a.id,
    s.name as source,
    a.uri,
    a.kind,
    case when a.settled_at is null then 'waiting' else 'done' end as state,
    a.sha256,
    a.byte_count,
    d.id as document_id,
    a.arrived_at,
    a.settled_at
from landing.arrivals as a
inner join landing.sources as s on a.source_id = s.id
left join corpus.documents as d on a.source_id = d.source_id and a.uri = d.uri
where a.id = %(id)s;

-- name: add_request
-- Asks ingestion to do something about a document, or about everything a run did; it notices the row and works.
insert into landing.requests (tenant_id, kind, document_id, run_id, version_number, expires_at, actor, reason)
values (
    %(tenant_id)s, %(kind)s, %(document_id)s, %(run_id)s, %(version)s, %(expires_at)s, %(actor)s, %(reason)s
)
returning id, kind, document_id, run_id, version_number as version, expires_at, state, requested_at;

-- name: find_request
-- What became of a request.
select
    id,
    kind,
    document_id,
    run_id,
    version_number as version,
    expires_at,
    state,
    result,
    requested_at,
    finished_at
from landing.requests
where id = %(id)s;

-- name: notify_requests
-- Wakes whoever works on requests.
select pg_notify('regesta_requests', '');
