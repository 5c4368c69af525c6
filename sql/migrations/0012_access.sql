-- serving: what a key may do, how much of it, and what it has done: limits, running streams, idempotency keys.
-- Keys are a handful of rows: checking them holds nobody up.
-- squawk-ignore-file constraint-missing-not-valid, adding-foreign-key-constraint
set local lock_timeout = '5s';
set local statement_timeout = '60s';

alter table serving.api_keys
add column scopes text[] not null
default '{ask,search,documents:read,documents:write,feedback,batches}',
add column expires_at timestamptz,
add column rotated_from uuid references serving.api_keys (id),
add column last_used_at timestamptz,
add column requests_per_minute integer,
add column concurrent_streams integer,
add column tokens_per_day bigint,
add constraint api_keys_scopes_check check (
    cardinality(scopes) > 0
    and scopes <@ '{ask,search,documents:read,documents:write,feedback,batches}'::text[]
),
add constraint api_keys_requests_per_minute_check check (requests_per_minute > 0),
add constraint api_keys_concurrent_streams_check check (concurrent_streams > 0),
add constraint api_keys_tokens_per_day_check check (tokens_per_day > 0);
comment on column serving.api_keys.scopes is 'What it may do; a key from before scopes may do everything.';
comment on column serving.api_keys.expires_at is 'From when it no longer works by itself; null: never.';
comment on column serving.api_keys.rotated_from is 'The key it takes the place of; both work until that one expires.';
comment on column serving.api_keys.last_used_at is 'When it was last presented, to the minute.';
comment on column serving.api_keys.requests_per_minute is 'Its own limit; null: the setting''s.';
comment on column serving.api_keys.concurrent_streams is 'Answers it may have running at once; null: the setting''s.';
comment on column serving.api_keys.tokens_per_day is 'Tokens of language models per UTC day; null: the setting''s.';

create table serving.key_usage (
    api_key_id uuid not null references serving.api_keys (id),
    day date not null,
    tenant_id text not null,
    minute_at timestamptz not null,
    minute_requests integer not null default 0 check (minute_requests >= 0),
    request_count bigint not null default 0 check (request_count >= 0),
    token_count bigint not null default 0 check (token_count >= 0),
    primary key (api_key_id, day)
)
-- Updated with every request: room on the page keeps the updates away from the index.
with (fillfactor = 50);
comment on table serving.key_usage is 'One row per key and UTC day on which it was used.';
comment on column serving.key_usage.api_key_id is 'The key.';
comment on column serving.key_usage.day is 'The day, in UTC.';
comment on column serving.key_usage.tenant_id is 'Owner; same as the key''s.';
comment on column serving.key_usage.minute_at is 'The minute of the newest request.';
comment on column serving.key_usage.minute_requests is 'Requests in that minute, refused ones included.';
comment on column serving.key_usage.request_count is 'Requests of the day, refused ones included.';
comment on column serving.key_usage.token_count is 'Tokens that language models read and wrote for it.';

create table serving.running_streams (
    id uuid primary key default uuidv7(),
    api_key_id uuid not null references serving.api_keys (id),
    tenant_id text not null,
    expires_at timestamptz not null
);
comment on table serving.running_streams is 'One row per answer being written: a lease, so that a killed worker''s stop counting.';
comment on column serving.running_streams.id is 'The lease.';
comment on column serving.running_streams.api_key_id is 'Whose answer it is.';
comment on column serving.running_streams.tenant_id is 'Owner.';
comment on column serving.running_streams.expires_at is 'Until when it counts; extended while the worker lives.';
create index running_streams_key on serving.running_streams (api_key_id);

