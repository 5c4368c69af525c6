-- What BM25 must know about a tenant's live chunks as a whole.
create or replace function corpus.refresh_statistics(tenant text)
returns void
language plpgsql
security definer
set search_path = corpus, public, pg_temp
as $$
begin
    perform pg_advisory_xact_lock(hashtextextended('corpus.refresh_statistics/' || tenant, 0));
    -- Only what has changed is written: an update costs what the edit costs.
    merge into corpus.lexeme_statistics as known
    using (
        select word, ndoc
        from ts_stat(format('select lexemes from corpus.chunks where tenant_id = %L and is_live', tenant))
    ) as counted
    on known.tenant_id = tenant and known.lexeme = counted.word
    when matched and known.chunk_count <> counted.ndoc then update set chunk_count = counted.ndoc
    when not matched then insert (tenant_id, lexeme, chunk_count) values (tenant, counted.word, counted.ndoc)
    when not matched by source and known.tenant_id = tenant then delete;
    insert into corpus.tenant_statistics (tenant_id, live_chunk_count, mean_lexeme_count)
    select tenant, count(*), coalesce(avg(lexeme_count), 1) from corpus.chunks
    where tenant_id = tenant and is_live
    on conflict (tenant_id) do update
    set live_chunk_count = excluded.live_chunk_count, mean_lexeme_count = excluded.mean_lexeme_count;
    merge into corpus.group_statistics as known
    using (
        select access_groups, count(*) as chunk_count from corpus.chunks
        where tenant_id = tenant and is_live
        group by access_groups
    ) as counted
    on known.tenant_id = tenant and known.access_groups = counted.access_groups
    when matched then update set live_chunk_count = counted.chunk_count
    when not matched then insert (tenant_id, access_groups, live_chunk_count)
        values (tenant, counted.access_groups, counted.chunk_count)
    when not matched by source and known.tenant_id = tenant then delete;
    perform corpus.begin_release(tenant);  -- the same passages may rank otherwise
end
$$;
comment on function corpus.refresh_statistics(text) is 'Recounts document frequencies and lengths of one tenant.';
revoke all on function corpus.refresh_statistics(text) from public;
grant execute on function corpus.refresh_statistics(text) to regesta_ingestion;

-- Whether a scope reads so few passages of a large tenant that comparing all of them beats the index.
create or replace function corpus.sees_few(tenant text, groups text [], passage_limit integer)
returns boolean
language sql
stable
set search_path = corpus, public, pg_temp
as $$
    select coalesce(sum(live_chunk_count) > passage_limit
        and coalesce(sum(live_chunk_count) filter (where access_groups && groups), 0) <= passage_limit, false)
    from corpus.group_statistics where tenant_id = tenant
$$;
comment on function corpus.sees_few(text, text [], integer) is
'True when the tenant has more live passages than passage_limit but these groups read at most that many.';
revoke all on function corpus.sees_few(text, text [], integer) from public;
