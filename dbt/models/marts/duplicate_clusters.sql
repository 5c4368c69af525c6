{{ config(materialized='view', grants={'select': ['regesta_analyst', 'regesta_ingestion']}) }}
with

registry as (

    select * from {{ ref('document_registry') }}

),

losers as (

    select
        winner_document_id,
        document_id,
        tenant_id,
        uri,
        'duplicate' as role,
        similarity,
        reason
    from registry
    where winner_document_id is not null

),

winners as (

    select distinct
        registry.document_id as winner_document_id,
        registry.document_id,
        registry.tenant_id,
        registry.uri,
        'winner' as role,
        1::real as similarity,
        registry.reason
    from registry
    inner join losers on registry.document_id = losers.winner_document_id

)

select * from winners
union all
select * from losers
