-- The only door to passages for the serving role: hybrid search in one statement, under the session's scope.
-- Runs as the owner so that the full-text index can be used; it therefore applies the scope itself, from the
-- same two session settings that the row-level policies read. An unset scope matches nothing.
-- Loads the extension's library, without which its settings (hnsw.*) cannot be named below.
select '[1]'::public.vector;

drop function if exists corpus.search_chunks;
create function corpus.search_chunks(
    query_lexemes text [],
    query_vector text,
    hit_limit integer,
    source_names text [] default null,
    languages text [] default null,
    document_ids uuid [] default null,
    kinds text [] default null,
    titles text [] default null,
    metadata_filter jsonb default null,
    published tstzrange default null,
    created tstzrange default null,
    modified tstzrange default null,
    page_count int4range default null,
    as_of timestamptz default null,
    model_id smallint default null,
    text_weight double precision default 0.5,
    fusion text default 'scores',
    neighbour_count integer default 0,
    candidate_limit integer default 100,
    passage_budget integer default 1000,
    exact_limit integer default 20000
)
returns table (
    rank bigint,
    document_id uuid,
    uri text,
    title text,
    source text,
    language text,
    version integer,
    version_id uuid,
    chunk_id uuid,
    "position" integer,
    page integer,
    heading_path text [],
    kind text,
    text text,
    score double precision,
    text_rank bigint,
    vector_rank bigint,
    text_score double precision,
    similarity double precision,
    neighbours jsonb,
    source_ttl_seconds integer
)
language plpgsql
stable
security definer
set search_path = corpus, public, pg_temp
set hnsw.ef_search = 600
set hnsw.iterative_scan = 'relaxed_order'
-- A filter must not end the scan before enough was found.
set hnsw.max_scan_tuples = 2147483647
set hnsw.scan_mem_multiplier = 50
as $$
declare
    tenant constant text := current_setting('regesta.tenant_id', true);
    groups constant text [] := string_to_array(current_setting('regesta.access_groups', true), ',');
    is_filtered constant boolean := as_of is not null or num_nonnulls(
        source_names, languages, document_ids, kinds, titles, metadata_filter, published, created, modified, page_count
    ) > 0;
    model corpus.embedding_models;
    near_identical real;
    terms record;
    few uuid [];
    passage_count bigint;
    -- Today's passages carry a flag, and an index on it; those of another time are looked up by their version.
    readable_chunk text := '%1$s.is_live';
    readable_now text := 'select d.id, d.current_version_id as version_id from corpus.documents as d';
    -- BM25, Robertson and Zaragoza 2009, k1 = 1.2, b = 0.75. How often a word occurs is read from its ts_rank, which
    -- for n places is the sum of 1/i² up to n over π²/6; that leaves out 1/(n + ½) of the sum, within the rounding.
    -- Taking the passage's words apart instead (unnest) takes ten times as long.
    bm25 constant text := $part$
        select sum(w.weight * 2.2 * w.places / (w.places + 1.2 * (0.25 + 0.75 * c.lexeme_count / $20)))
        from (
            select t.weight,
                round(1 / (pi() * pi() / 6 * (1 - ts_rank('{1,1,1,1}', c.lexemes, t.word))) - 0.5) as places
            from unnest($18, $19) as t (word, weight)
            where c.lexemes @@ t.word
            offset 0
        ) as w
    $part$;
    readable text;
    text_filter text;
    vector_filter text;
