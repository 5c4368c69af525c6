-- How workers learn of batches before they have a scope: which ones wait, and whose rights each is asked with.
create or replace function serving.waiting_batches()
returns table (batch_id uuid, item_count bigint)
language sql
stable
security definer
set search_path = serving, pg_temp
as $$
    select i.batch_id, count(*)
    from serving.batch_items as i
    where i.state = 'waiting' or (i.state = 'running' and i.claimed_until < clock_timestamp())
    group by i.batch_id
$$;
comment on function serving.waiting_batches() is
'Batches with questions that nobody has in hand, and how many; those of a lost worker count once its time is up.';
revoke all on function serving.waiting_batches() from public;
grant execute on function serving.waiting_batches() to regesta_serving, regesta_ingestion;

create or replace function serving.batch_scope(wanted uuid)
returns table (api_key_id uuid, tenant_id text, access_groups text [], granted_groups text [])
language sql
stable
security definer
set search_path = serving, pg_temp
as $$
    select
        b.api_key_id, b.tenant_id, b.access_groups,
        array(select g from unnest(b.access_groups) as g where g = any(k.access_groups) and serving.is_valid(k))
    from serving.batches as b
    inner join serving.api_keys as k on k.id = b.api_key_id
    where b.id = wanted
$$;
comment on function serving.batch_scope(uuid) is
'Whose batch it is: the groups it was handed in with, and those of them the key has still; none when it is not valid. '
'Looking is no request of the key: it counts towards none of its limits.';
revoke all on function serving.batch_scope(uuid) from public;
grant execute on function serving.batch_scope(uuid) to regesta_serving;
