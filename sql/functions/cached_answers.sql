-- A cached answer goes with its evidence: whatever makes a passage unfit, in whatever program, evicts in the same
-- transaction what rests on it.
create or replace function serving.evict_with_passages()
returns trigger
language plpgsql
security definer
set search_path = serving, pg_temp
as $$
begin
    delete from serving.cached_answers as a
    using serving.cached_answer_chunks as ac
    inner join after_update as c on ac.chunk_id = c.id
    inner join before_update as b on b.id = c.id
    where
        a.id = ac.answer_id
        and (not c.is_live or c.access_groups is distinct from b.access_groups or c.text is distinct from b.text);
    return null;
end
$$;
comment on function serving.evict_with_passages() is
'Deletes the cached answers that cite a passage which is not live any more, or has other readers now.';
revoke all on function serving.evict_with_passages() from public;
create or replace trigger evict_cached_answers
after update on corpus.chunks
referencing old table as before_update new table as after_update
for each statement execute function serving.evict_with_passages();

-- Who may read all of some passages. A publication at work is not waited for: then nothing is said, and nothing stored.
create or replace function corpus.common_readers(cited_chunk_ids uuid [])
returns text []
language plpgsql
security definer
set search_path = corpus, pg_temp
as $$
declare
    tenant text := current_setting('regesta.tenant_id', true);
    reader_groups text[] := string_to_array(current_setting('regesta.access_groups', true), ',');
    readable_count integer;
    common text[];
begin
    if not pg_try_advisory_xact_lock_shared(hashtextextended('corpus.publish/' || tenant, 0)) then
        return null;
    end if;
    select count(*) into readable_count from corpus.chunks as c
    where c.id = any(cited_chunk_ids) and c.tenant_id = tenant and c.is_live and c.access_groups && reader_groups;
    if readable_count <> (select count(distinct id) from unnest(cited_chunk_ids) as id) then
        return null;
    end if;
    select array_agg(g.name) into common from (
        select u.name from corpus.chunks as c cross join lateral (select distinct unnest(c.access_groups) as name) as u
        where c.id = any(cited_chunk_ids)
        group by u.name having count(*) = readable_count
    ) as g;
    return common;
end
$$;
comment on function corpus.common_readers(uuid []) is
'Groups each of which may read all of these passages; null when one is not live, not readable in this scope, or when '
'a publication is at work. Until the transaction ends no publication begins, so that what it says stays true.';
revoke all on function corpus.common_readers(uuid []) from public;
grant execute on function corpus.common_readers(uuid []) to regesta_serving;

-- A new number for what a tenant's searches may find from now on.
create or replace function corpus.begin_release(released_tenant_id text)
returns bigint
language sql
security definer
set search_path = corpus, pg_temp
as $$
    insert into corpus.releases as r (tenant_id) values (released_tenant_id)
    on conflict (tenant_id) do update set number = r.number + 1, released_at = clock_timestamp()
    returning number
$$;
comment on function corpus.begin_release(text) is
'Begins a release: search results cached before this transaction are used no more once it commits.';
revoke all on function corpus.begin_release(text) from public;
grant execute on function corpus.begin_release(text) to regesta_ingestion;

-- What decides a search besides the passages: a tenant's policy, and the model that serves.
create or replace function corpus.release_with_policy()
returns trigger
language plpgsql
security definer
set search_path = corpus, pg_temp
as $$
begin
    perform corpus.begin_release(coalesce(new.tenant_id, old.tenant_id));
    return null;
end
$$;
comment on function corpus.release_with_policy() is 'Begins a release when a tenant''s search policy, or a source of its, changes.';
revoke all on function corpus.release_with_policy() from public;
create or replace trigger release_with_policy
after insert or update or delete on corpus.tenant_policies
for each row execute function corpus.release_with_policy();

create or replace function corpus.release_with_model()
returns trigger
language plpgsql
security definer
set search_path = corpus, pg_temp
as $$
begin
    perform corpus.begin_release(r.tenant_id) from corpus.releases as r;
    return null;
end
$$;
comment on function corpus.release_with_model() is 'Begins a release of every tenant when another model serves.';
revoke all on function corpus.release_with_model() from public;
create or replace trigger release_with_model
after update of state on corpus.embedding_models
for each statement execute function corpus.release_with_model();

create or replace trigger release_with_source
after update on landing.sources
for each row
when (old.* is distinct from new.*)
execute function corpus.release_with_policy();
