-- name: add_source
-- Adds a source; a name that is taken is left as it is.
insert into landing.sources (
    name, kind, uri, tenant_id, access_groups, authority, is_enabled, schedule, pii_policy, chunking_profile,
    raw_retention_days, allowed_hosts, answer_ttl_seconds
)
values (
    %(name)s, %(kind)s, %(uri)s, %(tenant_id)s, %(access_groups)s, %(authority)s, %(is_enabled)s, %(schedule)s,
    %(pii_policy)s, %(chunking_profile)s, %(raw_retention_days)s, %(allowed_hosts)s,
    %(answer_ttl_seconds)s
)
on conflict (name) do nothing;

-- name: change_source
-- Changes what the owner of a source may decide.
update landing.sources
set
    access_groups = %(access_groups)s, authority = %(authority)s, is_enabled = %(is_enabled)s,
    schedule = %(schedule)s, pii_policy = %(pii_policy)s, chunking_profile = %(chunking_profile)s,
    raw_retention_days = %(raw_retention_days)s, allowed_hosts = %(allowed_hosts)s,
    answer_ttl_seconds = %(answer_ttl_seconds)s
where id = %(id)s;

-- name: regroup_documents
-- Gives the documents of a source its groups, and names them all, so that they are served anew.
update corpus.documents
set access_groups = %(access_groups)s, updated_at = clock_timestamp()
where source_id = %(source_id)s
returning id;

-- name: schedules
-- Enabled sources with their schedule and when they were last synced before a moment, or added.
select
    s.name,
    s.schedule,
    coalesce(
        (select max(r.started_at) from landing.runs as r where r.source_id = s.id and r.started_at < %(moment)s),
        s.created_at
    ) as since
from landing.sources as s
where s.is_enabled
order by s.name;

-- name: find_source
-- One source by name.
select
    id,
    name,
    kind,
    uri,
    tenant_id,
    access_groups,
    authority,
    is_enabled,
    schedule,
    pii_policy,
    chunking_profile,
    raw_retention_days,
    allowed_hosts,
    answer_ttl_seconds
from landing.sources
where name = %(name)s;

-- name: list_sources
-- All sources with their document counts and their last run.
select
    s.id,
    s.name,
    s.kind,
    s.uri,
    s.tenant_id,
    s.access_groups,
    s.authority,
    s.is_enabled,
    s.schedule,
    s.pii_policy,
    s.chunking_profile,
    s.raw_retention_days,
    s.allowed_hosts,
    s.answer_ttl_seconds,
    (
        select count(*) from corpus.documents as d
        where d.source_id = s.id and d.current_version_id is not null
    ) as document_count,
    r.state as last_run_state,
    r.started_at as last_run_at
from landing.sources as s
left join lateral (
    select
        state,
        started_at
    from landing.runs
    where source_id = s.id
    order by id desc
    limit 1
) as r on true
order by s.name;
