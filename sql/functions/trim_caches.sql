-- Making room looks at all of a tenant's entries, also those the caller's groups may not read.
create or replace function serving.trim_caches(answer_limit integer, retrieval_limit integer, embedding_limit integer)
returns void
language sql
security definer
set search_path = serving, pg_temp
as $$
    delete from serving.cached_answers
    where id in (
        select id from (
            select id, expires_at, is_verified, row_number() over (order by is_verified desc, last_hit_at desc) as place
            from serving.cached_answers
            where tenant_id = current_setting('regesta.tenant_id', true)
        ) as ranked
        where expires_at <= clock_timestamp() or (place > answer_limit and not is_verified)
    );
    delete from serving.cached_retrievals
    where tenant_id = current_setting('regesta.tenant_id', true) and key_hash in (
        select key_hash from (
            select key_hash, expires_at, row_number() over (order by last_hit_at desc) as place
            from serving.cached_retrievals
            where tenant_id = current_setting('regesta.tenant_id', true)
        ) as ranked
        where expires_at <= clock_timestamp() or place > retrieval_limit
    );
    delete from serving.cached_embeddings
    where tenant_id = current_setting('regesta.tenant_id', true) and (model_id, text_hash) in (
        select model_id, text_hash from (
            select model_id, text_hash, expires_at, row_number() over (order by last_hit_at desc) as place
            from serving.cached_embeddings
            where tenant_id = current_setting('regesta.tenant_id', true)
        ) as ranked
        where expires_at <= clock_timestamp() or place > embedding_limit
    );
$$;
comment on function serving.trim_caches(integer, integer, integer) is
'Deletes what has expired in the session''s tenant, and the longest unused entries beyond each limit.';
revoke all on function serving.trim_caches(integer, integer, integer) from public;
grant execute on function serving.trim_caches(integer, integer, integer) to regesta_serving;

create or replace function serving.clear_caches()
returns void
language sql
security definer
set search_path = serving, pg_temp
as $$
    delete from serving.cached_answers where tenant_id = current_setting('regesta.tenant_id', true);
    delete from serving.cached_retrievals where tenant_id = current_setting('regesta.tenant_id', true);
    delete from serving.cached_embeddings where tenant_id = current_setting('regesta.tenant_id', true);
$$;
comment on function serving.clear_caches() is 'Deletes everything that is cached for the session''s tenant.';
revoke all on function serving.clear_caches() from public;
grant execute on function serving.clear_caches() to regesta_serving;

create or replace function serving.cache_status()
returns table (kind text, entry_count bigint, expired_count bigint, hit_count numeric, newest_at timestamptz)
language sql
stable
security definer
set search_path = serving, pg_temp
as $$
    select 'answers', count(*), count(*) filter (where expires_at <= clock_timestamp()), sum(hit_count), max(created_at)
    from serving.cached_answers where tenant_id = current_setting('regesta.tenant_id', true)
    union all
    select 'retrievals', count(*), count(*) filter (where expires_at <= clock_timestamp()), null, max(created_at)
    from serving.cached_retrievals where tenant_id = current_setting('regesta.tenant_id', true)
    union all
    select 'embeddings', count(*), count(*) filter (where expires_at <= clock_timestamp()), null, max(created_at)
    from serving.cached_embeddings where tenant_id = current_setting('regesta.tenant_id', true)
$$;
comment on function serving.cache_status() is 'How much is cached for the session''s tenant; counts only, no content.';
revoke all on function serving.cache_status() from public;
grant execute on function serving.cache_status() to regesta_serving;
