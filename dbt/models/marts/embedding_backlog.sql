{{ config(materialized='view', grants={'select': ['regesta_analyst', 'regesta_ingestion']}) }}
with

models as (

    select * from {{ source('corpus', 'embedding_models') }}
    where not is_dropped

),

chunks as (

    -- Passages of versions that can still be served or gone back to.
    select distinct
        chunks.id,
        chunks.tenant_id,
        chunks.token_count
    from {{ source('corpus', 'chunks') }} as chunks
    inner join {{ source('corpus', 'version_chunks') }} as version_chunks on chunks.id = version_chunks.chunk_id

),

counted as (

    select
        models.id as embedding_model_id,
        models.name as model_name,
        models.revision,
        models.state,
        chunks.tenant_id,
        count(*) as chunk_count,
        sum(chunks.token_count) as token_count
    from models
    cross join chunks
    where
        not exists (
            select 1 from {{ source('corpus', 'embedded_chunks') }} as embedded
            where embedded.embedding_model_id = models.id and embedded.chunk_id = chunks.id
        )
    group by models.id, models.name, models.revision, models.state, chunks.tenant_id

)

select * from counted
