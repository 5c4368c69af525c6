-- name: get_embedding
-- The vector of a question that was embedded lately, and that it was used.
update serving.cached_embeddings as c
set last_hit_at = clock_timestamp()
where c.model_id = %(model_id)s and c.text_hash = %(text_hash)s and c.expires_at > clock_timestamp()
returning c.vector::text;

-- name: put_embedding
-- Keeps a vector.
insert into serving.cached_embeddings (tenant_id, model_id, text_hash, vector, expires_at)
values (
    %(tenant_id)s, %(model_id)s, %(text_hash)s, %(vector)s::halfvec,
    clock_timestamp() + make_interval(secs => %(ttl)s)
)
on conflict (tenant_id, model_id, text_hash) do update
    set vector = excluded.vector, expires_at = excluded.expires_at, last_hit_at = excluded.last_hit_at;

-- name: release
-- Which release of the corpus is served now; 0 before the first.
select coalesce((select number from corpus.releases), 0) as number;

-- name: get_retrieval
-- The release served now, and a search result that is kept for it; notes that it was used, and tells the search behind it
-- in the same transaction that there is nothing left to search for.
with kept as (
    update serving.cached_retrievals as c
    set last_hit_at = clock_timestamp()
    where
        c.key_hash = %(key_hash)s and c.expires_at > clock_timestamp()
        and c.release = coalesce((select number from corpus.releases), 0)
    returning c.hits
)

select
    coalesce((select number from corpus.releases), 0) as release,
    (select hits from kept) as hits,
    set_config('regesta.is_kept', (select (count(*) > 0)::text from kept), true) as is_kept;

-- name: put_retrieval
-- Keeps a search result, with the release that was read before the search.
insert into serving.cached_retrievals (tenant_id, key_hash, access_groups, release, chunk_ids, hits, expires_at)
values (
    %(tenant_id)s, %(key_hash)s, %(access_groups)s, %(release)s, %(chunk_ids)s, %(hits)s,
    clock_timestamp() + make_interval(secs => %(ttl)s)
)
on conflict (tenant_id, key_hash) do update
    set
        release = excluded.release, chunk_ids = excluded.chunk_ids, hits = excluded.hits,
        expires_at = excluded.expires_at, last_hit_at = excluded.last_hit_at;

-- name: nearest_answers
-- Cached answers to the questions nearest to this one, in its language and under its filters, by the same generator.
select
    a.id,
    a.question,
    a.canonical,
    a.text,
    a.citations,
    a.best_sentence,
    a.sentences,
    a.generator,
    a.model,
    a.created_at as stored_at,
    a.is_verified as verified,
    (-(a.vector <#> %(vector)s::halfvec))::double precision as similarity
from serving.cached_answers as a
where
    a.model_id = %(model_id)s and a.language = %(language)s and a.filter_key = %(filter_key)s
    and a.expires_at > clock_timestamp() and (a.generator = %(generator)s or a.is_verified)
order by a.canonical = %(canonical)s desc, a.vector <#> %(vector)s::halfvec
limit %(limit)s;

-- name: touch_answer
-- It was given again; false when it was evicted in the meantime.
update serving.cached_answers
set last_hit_at = clock_timestamp(), hit_count = hit_count + 1
where id = %(id)s
returning true;

-- name: common_readers
-- Groups that may read everything an answer was written from; null when it must not be stored.
select corpus.common_readers(%(read)s::uuid[]);

-- name: replace_answer
-- An older answer to the same question makes room for a newer one.
delete from serving.cached_answers
where
    canonical = %(canonical)s and md5(canonical) = md5(%(canonical)s) and model_id = %(model_id)s
    and language = %(language)s and filter_key = %(filter_key)s and access_groups = %(access_groups)s::text[]
    and not is_verified;

-- name: put_answer
-- Keeps an answer.
insert into serving.cached_answers (
    id, tenant_id, access_groups, question, canonical, language, model_id, vector, filter_key, text, citations,
    best_sentence, sentences, generator, model, expires_at
)
values (
    %(id)s, %(tenant_id)s, %(access_groups)s, %(question)s, %(canonical)s, %(language)s, %(model_id)s,
    %(vector)s::halfvec, %(filter_key)s, %(text)s, %(citations)s, %(best_sentence)s, %(sentences)s, %(generator)s,
    %(model)s, clock_timestamp() + make_interval(secs => %(ttl)s)
)
on conflict (id) do nothing
returning true;

-- name: put_answer_chunks
-- Ties an answer to the passages it was written from.
insert into serving.cached_answer_chunks (answer_id, chunk_id, tenant_id)
select
    %(id)s,
    chunk_id,
    %(tenant_id)s
from (select distinct unnest(%(read)s::uuid[]) as chunk_id) as evidence;

-- name: evict_answer
-- Forgets one answer.
delete from serving.cached_answers
where id = %(id)s;

-- name: pin_answer
-- A person has confirmed an answer: from now on it stands as they wrote it, for as long as its evidence does.
update serving.cached_answers
set text = coalesce(%(text)s, text), is_verified = true, expires_at = 'infinity'
where id = %(id)s
returning true;

-- name: trim
-- Drops what has expired, and the longest unused beyond the limits.
select serving.trim_caches(%(answers)s, %(retrievals)s, %(embeddings)s);

-- name: clear
-- Forgets everything that is cached for the tenant.
select serving.clear_caches();

-- name: status
-- What is cached for the tenant, and how often it was used.
select
    kind,
    entry_count,
    expired_count,
    hit_count,
    newest_at
from serving.cache_status();

-- name: thresholds
-- Calibrated thresholds of the tenant.
select
    domain,
    model_id,
    threshold,
    target,
    precision,
    lower_bound,
    pair_count,
    hit_count,
    calibrated_at
from serving.cache_thresholds
where %(model_id)s::smallint is null or model_id = %(model_id)s
order by domain, model_id;

-- name: put_threshold
-- Keeps what a calibration found.
insert into serving.cache_thresholds (
    tenant_id, domain, model_id, threshold, target, precision, lower_bound, pair_count, hit_count
)
values (
    %(tenant_id)s, %(domain)s, %(model_id)s, %(threshold)s, %(target)s, %(precision)s, %(lower_bound)s,
    %(pair_count)s, %(hit_count)s
)
on conflict (tenant_id, domain, model_id) do update
    set
        threshold = excluded.threshold, target = excluded.target, precision = excluded.precision,
        lower_bound = excluded.lower_bound, pair_count = excluded.pair_count, hit_count = excluded.hit_count,
        calibrated_at = clock_timestamp();

-- name: mean
-- The mean vector of questions under a model.
select vector::text from serving.cache_means
where model_id = %(model_id)s;

-- name: put_mean
-- Keeps the mean of a model that has none; another one would make stored vectors incomparable.
insert into serving.cache_means (model_id, vector, text_count)
values (%(model_id)s, %(vector)s::halfvec, %(text_count)s)
on conflict (model_id) do nothing;
