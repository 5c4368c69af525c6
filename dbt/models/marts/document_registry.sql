{{ config(materialized='view', grants={'select': ['regesta_analyst', 'regesta_ingestion']}) }}
{#-
  The policy that publishing obeys. It reads the sources directly: dbt replaces a view by dropping the old one
  and everything built on it, and this one must not be gone for a moment while a run publishes.
-#}
with

documents as (

    select * from {{ source('corpus', 'documents') }}

),

servable_versions as (

    -- Quarantined, duplicate and purged versions are never served.
    select * from {{ source('corpus', 'versions') }}
    where state in ('candidate', 'current', 'superseded')

),

newest_versions as (

    select distinct on (document_id)
        document_id,
        id as version_id,
        number as version_number
    from servable_versions
    order by document_id asc, number desc

),

decided as (

    select
        documents.id as document_id,
        documents.tenant_id,
        documents.source_id,
        documents.uri,
        documents.status,
        case
            when documents.status = 'active' then newest_versions.version_id
        end as served_version_id,
        case
            when documents.status = 'active' then newest_versions.version_number
        end as served_version_number,
        case
            when documents.status = 'deleted' then 'deleted at the source'
            when newest_versions.version_id is null then 'no version can be served'
            else 'newest valid version'
        end as reason
    from documents
    left join newest_versions on documents.id = newest_versions.document_id

)

select * from decided
