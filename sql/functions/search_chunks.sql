-- The only door to passages for the serving role: hybrid search in one statement, under the session's scope.
-- Runs as the owner so that the full-text index can be used; it therefore applies the scope itself, from the
-- same two session settings that the row-level policies read. An unset scope matches nothing.
-- Loads the extension's library, without which its settings (hnsw.*) cannot be named below.
select '[1]'::public.vector;

create or replace function corpus.moment(written text)
returns timestamptz
language plpgsql
stable
as $$
begin
    return written::timestamptz;
exception when others then
    return null;  -- a date that a file made up must not break everybody's search
end
$$;
comment on function corpus.moment(text) is 'A date as a file gave it, or null when it is none.';

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
    candidate_limit integer default 50,
    rrf_constant integer default 60
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
    similarity double precision
)
language plpgsql
stable
security definer
set search_path = corpus, public, pg_temp
set hnsw.ef_search = 100
set hnsw.iterative_scan = 'relaxed_order'
as $$
declare
    model corpus.embedding_models;
    near_identical real;
    -- Today's passages carry a flag, and an index on it; those of another time are looked up by their version.
    live_chunk text := 'c.is_live';
    live_embedding text := 'e.is_live';
    readable_now text := $part$
        select d.id, d.current_version_id as version_id from corpus.documents as d
        where d.current_version_id is not null
    $part$;
