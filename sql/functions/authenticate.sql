-- The one look-up that must precede any scope: which tenant and groups does a key stand for?
create or replace function serving.authenticate(presented_hash text)
returns table (api_key_id uuid, tenant_id text, access_groups text [])
language sql
stable
security definer
set search_path = serving, pg_temp
as $$
    select k.id, k.tenant_id, k.access_groups
    from serving.api_keys as k
    where k.key_hash = presented_hash and k.revoked_at is null
$$;
comment on function serving.authenticate(text) is 'The scope of a valid key, by its SHA-256; no row otherwise.';
revoke all on function serving.authenticate(text) from public;
grant execute on function serving.authenticate(text) to regesta_serving;
