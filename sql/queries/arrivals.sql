-- name: lock_arrivals
-- Waits for a purge, which locks the table against new arrivals while it removes raw objects.
lock table landing.arrivals in row exclusive mode;

-- name: lock_upload_source
-- Where something is handed in. The lock keeps a run from beginning between an arrival's time and its commit, so
-- that a run has seen whatever arrived before it began. Says also whether the document was erased for good.
select
    s.id,
    s.kind,
    s.tenant_id,
    exists(
        select 1 from landing.erasures as e
        where
            e.source_id = s.id and e.lifted_at is null
            and e.uri_sha256 = encode(sha256(convert_to(%(uri)s, 'UTF8')), 'hex')
    ) as is_erased
from landing.sources as s
where s.name = %(source)s
for share of s;

-- name: add_object
-- Registers landed bytes; the same content is one row for ever. To name the column would take the right to read it.
insert into landing.objects (sha256, s3_key, byte_count, media_type)
values (%(sha256)s, %(s3_key)s, %(byte_count)s, %(media_type)s)
on conflict do nothing;

-- name: add_arrival
-- Writes what was handed in or withdrawn.
insert into landing.arrivals (source_id, tenant_id, uri, kind, sha256, byte_count, actor)
values (%(source_id)s, %(tenant_id)s, %(uri)s, %(kind)s, %(sha256)s, %(byte_count)s, %(actor)s)
returning id, arrived_at;

-- name: notify_arrivals
-- Wakes whoever waits, when the transaction commits.
select pg_notify('regesta_arrivals', '');

-- name: newest_arrival
-- The state of one document: put or delete.
select kind
from landing.arrivals
where source_id = %(source_id)s and uri = %(uri)s
order by id desc
limit 1;

-- name: arrived
-- The state of an upload source: the newest arrival of every document, or of one, unless it was withdrawn.
select
    uri,
    sha256,
    byte_count,
    arrived_at
from (
    select distinct on (uri)
        uri,
        kind,
        sha256,
        byte_count,
        arrived_at
    from landing.arrivals
    where source_id = %(source_id)s and (%(uri)s::text is null or uri = %(uri)s)
    order by uri asc, id desc
) as newest
where kind = 'put'
order by uri;

-- name: waiting_arrivals
-- Enabled sources with arrivals no run has settled, and the newest of each.
select
    s.name,
    max(a.id::text) as newest
from landing.arrivals as a
inner join landing.sources as s on a.source_id = s.id
where a.settled_at is null and s.is_enabled
group by s.name
order by s.name;

-- name: settle_arrivals
-- Marks what a successful run has seen: arrivals from before it began, except those whose document failed in it.
update landing.arrivals as a
set settled_at = clock_timestamp()
from landing.runs as r
where
    r.id = %(run_id)s and r.state = 'succeeded'
    and a.source_id = r.source_id and a.settled_at is null and a.arrived_at < r.started_at
    and not exists (
        select 1 from landing.run_items as i
        where i.run_id = r.id and i.uri = a.uri and i.outcome = 'failed'
    );
