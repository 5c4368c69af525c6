-- name: set_scope
-- Binds the current transaction to one tenant and its reader's groups.
select
    set_config('regesta.tenant_id', %(tenant_id)s, true),
    set_config('regesta.access_groups', %(access_groups)s, true);

-- name: set_lossy_scope
-- The same, for a transaction that a crash of the server may lose: its commit does not wait for the disk.
select
    set_config('regesta.tenant_id', %(tenant_id)s, true),
    set_config('regesta.access_groups', %(access_groups)s, true),
    set_config('synchronous_commit', 'off', true);

-- name: authenticate
-- The scope and limits of a key; counts the request.
select
    api_key_id,
    tenant_id,
    access_groups,
    scopes,
    requests_per_minute,
    concurrent_streams,
    tokens_per_day,
    minute_requests
from serving.authenticate(%(key_hash)s);
