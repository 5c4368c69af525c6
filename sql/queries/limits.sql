-- name: lock_streams
-- Makes taking leases of one key one after another, until the transaction ends.
select pg_advisory_xact_lock(hashtextextended('serving.running_streams ' || %(api_key_id)s::text, 0));

-- name: take_stream
-- A lease for one more running answer, if the key may have one; what has run out is cleared away.
with ended as (
    delete from serving.running_streams
    where api_key_id = %(api_key_id)s and expires_at <= clock_timestamp()
),

used as (
    select
        (
            select count(*) from serving.running_streams
            where api_key_id = %(api_key_id)s and expires_at > clock_timestamp()
        ) as streams,
        coalesce((
            select token_count from serving.key_usage
            where api_key_id = %(api_key_id)s and day = (clock_timestamp() at time zone 'UTC')::date
        ), 0) as tokens
),

taken as (
    insert into serving.running_streams (api_key_id, tenant_id, expires_at)
    select
        %(api_key_id)s,
        %(tenant_id)s,
        clock_timestamp() + %(lease)s::interval
    from used
    where streams < %(concurrent_streams)s and tokens < %(tokens_per_day)s
    returning id
)

select
    (select id from taken) as lease_id,
    used.tokens >= %(tokens_per_day)s as is_spent,
    extract(epoch from date_trunc('day', clock_timestamp(), 'UTC') + interval '1 day' - clock_timestamp())::integer
        as day_seconds_left
from used;

-- name: extend_stream
-- The answer is still being written.
update serving.running_streams
set expires_at = clock_timestamp() + %(lease)s::interval
where id = %(lease_id)s;

-- name: end_stream
-- The answer has ended.
delete from serving.running_streams
where id = %(lease_id)s;

-- name: spend_tokens
-- Tokens that a language model read and wrote, on the key's account of the day.
insert into serving.key_usage as u (api_key_id, day, tenant_id, minute_at, token_count)
values (
    %(api_key_id)s,
    (clock_timestamp() at time zone 'UTC')::date,
    %(tenant_id)s,
    date_trunc('minute', clock_timestamp()),
    %(tokens)s
)
on conflict (api_key_id, day) do update
    set token_count = u.token_count + excluded.token_count;
