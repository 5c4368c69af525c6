{{ config(materialized='view', grants={'select': ['regesta_analyst', 'regesta_ingestion']}) }}
{#- Whole days, 7 to 14; from REGESTA_RETENTION_DAYS. -#}
{%- set retention_days = env_var('REGESTA_RETENTION_DAYS', '14') | int %}
with

documents as (

    select * from {{ source('corpus', 'documents') }}

),

pins as (

    select * from {{ source('corpus', 'pins') }}
    where released_at is null and (expires_at is null or expires_at > {{ clock() }})

),

last_served as (

    select
        version_id,
        max(upper(valid)) as served_until
    from {{ source('corpus', 'publications') }}
    group by version_id

),

out_of_service as (

    -- A version that was never served counts from when it was made.
    select
        versions.id as version_id,
        versions.document_id,
        versions.tenant_id,
        versions.number as version_number,
        versions.raw_sha256,
        coalesce(last_served.served_until, versions.created_at) as served_until
    from {{ source('corpus', 'versions') }} as versions
    inner join documents on versions.document_id = documents.id
    left join last_served on versions.id = last_served.version_id
    left join pins on versions.document_id = pins.document_id
    where
        versions.state <> 'purged'
        and versions.id is distinct from documents.current_version_id
        and versions.id is distinct from pins.version_id
        -- The newest version of a document at the source: a duplicate that comes back when the winner goes, or
        -- a quarantined one that says why nothing is served.
        and not (
            documents.status = 'active'
            and versions.number = (
                select max(newest.number) from {{ source('corpus', 'versions') }} as newest
                where newest.document_id = versions.document_id
            )
        )

),

expired as (

    select
        *,
        served_until + interval '{{ retention_days }} days' as expired_at
    from out_of_service
    where served_until + interval '{{ retention_days }} days' <= {{ clock() }}

)

select * from expired
