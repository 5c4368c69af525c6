with

runs as (

    select * from {{ ref('stg_landing__runs') }}

),

sources as (

    select * from {{ ref('stg_landing__sources') }}

),

items as (

    select
        run_id,
        count(*) as discovered_count,
        count(*) filter (where outcome = 'indexed') as indexed_count,
        count(*) filter (where outcome = 'unchanged') as unchanged_count,
        count(*) filter (where outcome = 'duplicate') as duplicate_count,
        count(*) filter (where outcome = 'deleted') as deleted_count,
        count(*) filter (where outcome = 'quarantined') as quarantined_count,
        count(*) filter (where outcome = 'failed') as failed_count,
        sum(chunks_kept) as chunks_kept,
        sum(chunks_embedded) as chunks_embedded,
        sum(tokens_embedded) as tokens_embedded
    from {{ ref('stg_landing__run_items') }}
    group by run_id

),

joined as (

    select
        ---------- ids
        runs.run_id,
        runs.source_id,
        sources.tenant_id,
        runs.dag_run_id,

        ---------- text
        sources.source_name,
        runs.trigger,
        runs.state,
        runs.reason,

        ---------- numerics
        coalesce(items.discovered_count, 0) as discovered_count,
        coalesce(items.indexed_count, 0) as indexed_count,
        coalesce(items.unchanged_count, 0) as unchanged_count,
        coalesce(items.duplicate_count, 0) as duplicate_count,
        coalesce(items.deleted_count, 0) as deleted_count,
        coalesce(items.quarantined_count, 0) as quarantined_count,
        coalesce(items.failed_count, 0) as failed_count,
        coalesce(items.chunks_kept, 0) as chunks_kept,
        coalesce(items.chunks_embedded, 0) as chunks_embedded,
        coalesce(items.tokens_embedded, 0) as tokens_embedded,
        extract(epoch from runs.settled_at - runs.started_at)::double precision as duration_seconds,

        ---------- timestamps
        runs.started_at,
        runs.settled_at

    from runs
    inner join sources on runs.source_id = sources.source_id
    left join items on runs.run_id = items.run_id

)

select * from joined