create table serving.idempotency_keys (
    api_key_id uuid not null references serving.api_keys (id),
    idempotency_key text not null check (char_length(idempotency_key) between 1 and 255),
    tenant_id text not null,
    request text not null,
    request_hash text not null check (request_hash ~ '^[0-9a-f]{64}$'),
    status integer,
    headers jsonb not null default '{}',
    body bytea,
    begun_at timestamptz not null default clock_timestamp(),
    expires_at timestamptz not null,
    primary key (api_key_id, idempotency_key),
    check ((status is null) = (body is null))
);
comment on table serving.idempotency_keys is 'One row per write that its caller named, so that repeating it changes nothing.';
comment on column serving.idempotency_keys.api_key_id is 'Who wrote.';
comment on column serving.idempotency_keys.idempotency_key is 'The name the caller gave the write.';
comment on column serving.idempotency_keys.tenant_id is 'Owner.';
comment on column serving.idempotency_keys.request is 'Method and path.';
comment on column serving.idempotency_keys.request_hash is 'SHA-256 of the whole request: the same name for another one is refused.';
comment on column serving.idempotency_keys.status is 'HTTP status of the stored reply; null while the first request is at work.';
comment on column serving.idempotency_keys.headers is 'Headers of the reply that a repeat needs too.';
comment on column serving.idempotency_keys.body is 'The reply.';
comment on column serving.idempotency_keys.begun_at is 'When it was first asked for.';
comment on column serving.idempotency_keys.expires_at is 'From when the name is free again; soon while at work, as a worker may be killed.';
create index idempotency_keys_expires_at on serving.idempotency_keys (tenant_id, expires_at);

do $$
declare
    guarded regclass;
begin
    foreach guarded in array array[
        'serving.key_usage', 'serving.running_streams', 'serving.idempotency_keys'
    ]::regclass[] loop
        execute format('alter table %s enable row level security', guarded);
        execute format('alter table %s force row level security', guarded);
        execute format('create policy owner_all on %s to regesta_owner using (true) with check (true)', guarded);
        execute format(
            'create policy tenant_scope on %s to regesta_serving'
            ' using (tenant_id = current_setting(''regesta.tenant_id'', true))'
            ' with check (tenant_id = current_setting(''regesta.tenant_id'', true))',
            guarded
        );
    end loop;
end
$$;
create policy governance_reads on serving.key_usage for select to regesta_dbt using (true);
grant select on serving.key_usage to regesta_dbt;
grant select, insert, update (token_count) on serving.key_usage to regesta_serving;
grant select, insert, update (expires_at), delete on serving.running_streams to regesta_serving;
grant select, insert, delete,
update (status, headers, body, expires_at)
on serving.idempotency_keys to regesta_serving;

-- The hash of a key is written and compared, never read back; whose a key is, and what it may do, never changes.
revoke select, insert, update on serving.api_keys from regesta_serving;
grant select (
    id, name, prefix, tenant_id, access_groups, scopes, requests_per_minute, concurrent_streams, tokens_per_day,
    created_at, expires_at, rotated_from, last_used_at, revoked_at
) on serving.api_keys to regesta_serving;
grant insert (
    name, prefix, key_hash, tenant_id, access_groups, scopes, requests_per_minute, concurrent_streams, tokens_per_day,
    expires_at, rotated_from
) on serving.api_keys to regesta_serving;
grant update (expires_at, revoked_at) on serving.api_keys to regesta_serving;

-- Inside a tenant: what became of a request is for those who may read its document; what was asked and answered,
-- and what a write was answered with, for those who read at least as much as the key that did it.
alter policy tenant_scope on landing.requests using (
    tenant_id = current_setting('regesta.tenant_id', true)
    and exists (select 1 from corpus.documents as d where d.id = document_id)
);
do $$
declare
    guarded regclass;
    readable constant text := 'tenant_id = current_setting(''regesta.tenant_id'', true)'
        ' and exists (select 1 from serving.api_keys as k where k.id = api_key_id'
        ' and k.access_groups <@ string_to_array(current_setting(''regesta.access_groups'', true), '',''))';
begin
    foreach guarded in array array['serving.queries', 'serving.idempotency_keys']::regclass[] loop
        execute format('alter policy tenant_scope on %1$s using (%2$s) with check (%2$s)', guarded, readable);
    end loop;
end
$$;
alter policy tenant_scope on serving.answers using (
    tenant_id = current_setting('regesta.tenant_id', true)
    and exists (select 1 from serving.queries as q where q.id = query_id)
) with check (
    tenant_id = current_setting('regesta.tenant_id', true)
    and exists (select 1 from serving.queries as q where q.id = query_id)
);
