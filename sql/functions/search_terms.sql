-- The words of a question with their weights, and which of them decide what is looked at.
drop function if exists corpus.search_terms;
create function corpus.search_terms(tenant text, query_lexemes text [], passage_budget integer)
returns table (
    words tsquery [], weights double precision [], any_word tsquery, rare_word tsquery, mean_lexeme_count double precision
)
language sql
stable
set search_path = corpus, public, pg_temp
as $$
    with whole as (
        select coalesce(max(live_chunk_count), 0) as chunk_count, coalesce(max(mean_lexeme_count), 1) as mean_length
        from corpus.tenant_statistics where tenant_id = tenant
    ),
    words as (
        select w.lexeme, coalesce(s.chunk_count, 0)::double precision as df
        from (select distinct unnest(query_lexemes) as lexeme) as w
        left join corpus.lexeme_statistics as s on s.tenant_id = tenant and s.lexeme = w.lexeme
    ),
    counted as (
        select lexeme, df, sum(df) over (order by df, lexeme) as passage_count,
            row_number() over (partition by df > 0 order by df, lexeme) as rarity
        from words
    )
    select array_agg(quote_literal(c.lexeme)::tsquery), array_agg(ln(1 + (greatest(w.chunk_count, c.df) - c.df + 0.5) / (c.df + 0.5))),
        string_agg(quote_literal(c.lexeme), ' | ')::tsquery,
        string_agg(quote_literal(c.lexeme), ' | ') filter (where c.passage_count <= passage_budget or c.rarity = 1)::tsquery,
        max(w.mean_length)
    from counted as c cross join whole as w
$$;
comment on function corpus.search_terms(text, text [], integer) is
'BM25''s inverse document frequencies, and two queries: for any word; and for the rarest ones that together stand in at '
'most passage_budget passages, but always for the rarest. A word that nearly every passage has cannot decide, it only counts.';
revoke all on function corpus.search_terms(text, text [], integer) from public;
