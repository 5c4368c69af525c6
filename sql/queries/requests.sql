-- name: waiting_requests
-- What was asked for through the API, oldest first, held against other workers.
select
    id,
    kind,
    document_id,
    run_id,
    version_number,
    expires_at,
    actor,
    reason
from landing.requests
where state = 'waiting'
order by id
limit 1
for update skip locked;

-- name: finish_request
-- How a request ended.
update landing.requests
set state = %(state)s, result = %(result)s, finished_at = clock_timestamp()
where id = %(id)s;

-- name: waiting_tenants
-- Tenants with requests that nobody has answered, and the newest of each.
select
    tenant_id,
    max(id::text) as newest
from landing.requests
where state = 'waiting'
group by tenant_id
order by tenant_id;

-- name: hand_in_again
-- The newest bytes of a document that was handed in, once more, so that its source is looked at.
insert into landing.arrivals (source_id, tenant_id, uri, kind, sha256, byte_count, actor)
select
    a.source_id,
    a.tenant_id,
    a.uri,
    a.kind,
    a.sha256,
    a.byte_count,
    %(actor)s
from landing.arrivals as a
inner join corpus.documents as d on a.source_id = d.source_id and a.uri = d.uri
where d.id = %(document_id)s
order by a.id desc
limit 1;
