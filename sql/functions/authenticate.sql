-- Whether a key works now; what it may do is another question.
create or replace function serving.is_valid(key serving.api_keys)
returns boolean
language sql
volatile
set search_path = serving, pg_temp
as $$
    select key.revoked_at is null and (key.expires_at is null or key.expires_at > clock_timestamp())
$$;
comment on function serving.is_valid(serving.api_keys) is 'Whether a key is neither revoked nor expired.';
revoke all on function serving.is_valid(serving.api_keys) from public;

-- The one look-up that must precede any scope: which tenant and groups does a key stand for, and what may it do?
-- It also counts the request, so that asking and counting are one round trip and all workers share one count.
drop function if exists serving.authenticate(text);
create function serving.authenticate(presented_hash text)
returns table (
    api_key_id uuid,
    tenant_id text,
    access_groups text [],
    scopes text [],
    requests_per_minute integer,
    concurrent_streams integer,
    tokens_per_day bigint,
    minute_requests integer
)
language plpgsql
volatile
security definer
set search_path = serving, pg_temp
as $$
declare
    found_key serving.api_keys;
    this_minute constant timestamptz := date_trunc('minute', clock_timestamp());
    today constant date := (clock_timestamp() at time zone 'UTC')::date;
begin
    select * into found_key from serving.api_keys as k
    where k.key_hash = presented_hash and serving.is_valid(k);
    if not found then
        return;
    end if;
    -- A count that a crash of the server loses is no harm; a flush to disk per request would be.
    perform set_config('synchronous_commit', 'off', true);
    if found_key.last_used_at is null or found_key.last_used_at < this_minute then
        update serving.api_keys as k set last_used_at = this_minute
        where k.id = found_key.id and (k.last_used_at is null or k.last_used_at < this_minute);
    end if;
    insert into serving.key_usage as u (api_key_id, day, tenant_id, minute_at, minute_requests, request_count)
    values (found_key.id, today, found_key.tenant_id, this_minute, 1, 1)
    on conflict on constraint key_usage_pkey do update
    set minute_requests = case when u.minute_at = excluded.minute_at then u.minute_requests + 1 else 1 end,
        minute_at = excluded.minute_at,
        request_count = u.request_count + 1
    returning u.minute_requests into minute_requests;
    api_key_id := found_key.id;
    tenant_id := found_key.tenant_id;
    access_groups := found_key.access_groups;
    scopes := found_key.scopes;
    requests_per_minute := found_key.requests_per_minute;
    concurrent_streams := found_key.concurrent_streams;
    tokens_per_day := found_key.tokens_per_day;
    return next;
end
$$;
comment on function serving.authenticate(text) is
'The scope and limits of a valid key, by its SHA-256, with this request counted; no row otherwise.';
revoke all on function serving.authenticate(text) from public;
grant execute on function serving.authenticate(text) to regesta_serving;
