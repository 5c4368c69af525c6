-- name: create_key
-- Stores a key's hash, never the key.
insert into serving.api_keys (
    name, prefix, key_hash, tenant_id, access_groups, scopes, expires_at, requests_per_minute, concurrent_streams,
    tokens_per_day
)
values (
    %(name)s, %(prefix)s, %(key_hash)s, %(tenant_id)s, %(access_groups)s, %(scopes)s, %(expires_at)s,
    %(requests_per_minute)s, %(concurrent_streams)s, %(tokens_per_day)s
);

-- name: list_keys
-- The keys of a tenant, newest first, with what they did today.
select
    k.id,
    k.name,
    k.prefix,
    k.tenant_id,
    k.access_groups,
    k.scopes,
    k.requests_per_minute,
    k.concurrent_streams,
    k.tokens_per_day,
    k.created_at,
    k.expires_at,
    k.last_used_at,
    k.revoked_at,
    k.rotated_from,
    case
        when k.revoked_at is not null then 'revoked'
        when k.expires_at <= clock_timestamp() then 'expired'
        else 'valid'
    end as state,
    coalesce(u.request_count, 0) as requests_today,
    coalesce(u.token_count, 0) as tokens_today
from serving.api_keys as k
left join serving.key_usage as u
    on k.id = u.api_key_id and u.day = (clock_timestamp() at time zone 'UTC')::date
order by k.id desc;

-- name: find_keys
-- Keys that still work, by id, name or prefix.
select id from serving.api_keys
where
    revoked_at is null and (expires_at is null or expires_at > clock_timestamp())
    and %(wanted)s in (id::text, name, prefix);

-- name: revoke_key
-- From now on the key does not work.
update serving.api_keys
set revoked_at = clock_timestamp()
where id = %(id)s and revoked_at is null;

-- name: rotate_key
-- A new key with the rights and limits of an old one, and, unless it is given another end, as long a life.
insert into serving.api_keys (
    name, prefix, key_hash, tenant_id, access_groups, scopes, expires_at, requests_per_minute, concurrent_streams,
    tokens_per_day, rotated_from
)
select
    name,
    %(prefix)s,
    %(key_hash)s,
    tenant_id,
    access_groups,
    scopes,
    coalesce(%(expires_at)s, clock_timestamp() + (expires_at - created_at)),
    requests_per_minute,
    concurrent_streams,
    tokens_per_day,
    id
from serving.api_keys
where id = %(id)s;

-- name: expire_key
-- Lets a key that was rotated work for a while longer, never longer than it would have.
update serving.api_keys
set expires_at = least(expires_at, clock_timestamp() + %(overlap)s::interval)
where id = %(id)s;
