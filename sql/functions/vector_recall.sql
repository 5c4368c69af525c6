-- The index against the truth: what share of the nearest passages does it find? Vectors never leave the database.
create or replace function corpus.vector_recall(sample_size integer default 50, top_k integer default 10)
returns table (partition_name text, sampled bigint, recall double precision)
language plpgsql
stable
security definer
set search_path = corpus, public, pg_temp
set hnsw.ef_search = 600
set hnsw.iterative_scan = 'relaxed_order'
as $$
declare
    parent text;
    tenant text;
begin
    for parent, partition_name, tenant in
        select m.table_name, p.relname, (regexp_match(pg_get_expr(p.relpartbound, p.oid), '\(''(.*)''\)'))[1]
        from corpus.embedding_models as m
        inner join pg_inherits as i on i.inhparent = format('corpus.%I', m.table_name)::regclass
        inner join pg_class as p on i.inhrelid = p.oid
        where m.state = 'serving' and pg_get_expr(p.relpartbound, p.oid) <> 'DEFAULT'
        order by p.relname
    loop
        -- Through the parent, whose policy lets the owner read: a partition has none of its own.
        return query execute format($sql$
            with probes as materialized (
                select e.chunk_id, e.embedding from corpus.%1$I as e
                where e.tenant_id = $1 and e.is_live
                order by md5(e.chunk_id::text) limit $2
            ),
            found as (
                select p.chunk_id as probe, n.chunk_id from probes as p cross join lateral (
                    select e.chunk_id from corpus.%1$I as e
                    where e.tenant_id = $1 and e.is_live
                    order by e.embedding <=> p.embedding limit $3
                ) as n
            ),
            -- A sum is no distance the index knows, so this one compares all.
            nearest as (
                select p.chunk_id as probe, n.chunk_id from probes as p cross join lateral (
                    select e.chunk_id from corpus.%1$I as e
                    where e.tenant_id = $1 and e.is_live
                    order by (e.embedding <=> p.embedding) + 0, e.chunk_id limit $3
                ) as n
            )
            select $4, (select count(*) from probes),
                (select count(*) from found inner join nearest using (probe, chunk_id))::double precision
                / nullif((select count(*) from nearest), 0)
        $sql$, parent)
        using tenant, sample_size, top_k, partition_name;
    end loop;
end
$$;
comment on function corpus.vector_recall(integer, integer) is
'Recall of the vector index per large tenant''s partition, by searching for sampled stored vectors with and without it; '
'of equally distant passages either may be found, which counts as a miss.';
revoke all on function corpus.vector_recall(integer, integer) from public;
grant execute on function corpus.vector_recall(integer, integer) to regesta_ingestion;
