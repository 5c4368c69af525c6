-- name: add_batch
-- A list of questions, asked with the rights of a key.
insert into serving.batches (tenant_id, api_key_id, access_groups)
values (%(tenant_id)s, %(api_key_id)s, %(access_groups)s)
returning id;

-- name: add_items
-- Its questions, in order.
insert into serving.batch_items (batch_id, position, tenant_id, custom_id, question, filters, top_k)
select
    %(batch_id)s,
    i.position,
    %(tenant_id)s,
    i.custom_id,
    i.question,
    i.filters,
    i.top_k
from
    jsonb_to_recordset(%(items)s)
        as i (position integer, custom_id text, question text, filters jsonb, top_k smallint);

-- name: notify_batches
-- Wakes whoever works on batches.
select pg_notify('regesta_batches', '');

-- name: find_batch
-- A batch in scope with how many of its questions stand where.
select
    b.id,
    b.created_at,
    b.cancelled_at,
    count(*) as total,
    count(*) filter (where i.state = 'waiting') as waiting,
    count(*) filter (where i.state = 'running') as running,
    count(*) filter (where i.state = 'done') as done,
    count(*) filter (where i.state = 'failed') as failed,
    count(*) filter (where i.state = 'cancelled') as cancelled,
    max(i.finished_at) as finished_at
from serving.batches as b
inner join serving.batch_items as i on b.id = i.batch_id
where b.id = %(batch_id)s
group by b.id;

-- name: list_results
-- Finished questions of a batch in scope, in order, after a given place.
select
    position,
    custom_id,
    state as status,
    result as answer,
    error
from serving.batch_items
where batch_id = %(batch_id)s and position > %(after)s and finished_at is not null
order by position
limit %(limit)s;

-- name: cancel_batch
-- Calls a batch off, unless that was done or nothing is left to call off.
update serving.batches as b
set cancelled_at = clock_timestamp()
where
    b.id = %(batch_id)s and b.cancelled_at is null
    and exists (select 1 from serving.batch_items as i where i.batch_id = b.id and i.state in ('waiting', 'running'));

-- name: cancel_items
-- What was not answered yet will not be; an answer that is still being written is thrown away.
update serving.batch_items
set state = 'cancelled', finished_at = clock_timestamp()
where batch_id = %(batch_id)s and state in ('waiting', 'running');

-- name: waiting_batches
-- Batches with questions nobody has in hand: name and newest row as the trigger takes them, and how many.
select
    batch_id::text as name,
    batch_id::text as newest,
    item_count
from serving.waiting_batches()
order by batch_id;

-- name: batch_scope
-- Whose batch it is, and which of its groups the key still has.
select
    api_key_id,
    tenant_id,
    access_groups,
    granted_groups
from serving.batch_scope(%(batch_id)s);

-- name: claim_item
-- Takes up the next question that waits or was lost with its worker.
update serving.batch_items as i
set
    state = 'running', attempts = i.attempts + 1, worker_id = %(worker_id)s,
    claimed_until = clock_timestamp() + make_interval(secs => %(lease_seconds)s)
from (
    select
        w.batch_id,
        w.position
    from serving.batch_items as w
    where
        w.batch_id = %(batch_id)s
        and (w.state = 'waiting' or (w.state = 'running' and w.claimed_until < clock_timestamp()))
    order by w.position
    limit 1
    for update skip locked
) as next
where i.batch_id = next.batch_id and i.position = next.position
returning i.position, i.question, i.filters, i.top_k, i.attempts;

-- name: finish_item
-- Stores an answer, or why there is none, if the question is still this worker's.
update serving.batch_items
set
    state = %(state)s, answer_id = %(answer_id)s, result = %(result)s, error = %(error)s,
    finished_at = clock_timestamp()
where
    batch_id = %(batch_id)s and position = %(position)s
    and state = 'running' and worker_id = %(worker_id)s;

-- name: release_items
-- Puts back what a worker could not work on, as if it had not been taken up.
update serving.batch_items
set state = 'waiting', attempts = attempts - 1, worker_id = null, claimed_until = null
where batch_id = %(batch_id)s and state = 'running' and worker_id = %(worker_id)s;