begin
    select * into model from corpus.embedding_models as m where m.state = 'serving';
    if model.id is null then
        raise exception 'no embedding model is serving: run `regesta setup`';
    end if;
    if model_id <> model.id then
        raise exception 'model % is not serving', model_id using errcode = 'RG001';
    end if;
    if is_filtered then
        readable_chunk := readable_chunk || ' and %1$s.document_id in (select r.id from readable as r)';
    end if;
    if as_of is not null then
        readable_chunk := '%1$s.%2$s in (select vc.chunk_id from corpus.version_chunks as vc'
            ' inner join readable as r on vc.version_id = r.version_id)';
        readable_now := 'select p.document_id as id, p.version_id from corpus.publications as p where p.valid @> $15';
    end if;
    select p.near_identical_similarity into near_identical from corpus.tenant_policies as p where p.tenant_id = tenant;
    select * into terms from corpus.search_terms(tenant, query_lexemes, passage_budget);
    readable := format($sql$
        select d.id, d.uri, s.name as source, s.answer_ttl_seconds,
            v.id as version_id, v.title, v.language, v.number
        from (%s) as served
        inner join corpus.documents as d on served.id = d.id
        inner join landing.sources as s on d.source_id = s.id
        inner join corpus.versions as v on served.version_id = v.id
        where d.tenant_id = $1 and d.access_groups && $2 and v.state <> 'purged'
            and ($5 is null or s.name = any($5))
            and ($6 is null or v.language = any($6))
            and ($7 is null or d.id = any($7))
            and ($9 is null or v.title = any($9))
            and ($10 is null or v.metadata @> $10)
            and ($11 is null or corpus.moment(v.metadata ->> 'published_at') <@ $11)
            and ($12 is null or coalesce(corpus.moment(v.metadata ->> 'created_at'), d.created_at) <@ $12)
            and ($13 is null or coalesce(corpus.moment(v.metadata ->> 'modified_at'), d.modified_at) <@ $13)
            and ($14 is null or (v.metadata ->> 'page_count')::integer <@ $14)
    $sql$, readable_now);
    -- Few passages to choose from are all compared, which is exact and quick; an index would be asked for its
    -- nearest ones again and again until enough of them pass.
    if is_filtered or corpus.sees_few(tenant, groups, exact_limit) then
        execute format($sql$
            with readable as (%s)
            select array_agg(distinct few.chunk_id), count(*) from (
                select vc.chunk_id from readable as r
                inner join corpus.version_chunks as vc on r.version_id = vc.version_id
                where $8 is null or exists (
                    select 1 from corpus.chunks as c where c.id = vc.chunk_id and c.kind = any($8)
                )
                limit $3 + 1
            ) as few
        $sql$, readable)
        into few, passage_count
        using tenant, groups, exact_limit, null::text, source_names, languages, document_ids, kinds, titles,
            metadata_filter, published, created, modified, page_count, as_of;
    end if;
    if passage_count <= exact_limit then
        few := coalesce(few, '{}');
        text_filter := 'c.id = any($16) and c.lexemes @@ $17';
        vector_filter := 'e.chunk_id = any($16)';
    else
        few := null;
        text_filter := format(readable_chunk, 'c', 'id') || ' and c.lexemes @@ $21 and ($8 is null or c.kind = any($8))';
        vector_filter := format(readable_chunk, 'e', 'chunk_id') || ' and ($8 is null or exists ('
            'select 1 from corpus.chunks as c where c.id = e.chunk_id and c.kind = any($8)))';
    end if;
    -- Dynamic for the model's table and for what the filters need; it is planned with the actual values each time,
    -- which also keeps a generic plan from choosing the wrong index.
    return query execute format($sql$
    with readable as (%1$s),
    matching as materialized (
        select c.id, (%7$s) as score
        from corpus.chunks as c
        where c.tenant_id = $1 and c.access_groups && $2 and %2$s
    ),
    text_arm as (
        select m.id, row_number() over (order by m.score desc, m.id) as rank, m.score
        from matching as m
        order by rank
        limit $22
    ),
    nearest as %5$s (
        select e.chunk_id as id, e.embedding <=> $4::halfvec as distance
        from corpus.%4$I as e
        where $4 is not null and e.tenant_id = $1 and e.access_groups && $2 and %3$s
        %6$s
    ),
    vector_arm as (
        select n.id, row_number() over (order by n.distance, n.id) as rank, 1 - n.distance as similarity
        from nearest as n
        order by rank
        limit $22
    ),
    candidates as materialized (
        -- What only one arm found is also judged by the other: an absent score would count as the worst.
        select p.id, t.rank as text_rank, v.rank as vector_rank,
            coalesce(v.similarity, 1 - (e.embedding <=> $4::halfvec)) as similarity,
            coalesce(t.score, (%7$s)) as text_score
        from (select t.id from text_arm as t union select v.id from vector_arm as v) as p
        inner join corpus.chunks as c on c.tenant_id = $1 and p.id = c.id
        left join corpus.%4$I as e on e.tenant_id = $1 and e.chunk_id = p.id
        left join text_arm as t on p.id = t.id
        left join vector_arm as v on p.id = v.id
    ),
    normalised as (
        -- Each arm's scores between 0 and 1 for this question: BM25 by its best, cosines between their extremes.
        select c.*,
            coalesce(c.text_score / nullif(max(c.text_score) over (), 0), 0) as text_share,
            case when c.similarity is null then 0 else coalesce(
                (c.similarity - min(c.similarity) over ())
                / nullif(max(c.similarity) over () - min(c.similarity) over (), 0), 1
            ) end as vector_share
        from candidates as c
    ),
    fused as (
        -- scores: a convex combination (Bruch, Gai and Ingber, TOIS 2023); ranks: reciprocal rank fusion
        -- (Cormack et al., SIGIR 2009).
        select n.id, n.text_rank, n.vector_rank, n.text_score, n.similarity,
            case
                when $24 = 'ranks' then coalesce(1.0 / (60 + n.text_rank), 0) + coalesce(1.0 / (60 + n.vector_rank), 0)
                when $4 is null then n.text_share
                when $18 is null then n.vector_share
                else $23 * n.text_share + (1 - $23) * n.vector_share
            end::double precision as score
        from normalised as n
    ),
    ranked as (
        select row_number() over (order by f.score desc, f.id) as rank, f.*
        from fused as f
        order by rank
        limit case when $25 is null then $3 else 4 * $3 end
    ),
    hits as (
        -- Where the tenant wishes it, a passage that says the same as a better one is left out.
        select row_number() over (order by r.rank) as rank, r.id, r.text_rank, r.vector_rank, r.text_score,
            r.similarity, r.score
        from ranked as r
        where $25 is null or not exists (
            select 1
            from ranked as b
            inner join corpus.%4$I as ours on ours.tenant_id = $1 and ours.chunk_id = r.id
            inner join corpus.%4$I as theirs on theirs.tenant_id = $1 and theirs.chunk_id = b.id
            where b.rank < r.rank and 1 - (ours.embedding <=> theirs.embedding) >= $25
        )
        order by rank
        limit $3
    )
    select h.rank, r.id, r.uri, r.title, r.source, r.language, r.number, r.version_id, c.id,
        place.position, place.page, c.heading_path, c.kind, c.text,
        h.score, h.text_rank, h.vector_rank, h.text_score, h.similarity,
        case when $26 > 0 then corpus.search_neighbours(r.version_id, place.position, $26) else '[]' end,
        r.answer_ttl_seconds
    from hits as h
    inner join corpus.chunks as c on c.tenant_id = $1 and h.id = c.id
    -- Spelled out again: named, every readable document would be looked up to show ten.
    inner join (%1$s) as r on c.document_id = r.id
    cross join lateral (
        select vc.position, vc.page from corpus.version_chunks as vc
        where vc.version_id = r.version_id and vc.chunk_id = c.id
        order by vc.position limit 1
    ) as place
    order by h.rank
    $sql$, readable, text_filter, vector_filter, model.table_name,
        -- Materialised and unordered, all are compared; ordered and limited, the index may be used.
        case when few is null then '' else 'materialized' end,
        case when few is null then 'order by e.embedding <=> $4::halfvec limit $22' else '' end,
        bm25)
    using tenant, groups, hit_limit, query_vector, source_names, languages, document_ids, kinds, titles,
        metadata_filter, published, created, modified, page_count, as_of, few,
        terms.any_word, terms.words, terms.weights, terms.mean_lexeme_count, terms.rare_word,
        greatest(candidate_limit, hit_limit), text_weight, fusion, near_identical, neighbour_count;
end
$$;
comment on function corpus.search_chunks is
'Hybrid search under the session''s scope, now or as of a time inside the retention window; a null vector or an '
'empty lexeme list leaves that arm out. text_weight is the share of the text arm when fusion is ''scores''; '
'neighbour_count is how many passages around each hit come with it; exact_limit is up to how many readable passages are all compared.';
revoke all on function corpus.search_chunks from public;
grant execute on function corpus.search_chunks to regesta_serving;