begin
    select * into model from corpus.embedding_models as m where m.state = 'serving';
    if model.id is null then
        raise exception 'no embedding model is serving: run `regesta setup`';
    end if;
    if model_id <> model.id then
        raise exception 'model % is not serving', model_id using errcode = 'RG001';
    end if;
    if as_of is not null then
        live_chunk := 'c.id in (select vc.chunk_id from corpus.version_chunks as vc'
            ' inner join readable as r on vc.version_id = r.version_id)';
        live_embedding := replace(live_chunk, 'c.id in', 'e.chunk_id in');
        readable_now := 'select p.document_id as id, p.version_id from corpus.publications as p where p.valid @> $12';
    end if;
    select p.near_identical_similarity into near_identical from corpus.tenant_policies as p
    where p.tenant_id = current_setting('regesta.tenant_id', true);
    -- Dynamic only for the model's table; it is planned with the actual values each time, which also keeps
    -- a generic plan from choosing the wrong index.
    return query execute format($sql$
    with readable as (
        select d.id, v.id as version_id
        from (%3$s) as served
        inner join corpus.documents as d on served.id = d.id
        inner join landing.sources as s on d.source_id = s.id
        inner join corpus.versions as v on served.version_id = v.id
        where d.tenant_id = $8 and d.access_groups && $9 and v.state <> 'purged'
            and ($4 is null or s.name = any($4))
            and ($5 is null or v.language = any($5))
            and ($6 is null or d.id = any($6))
            and ($13 is null or v.title = any($13))
            and ($14 is null or v.metadata @> $14)
            and ($15 is null or corpus.moment(v.metadata ->> 'published_at') <@ $15)
            and ($16 is null or coalesce(corpus.moment(v.metadata ->> 'created_at'), d.created_at) <@ $16)
            and ($17 is null or coalesce(corpus.moment(v.metadata ->> 'modified_at'), d.modified_at) <@ $17)
            and ($18 is null or (v.metadata ->> 'page_count')::integer <@ $18)
    ),
    terms as (
        -- BM25's inverse document frequency; words that nearly every passage has are dropped, unless they
        -- are all there is.
        select w.lexeme, ln(1 + (t.live_chunk_count - w.df + 0.5) / (w.df + 0.5)) as idf
        from (
            select l.lexeme, coalesce(ls.chunk_count, 0)::double precision as df,
                row_number() over (order by coalesce(ls.chunk_count, 0)) as rarity
            from (select distinct unnest($1) as lexeme) as l
            left join corpus.lexeme_statistics as ls on ls.tenant_id = $8 and ls.lexeme = l.lexeme
        ) as w
        inner join corpus.tenant_statistics as t on t.tenant_id = $8
        where w.rarity <= 2 or w.df <= greatest(1000, 0.05 * t.live_chunk_count)
    ),
    matching as (
        select c.id, c.lexemes, c.lexeme_count
        from corpus.chunks as c
        where c.tenant_id = $8 and c.access_groups && $9 and %1$s
            and c.lexemes @@ (select string_agg(quote_literal(lexeme), ' | ')::tsquery from terms)
            and ($7 is null or c.kind = any($7))
            and c.document_id in (select r.id from readable as r)
        limit 5000
    ),
    text_arm as (
        select m.id,
            row_number() over (order by sum(
                t.idf * 2.2 * cardinality(l.positions)
                / (cardinality(l.positions) + 1.2 * (0.25 + 0.75 * m.lexeme_count / s.mean_lexeme_count))
            ) desc, m.id) as rank
        from matching as m
        cross join lateral unnest(m.lexemes) as l
        inner join terms as t on l.lexeme = t.lexeme
        inner join corpus.tenant_statistics as s on s.tenant_id = $8
        group by m.id
        order by rank
        limit $10
    ),
    nearest as (
        select e.chunk_id, e.embedding <=> $2::halfvec as distance
        from corpus.%4$I as e
        where $2 is not null and e.tenant_id = $8 and e.access_groups && $9 and %2$s
            and (not $20 or e.document_id in (select r.id from readable as r))
            and ($7 is null or exists (
                select 1 from corpus.chunks as c where c.id = e.chunk_id and c.kind = any($7)
            ))
        order by e.embedding <=> $2::halfvec
        limit $10
    ),
    vector_arm as (
        select n.chunk_id as id, row_number() over (order by n.distance, n.chunk_id) as rank, n.distance
        from nearest as n
    ),
    fused as (
        -- Reciprocal rank fusion, Cormack et al., SIGIR 2009.
        select coalesce(t.id, v.id) as id, t.rank as text_rank, v.rank as vector_rank, 1 - v.distance as similarity,
            coalesce(1.0 / ($11 + t.rank), 0) + coalesce(1.0 / ($11 + v.rank), 0) as score
        from text_arm as t full join vector_arm as v on t.id = v.id
    ),
    ranked as (
        select row_number() over (order by f.score desc, f.id) as rank, f.*
        from fused as f
        order by rank
        limit case when $19 is null then $3 else 4 * $3 end
    ),
    hits as (
        -- Where the tenant wishes it, a passage that says the same as a better one is left out.
        select row_number() over (order by r.rank) as rank, r.id, r.text_rank, r.vector_rank, r.similarity, r.score
        from ranked as r
        where $19 is null or not exists (
            select 1
            from ranked as b
            inner join corpus.%4$I as ours on ours.tenant_id = $8 and ours.chunk_id = r.id
            inner join corpus.%4$I as theirs on theirs.tenant_id = $8 and theirs.chunk_id = b.id
            where b.rank < r.rank and 1 - (ours.embedding <=> theirs.embedding) >= $19
        )
        order by rank
        limit $3
    )
    select h.rank, d.id, d.uri, v.title, s.name, v.language, v.number, v.id, c.id,
        place.position, place.page, c.heading_path, c.kind, c.text,
        h.score::double precision, h.text_rank, h.vector_rank, h.similarity::double precision
    from hits as h
    inner join corpus.chunks as c on c.tenant_id = $8 and c.id = h.id
    inner join corpus.documents as d on c.document_id = d.id
    inner join landing.sources as s on d.source_id = s.id
    inner join readable as r on d.id = r.id
    inner join corpus.versions as v on r.version_id = v.id
    cross join lateral (
        select vc.position, vc.page from corpus.version_chunks as vc
        where vc.version_id = v.id and vc.chunk_id = c.id
        order by vc.position limit 1
    ) as place
    order by h.rank
    $sql$, live_chunk, live_embedding, readable_now, model.table_name)
    using query_lexemes, query_vector, hit_limit, source_names, languages, document_ids, kinds,
        current_setting('regesta.tenant_id', true),
        string_to_array(current_setting('regesta.access_groups', true), ','),
        candidate_limit, rrf_constant, as_of, titles, metadata_filter, published, created, modified, page_count,
        near_identical,
        as_of is not null or num_nonnulls(
            source_names, languages, document_ids, kinds, titles, metadata_filter, published, created, modified, page_count
        ) > 0;
end
$$;
comment on function corpus.search_chunks is
'Hybrid search under the session''s scope, now or as of a time inside the retention window; a null vector or an '
'empty lexeme list leaves that arm out.';
revoke all on function corpus.search_chunks from public;
grant execute on function corpus.search_chunks to regesta_serving;
