-- name: clear_replies
-- Forgets stored replies whose time is over.
delete from serving.idempotency_keys
where tenant_id = %(tenant_id)s and expires_at <= clock_timestamp();

-- name: reserve_write
-- Names a write, unless another request has that name.
insert into serving.idempotency_keys (
    api_key_id, idempotency_key, tenant_id, request, request_hash, expires_at
)
values (
    %(api_key_id)s,
    %(idempotency_key)s,
    %(tenant_id)s,
    %(request)s,
    %(request_hash)s,
    clock_timestamp() + %(at_work)s::interval
)
on conflict (api_key_id, idempotency_key) do nothing
returning begun_at;

-- name: find_write
-- What became of a named write.
select
    request_hash,
    status,
    headers,
    body
from serving.idempotency_keys
where api_key_id = %(api_key_id)s and idempotency_key = %(idempotency_key)s;

-- name: keep_reply
-- What a repeat of the write is answered with.
update serving.idempotency_keys
set status = %(status)s, headers = %(headers)s, body = %(body)s, expires_at = clock_timestamp() + %(kept)s::interval
where api_key_id = %(api_key_id)s and idempotency_key = %(idempotency_key)s and begun_at = %(begun_at)s;

-- name: release_write
-- Takes a name back from a write that came to nothing.
delete from serving.idempotency_keys
where api_key_id = %(api_key_id)s and idempotency_key = %(idempotency_key)s and begun_at = %(begun_at)s;
