-- name: add_source
-- Adds a source; adding the same one again changes nothing.
insert into landing.sources (name, kind, uri, tenant_id, access_groups, authority)
values (%(name)s, %(kind)s, %(uri)s, %(tenant_id)s, %(access_groups)s, %(authority)s)
on conflict (name) do nothing
returning id;

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
    is_enabled
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
