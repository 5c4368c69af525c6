-- name: record_validation
-- What one expectation found in one batch.
insert into landing.validations as v (
    run_id, batch, expectation, scope, is_successful, element_count, unexpected_count, details
)
values (
    %(run_id)s, %(batch)s, %(expectation)s, %(scope)s, %(is_successful)s, %(element_count)s,
    %(unexpected_count)s, %(details)s
)
on conflict (run_id, batch, expectation) do update
    set
        scope = excluded.scope, is_successful = excluded.is_successful, element_count = excluded.element_count,
        unexpected_count = excluded.unexpected_count, details = excluded.details, validated_at = clock_timestamp()
    where v.run_id = excluded.run_id;

-- name: waivers
-- Contents of these documents that a person has released.
select
    uri,
    sha256
from landing.waivers
where source_id = %(source_id)s and uri = any(%(uris)s);

-- name: waive
-- Lets the quarantined content of a document pass validation.
insert into landing.waivers as w (source_id, tenant_id, uri, sha256, actor, reason)
select
    d.source_id,
    d.tenant_id,
    d.uri,
    %(sha256)s,
    %(actor)s,
    %(reason)s
from corpus.documents as d
where d.id = %(document_id)s
on conflict (source_id, uri, sha256) do update
    set actor = excluded.actor, reason = excluded.reason, waived_at = clock_timestamp()
    where w.sha256 = excluded.sha256;

-- name: forget_pipeline
-- Makes the next sync work on a quarantined document although its bytes are the same.
update corpus.versions as v
set pipeline = 'retry'
where
    v.document_id = %(document_id)s and v.state = 'quarantined'
    and v.number = (select max(n.number) from corpus.versions as n where n.document_id = v.document_id);

-- name: list_quarantined
-- Documents whose newest version is quarantined.
select
    d.id,
    s.name as source,
    d.uri,
    v.number as version,
    v.reason,
    v.raw_sha256,
    d.current_version_id is not null as is_older_served,
    v.created_at
from corpus.documents as d
inner join landing.sources as s on d.source_id = s.id
inner join lateral (
    select
        n.number,
        n.state,
        n.reason,
        n.raw_sha256,
        n.created_at
    from corpus.versions as n
    where n.document_id = d.id
    order by n.number desc
    limit 1
) as v on true
where d.status = 'active' and v.state = 'quarantined' and (%(source)s::text is null or s.name = %(source)s)
order by v.created_at desc
limit %(limit)s;

-- name: recent_validations
-- What validation found in the newest run of every source, the unmet expectations first.
select
    s.name as source,
    v.expectation,
    v.scope,
    bool_and(v.is_successful) as is_successful,
    sum(v.element_count) as element_count,
    sum(v.unexpected_count) as unexpected_count,
    string_agg(v.details, '; ' order by v.batch) filter (where not v.is_successful) as details
from landing.sources as s
inner join lateral (
    select r.id from landing.runs as r
    where r.source_id = s.id and exists (select 1 from landing.validations as x where x.run_id = r.id)
    order by r.id desc
    limit 1
) as newest on true
inner join landing.validations as v on newest.id = v.run_id
group by s.name, v.expectation, v.scope
order by bool_and(v.is_successful), s.name, v.expectation;
