-- name: set_scope
-- Binds the current transaction to one tenant and its reader's groups.
select
    set_config('regesta.tenant_id', %(tenant_id)s, true),
    set_config('regesta.access_groups', %(access_groups)s, true);

-- name: create_key
-- Stores a key's hash, never the key.
insert into serving.api_keys (name, prefix, key_hash, tenant_id, access_groups)
values (%(name)s, %(prefix)s, %(key_hash)s, %(tenant_id)s, %(access_groups)s);

-- name: authenticate
-- The scope of a key.
select
    api_key_id,
    tenant_id,
    access_groups
from serving.authenticate(%(key_hash)s);
